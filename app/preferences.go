package app

import (
	"os"
	"slices"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"softphonedoctor/app/look"
	"softphonedoctor/app/words"
)

// The names of what the settings page keeps.
const (
	keepTheme    = "look.theme"    // "", "light", "dark"
	keepLanguage = "look.language" // "" is the system's
	keepScale    = "look.scale"    // 0 is 1
)

// themes and scales are what can be chosen, in their order on the page.
var (
	themes = []string{"", "light", "dark"}
	scales = []float64{1, 1.15, 1.3, 1.6}
)

// applyLook takes theme, language and text size from what was chosen.
func (w *Window) applyLook() {
	p := w.app.Preferences()
	words.Choose(p.String(keepLanguage))
	if s := p.FloatWithFallback(keepScale, 1); slices.Contains(scales, s) {
		setScale(s)
	}
	t := look.Theme{}
	switch p.String(keepTheme) {
	case "light":
		t = look.Theme{Fixed: true, Variant: theme.VariantLight}
	case "dark":
		t = look.Theme{Fixed: true, Variant: theme.VariantDark}
	}
	w.app.Settings().SetTheme(t) // this also lets the window take a new scale
}

// scaleVariable is what Fyne reads the person's own scale from.
const scaleVariable = "FYNE_SCALE"

// startScale is the scale that the program was started with: what is chosen here
// comes on top of it.
var startScale = func() float64 {
	if s, err := strconv.ParseFloat(os.Getenv(scaleVariable), 64); err == nil && s > 0 {
		return s
	}
	return 0
}()

// setScale makes everything larger, text and room alike, so that nothing is cut.
func setScale(factor float64) {
	if factor == 1 && startScale == 0 {
		if os.Getenv(scaleVariable) != "" {
			_ = os.Unsetenv(scaleVariable) // a plain name cannot be refused
		}
		return
	}
	base := startScale
	if base == 0 {
		base = 1
		if app := fyne.CurrentApp(); app != nil && app.Settings().Scale() > 0 {
			base = float64(app.Settings().Scale())
		}
	}
	_ = os.Setenv(scaleVariable, strconv.FormatFloat(base*factor, 'f', 2, 64))
}

// relabel makes the header anew, after the language was changed.
func (w *Window) relabel() {
	w.win.SetTitle(tr("app.name", "Softphone Doctor"))
	h := newHeader(w)
	w.shell.Objects[0] = h.object
	w.header = h
	h.refresh()
	w.shell.Refresh()
}

// forget removes everything that this window has kept, but for how it looks.
func (w *Window) forget() error {
	p := w.app.Preferences()
	for _, k := range []string{keepUser, keepDomain, keepLogin, keepProxy, keepCaller, keepNumber, keepFolder} {
		p.RemoveValue(k)
	}
	name := w.account.Address()
	if p.Bool(keepSecret) {
		p.RemoveValue(keepSecret)
		if err := w.back.Forget(name); err != nil {
			return err
		}
	}
	w.account = accountState{}
	w.header.refresh()
	prefs, err := w.back.Preferences()
	if err != nil {
		return err
	}
	prefs.Sound = noSound
	return w.back.SavePreferences(prefs)
}
