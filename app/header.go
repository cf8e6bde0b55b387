package app

import (
	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
)

// header is the bar above all pages: the program's name, the page's number, the
// account, the way to the technical view and to the settings.
type header struct {
	w        *Window
	object   fyne.CanvasObject
	page     *look.Prose
	account  *pill
	tech     *pill
	settings *look.Tile
}

// pill is a round button with an icon before or behind its words.
type pill struct {
	*look.Tile
	icon *look.Icon
	text *look.Prose
}

func newPill(iconFirst bool, onPress func()) *pill {
	p := &pill{icon: look.NewIcon("dot", look.Off, 14),
		text: look.Text("", look.Style{Size: look.SmallSize, Color: look.Mute, OneRow: true})}
	row := look.Row(8, 0, p.text, p.icon)
	if iconFirst {
		row = look.Row(8, 1, p.icon, p.text)
	}
	p.Tile = look.NewTile("", look.Sized(0, look.Touch-4, look.Pad(14, 11, row)), onPress).Round()
	return p
}

func (p *pill) set(text, icon string, ink, words fyne.ThemeColorName) {
	p.SetLabel(text)
	p.text.SetStyle(look.Style{Size: look.SmallSize, Color: words, OneRow: true})
	p.text.SetText(text)
	p.icon.Set(icon, ink)
}

func newHeader(w *Window) *header {
	h := &header{w: w}
	h.account = newPill(true, func() { w.show(newAccountPage(w, "")) })
	h.tech = newPill(false, func() { w.technical(w.tech == nil) })
	label := tr("header.settings", "Settings")
	h.settings = look.NewTile(label, look.Sized(look.Touch-4, look.Touch-4, look.NewIcon("settings", look.Mute, 20)),
		func() { w.show(newSettingsPage(w)) }).Round()
	h.page = look.Text("", look.Style{Size: look.CaptionSize, Color: look.Mute, OneRow: true})
	name := look.Text(tr("app.name", "Softphone Doctor"), look.Style{Size: look.TitleSize, Bold: true, OneRow: true})
	mark := look.Sized(28, 28, look.Over(look.NewSurface(look.Accent, "", 8), look.NewIcon("app", look.OnAccent, 20)))
	h.object = look.Header(look.Row(12, 3, mark, look.Inset(0, 0, 0, 4, name), look.Inset(0, 0, 0, 1, h.page), look.Rest(h.account.Tile), h.tech.Tile, h.settings))
	return h
}

// refresh writes the page's number, the account's state and the view's into the bar.
func (h *header) refresh() {
	number := 0
	if h.w.now != nil {
		number = h.w.now.pageNumber()
	}
	if h.w.tech != nil && !h.w.pinned {
		number = h.w.tech.pageNumber()
	}
	h.page.SetText(tr("header.page", "Page {{.N}}", map[string]any{"N": number}))
	a := h.w.account
	who := map[string]any{"Who": shorten(a.Address(), 28)}
	switch {
	case a.User == "" || a.Domain == "":
		h.account.set(tr("header.none", "No account yet"), "dot", look.Off, look.Mute)
	case a.status == signInWorks:
		h.account.set(tr("header.works", "Sign-in works: {{.Who}}", who), "check", look.OK, look.Mute)
	case a.status == signInFails:
		h.account.set(tr("header.fails", "Sign-in fails: {{.Who}}", who), "cross", look.Bad, look.Mute)
	default:
		h.account.set(shorten(a.Address(), 34), "dot", look.Off, look.Mute)
	}
	if h.w.tech != nil {
		h.tech.set(tr("header.technical", "Technical view"), "disc", look.Accent, look.Accent)
	} else {
		h.tech.set(tr("header.technical", "Technical view"), "ring", look.Mute, look.Mute)
	}
	look.Rearrange(h.object)
}

// shorten cuts the middle out of a long address: both ends tell most.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n/2]) + "…" + string(r[len(r)-n/2:])
}
