package look

import (
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// pairs are all texts on all grounds that the window uses.
var pairs = []struct{ text, ground fyne.ThemeColorName }{
	{Ink, Ground}, {Ink, Card}, {Ink, AccentSoft}, {Ink, BadSoft},
	{Mute, Ground}, {Mute, Card},
	{Accent, Card}, {Accent, Ground}, {Accent, AccentSoft},
	{OnAccent, Accent},
	{OKText, OKSoft}, {WarnText, WarnSoft}, {BadText, BadSoft},
	{BadText, Ground}, {BadText, Card},
	{theme.ColorNamePlaceHolder, theme.ColorNameInputBackground},
	{theme.ColorNameForeground, theme.ColorNameInputBackground},
	{theme.ColorNameForeground, theme.ColorNameOverlayBackground},
	{theme.ColorNameForeground, theme.ColorNameSelection},
}

func luminance(c color.Color) float64 {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	part := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.03928 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*part(n.R) + 0.7152*part(n.G) + 0.0722*part(n.B)
}

func contrast(a, b color.Color) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestTextHasContrastInBothThemes(t *testing.T) {
	for name, v := range map[string]fyne.ThemeVariant{"light": theme.VariantLight, "dark": theme.VariantDark} {
		for _, p := range pairs {
			if got := contrast(Theme{}.Color(p.text, v), Theme{}.Color(p.ground, v)); got < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f, want at least 4.5", name, p.text, p.ground, got)
			}
		}
	}
}

// Shapes that carry a meaning need 3:1 against the card they stand on (WCAG 1.4.11),
// but for the dots of "not seen", which are told by their words.
func TestShapesHaveContrast(t *testing.T) {
	for name, v := range map[string]fyne.ThemeVariant{"light": theme.VariantLight, "dark": theme.VariantDark} {
		for _, shape := range []fyne.ThemeColorName{OK, Bad, Accent} {
			if got := contrast(Theme{}.Color(shape, v), Theme{}.Color(Card, v)); got < 3 {
				t.Errorf("%s: %s on a card has a contrast of %.2f, want at least 3", name, shape, got)
			}
		}
	}
}

func TestMutedTextIsNotTheDisabledColour(t *testing.T) {
	for _, v := range []fyne.ThemeVariant{theme.VariantLight, theme.VariantDark} {
		if (Theme{}).Color(Mute, v) == (Theme{}).Color(theme.ColorNameDisabled, v) {
			t.Error("muted text looks disabled")
		}
	}
}

func TestEveryFyneColourIsGiven(t *testing.T) {
	for _, v := range []fyne.ThemeVariant{theme.VariantLight, theme.VariantDark, 2} {
		for ours := range inherited {
			if (Theme{}).Color(ours, v) == nil {
				t.Errorf("no colour for %s", ours)
			}
		}
	}
}

func TestFixedThemeIgnoresTheSystem(t *testing.T) {
	dark := Theme{Fixed: true, Variant: theme.VariantDark}
	if dark.Color(Ground, theme.VariantLight) != (Theme{}).Color(Ground, theme.VariantDark) {
		t.Error("a fixed theme must keep its variant")
	}
}

// The design's palette is the truth; where it can be read, ours must be the same.
func TestPaletteIsTheDesigns(t *testing.T) {
	css, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "design", "screens", "palette.css"))
	if err != nil {
		if _, err := os.Stat("../../../shared"); err == nil && os.Getenv("CI") == "true" {
			t.Fatal("the shared folder is there, but the design's palette.css is not")
		}
		t.Skip("the design's palette.css is not beside this checkout, so it cannot be compared")
	}
	names := map[string]fyne.ThemeColorName{"bg": Ground, "card": Card, "ink": Ink, "mute": Mute, "line": Line,
		"accent": Accent, "accent-soft": AccentSoft, "ok": OK, "ok-soft": OKSoft, "ok-text": OKText, "bad": Bad,
		"bad-soft": BadSoft, "bad-text": BadText, "warn": Warn, "warn-soft": WarnSoft, "warn-text": WarnText, "off": Off}
	light, dark, _ := strings.Cut(string(css), ".dark")
	entry := regexp.MustCompile(`--([a-z-]+):#([0-9A-Fa-f]{6})`)
	for half, p := range map[string]palette{light: lightPalette, dark: darkPalette} {
		found := entry.FindAllStringSubmatch(half, -1)
		if len(found) != len(names) {
			t.Errorf("the palette has %d colours, we know %d", len(found), len(names))
		}
		for _, m := range found {
			c := p[names[m[1]]]
			if got := fmt.Sprintf("%02X%02X%02X", c.R, c.G, c.B); got != strings.ToUpper(m[2]) {
				t.Errorf("--%s is #%s in the design and #%s here", m[1], m[2], got)
			}
		}
	}
}
