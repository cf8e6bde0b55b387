// Package look is how Softphone Doctor looks: its colours, sizes and icons, the
// layouts that know how high wrapped text becomes, and the few widgets that all
// pages share. It knows nothing of accounts, checks or pages.
package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// The colours of this program beside Fyne's own names. The Text colours are for
// words on the soft ground of the same name; the plain ones are for shapes.
const (
	Ground     = theme.ColorNameBackground
	Ink        = theme.ColorNameForeground
	Accent     = theme.ColorNamePrimary
	OnAccent   = theme.ColorNameForegroundOnPrimary
	Mute       = fyne.ThemeColorName("doctor-mute")
	Card       = fyne.ThemeColorName("doctor-card")
	Line       = fyne.ThemeColorName("doctor-line")
	AccentSoft = fyne.ThemeColorName("doctor-accent-soft")
	OK         = fyne.ThemeColorName("doctor-ok")
	OKSoft     = fyne.ThemeColorName("doctor-ok-soft")
	OKText     = fyne.ThemeColorName("doctor-ok-text")
	Warn       = fyne.ThemeColorName("doctor-warn")
	WarnSoft   = fyne.ThemeColorName("doctor-warn-soft")
	WarnText   = fyne.ThemeColorName("doctor-warn-text")
	Bad        = fyne.ThemeColorName("doctor-bad")
	BadSoft    = fyne.ThemeColorName("doctor-bad-soft")
	BadText    = fyne.ThemeColorName("doctor-bad-text")
	Off        = fyne.ThemeColorName("doctor-off")
)

// palette is one theme's colours.
type palette map[fyne.ThemeColorName]color.NRGBA

var lightPalette = palette{
	Ground: hex(0xF6F7F9), Card: hex(0xFFFFFF), Ink: hex(0x1B2430), Mute: hex(0x667085),
	Line: hex(0xE4E7EC), Accent: hex(0x2F5BEA), AccentSoft: hex(0xEAF0FF), OnAccent: hex(0xFFFFFF),
	OK: hex(0x1F9D61), OKSoft: hex(0xE6F6EE), OKText: hex(0x14794A),
	Warn: hex(0xC77700), WarnSoft: hex(0xFFF4E0), WarnText: hex(0x9A5B00),
	Bad: hex(0xD6394A), BadSoft: hex(0xFDECEE), BadText: hex(0xC22A3C),
	Off: hex(0x98A2B3),
}

var darkPalette = palette{
	Ground: hex(0x14181F), Card: hex(0x1D232D), Ink: hex(0xEDF1F7), Mute: hex(0x9AA6B8),
	Line: hex(0x2E3744), Accent: hex(0x7C9BFF), AccentSoft: hex(0x25304F), OnAccent: hex(0x10141B),
	OK: hex(0x4CC38A), OKSoft: hex(0x173527), OKText: hex(0x6FD9A5),
	Warn: hex(0xF3B04B), WarnSoft: hex(0x3D2F17), WarnText: hex(0xF3B04B),
	Bad: hex(0xFF7A87), BadSoft: hex(0x43202A), BadText: hex(0xFF9AA4),
	Off: hex(0x5B6779),
}

// inherited maps Fyne's own colour names to ours, so that its entries, lists and
// dialogs sit quietly beside our widgets.
var inherited = map[fyne.ThemeColorName]fyne.ThemeColorName{
	theme.ColorNameButton:              Card,
	theme.ColorNameDisabled:            Off,
	theme.ColorNameDisabledButton:      Line,
	theme.ColorNameError:               BadText,
	theme.ColorNameForegroundOnError:   Card,
	theme.ColorNameForegroundOnSuccess: Card,
	theme.ColorNameForegroundOnWarning: Card,
	theme.ColorNameHeaderBackground:    Card,
	theme.ColorNameHyperlink:           Accent,
	theme.ColorNameInputBackground:     Card,
	theme.ColorNameInputBorder:         Off,
	theme.ColorNameMenuBackground:      Card,
	theme.ColorNameOverlayBackground:   Card,
	theme.ColorNamePlaceHolder:         Mute,
	theme.ColorNameScrollBar:           Off,
	theme.ColorNameSelection:           AccentSoft,
	theme.ColorNameSeparator:           Line,
	theme.ColorNameSuccess:             OK,
	theme.ColorNameWarning:             Warn,
}

// color finds a colour under our name or Fyne's; ok is false for one that Fyne's
// own theme should give.
func (p palette) color(n fyne.ThemeColorName) (c color.NRGBA, ok bool) {
	if c, ok = p[n]; ok {
		return c, true
	}
	switch n {
	case theme.ColorNameFocus:
		return fade(p[Accent], 0x38), true
	case theme.ColorNameHover:
		return fade(p[Accent], 0x14), true
	case theme.ColorNamePressed:
		return fade(p[Accent], 0x2A), true
	case theme.ColorNameScrollBarBackground:
		return fade(p[Line], 0), true
	}
	if ours, ok := inherited[n]; ok {
		return p[ours], true
	}
	return color.NRGBA{}, false
}

func hex(rgb uint32) color.NRGBA {
	return color.NRGBA{R: uint8(rgb >> 16), G: uint8(rgb >> 8), B: uint8(rgb), A: 0xFF}
}

func fade(c color.NRGBA, alpha uint8) color.NRGBA {
	c.A = alpha
	return c
}
