package app

import (
	"os"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/app/session"
)

// importPage takes an account out of another softphone's file, a picture of a QR code,
// or an address.
type importPage struct {
	w      *Window
	next   string // the check to go on to afterwards, "" for home
	view   *fyne.Container
	foot   fyne.CanvasObject
	source *look.Field
	list   *fyne.Container
	tiles  []*look.Tile
	read   *look.Button
}

// softphoneFiles are where softphones keep their accounts, below a home folder.
var softphoneFiles = []struct{ name, path string }{
	{"Linphone", ".config/linphone/linphonerc"},
	{"Linphone", ".local/share/linphone/linphonerc"},
	{"Linphone", ".linphonerc"},
	{"Linphone", "AppData/Local/linphone/linphonerc"},
	{"Linphone", "Library/Application Support/linphone/linphonerc"},
	{"MicroSIP", "AppData/Roaming/MicroSIP/microsip.ini"},
	{"Zoiper", ".Zoiper5/Config.xml"},
	{"Zoiper", "AppData/Roaming/Zoiper5/Config.xml"},
	{"Zoiper", "Library/Application Support/Zoiper5/Config.xml"},
	{"baresip", ".baresip/accounts"},
}

func newImportPage(w *Window, next string) *importPage {
	p := &importPage{w: w, next: next, list: look.Column(10)}
	p.source = look.NewField(tr("import.source", "File, picture of a code, or address"),
		tr("import.source.hint", "For example linphonerc, microsip.ini, a provisioning file, a picture of a QR code, or sip:2001@pbx.example.net"), "", false)
	p.source.Entry.OnChanged = func(string) {
		p.source.Complain("")
		look.Rearrange(p.view)
	}
	p.source.Entry.OnSubmitted = func(string) { p.take(p.source.Entry.Text) }
	var here []fyne.CanvasObject
	if home, err := os.UserHomeDir(); err == nil {
		for _, f := range softphoneFiles {
			path := filepath.Join(home, filepath.FromSlash(f.path))
			if st, err := os.Stat(path); err == nil && !st.IsDir() {
				tile := look.Item(tr("import.found", "{{.Name}} on this computer", map[string]any{"Name": f.name}), func() { p.take(path) })
				p.tiles = append(p.tiles, tile)
				here = append(here, tile)
			}
		}
	}
	rows := []fyne.CanvasObject{look.Text(tr("import.title", "Bring your account along"), look.Heading),
		look.Inset(0, 4, 0, 18, look.Text(tr("import.lead", "The settings are only read; the other softphone stays as it is. Nothing is sent."), look.Lead))}
	if len(here) > 0 {
		rows = append(rows, look.Inset(0, 0, 0, 16, look.Grid(2, 280, 10, here...)))
	}
	rows = append(rows, p.source.Container, look.Inset(0, 14, 0, 0, p.list))
	p.view = look.Scrolled(look.Inset(0, 30, 0, 20, look.Column(0, rows...)))
	p.read = look.NewButton(tr("import.read", "Read it"), look.Primary, func() { p.take(p.source.Entry.Text) })
	p.foot = look.Row(12, 1, look.NewButton(tr("back", "Back"), look.Secondary, p.back), look.Gap(0, 0), p.read)
	return p
}

// take reads what was named and offers the accounts in it; a single one is taken at once.
func (p *importPage) take(source string) {
	source = strings.Trim(strings.TrimSpace(source), `"'`)
	if source == "" {
		p.source.Complain(tr("import.empty", "Name a file, or enter an address."))
		look.Rearrange(p.view)
		return
	}
	found, err := p.w.back.Import(source)
	if err != nil {
		p.source.Complain(sentence(err))
		look.Rearrange(p.view)
		p.w.focus(p.source.Entry)
		return
	}
	if len(found) == 1 {
		p.use(found[0])
		return
	}
	p.list.Objects = []fyne.CanvasObject{look.Text(tr("import.several", "Which account?"), look.Title)}
	for _, f := range found {
		tile := look.Item(f.Account.Address(), func() { p.use(f) })
		p.tiles = append(p.tiles, tile)
		p.list.Add(tile)
	}
	look.Rearrange(p.view)
}

// use fills the form with an account; the person still confirms it there.
func (p *importPage) use(f session.Imported) {
	p.w.account.Account, p.w.account.status = f.Account, notTried
	p.w.account.origin = &f.Origin
	form := newAccountPage(p.w, p.next)
	p.w.show(form)
	notes := []fyne.CanvasObject{look.Notice("check", tr("import.taken", "Taken from {{.From}}. Check it, then go on.", map[string]any{"From": f.Origin.From}), look.ToneOK)}
	for _, n := range f.Notes {
		notes = append(notes, look.Text(n, look.Small))
	}
	form.tell(look.Column(8, notes...))
}

func (p *importPage) body() fyne.CanvasObject   { return p.view }
func (p *importPage) footer() fyne.CanvasObject { return p.foot }
func (p *importPage) leave()                    {}
func (p *importPage) back()                     { p.w.show(newAccountPage(p.w, p.next)) }
func (p *importPage) primary() *look.Button     { return p.read }

func (p *importPage) enter() {
	if len(p.tiles) > 0 {
		p.w.focus(p.tiles[0])
		return
	}
	p.w.focus(p.source.Entry)
}
