package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Text sizes in logical pixels. A person who finds them small sets FYNE_SCALE or
// the system's own scale; everything grows together.
const (
	HeadingSize = 26
	FigureSize  = 20
	TitleSize   = 16
	BodySize    = 15
	SmallSize   = 13
	CaptionSize = 12
)

// Radius of cards, and Touch: the least height of anything that can be pressed.
const (
	Radius = 12
	Touch  = 44
)

// Theme is the program's theme. The zero value follows the system (or FYNE_THEME).
type Theme struct {
	// Fixed keeps Variant, whatever the system says.
	Fixed   bool
	Variant fyne.ThemeVariant
}

var _ fyne.Theme = Theme{}

// Color gives a colour of the palette. A variant that is neither light nor dark
// (the test driver has such a one) is light.
func (t Theme) Color(n fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	if t.Fixed {
		v = t.Variant
	}
	p := lightPalette
	if v == theme.VariantDark {
		p = darkPalette
	} else {
		v = theme.VariantLight
	}
	if c, ok := p.color(n); ok {
		return c
	}
	return theme.DefaultTheme().Color(n, v)
}

// Font gives Fyne's fonts.
func (t Theme) Font(s fyne.TextStyle) fyne.Resource { return theme.DefaultTheme().Font(s) }

// Icon gives Fyne's icons; our own are drawn by the widgets that show them.
func (t Theme) Icon(n fyne.ThemeIconName) fyne.Resource { return theme.DefaultTheme().Icon(n) }

var sizes = map[fyne.ThemeSizeName]float32{
	theme.SizeNameText:           BodySize,
	theme.SizeNameHeadingText:    HeadingSize,
	theme.SizeNameSubHeadingText: TitleSize,
	theme.SizeNameCaptionText:    CaptionSize,
	theme.SizeNamePadding:        6,
	theme.SizeNameInnerPadding:   12,
	theme.SizeNameInputRadius:    8,
	theme.SizeNameInputBorder:    1,
	theme.SizeNameButtonRadius:   8,
	theme.SizeNameCardRadius:     Radius,
	theme.SizeNameDialogRadius:   Radius,
	theme.SizeNamePopupRadius:    Radius,
	theme.SizeNameMenuRadius:     8,
	theme.SizeNameScrollBar:      10,
	CodeSizeName:                 12,
}

// Size gives the spacing of the design, else Fyne's.
func (t Theme) Size(n fyne.ThemeSizeName) float32 {
	if s, ok := sizes[n]; ok {
		return s
	}
	return theme.DefaultTheme().Size(n)
}

// paint gives a colour by its name for an object that is being drawn.
func paint(o fyne.CanvasObject, n fyne.ThemeColorName) color.Color {
	if n == "" {
		return color.Transparent
	}
	return theme.CurrentForWidget(o).Color(n, fyne.CurrentApp().Settings().ThemeVariant())
}
