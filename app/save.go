package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
)

// saveRequest is what to save and how.
type saveRequest struct {
	name  string // proposed for the file
	about string
	// write makes the file and gives the name it really has. The error is a sentence.
	write func(path string) (string, error)
	// whole is write with nothing masked, nil where there is no such choice.
	whole func(path string) (string, error)
	back  func() page
}

// savePage asks where to save something. Nothing that exists is written over without
// a second press.
type savePage struct {
	w    *Window
	req  saveRequest
	view *fyne.Container
	foot fyne.CanvasObject
	path *look.Field
	told *fyne.Container
	save *look.Button
	mask *look.Segments // nil: no choice
	over string         // the existing file that the next press replaces
}

func newSavePage(w *Window, req saveRequest) *savePage {
	p := &savePage{w: w, req: req, told: look.Column(0)}
	p.path = look.NewField(tr("save.path", "File"), tr("save.path.hint", "Only you can read it."), "", false)
	p.path.Entry.SetText(filepath.Join(saveFolder(w), req.name))
	p.path.Entry.OnChanged = func(string) { p.complain("") }
	p.path.Entry.OnSubmitted = func(string) { p.do() }
	choice := look.Column(0)
	if req.whole != nil {
		p.mask = look.NewSegments(2, 260, []string{tr("save.masked", "Numbers and names masked"), tr("save.everything", "With numbers, names and sound")}, 0, func(int) {})
		choice.Add(look.Inset(0, 14, 0, 0, p.mask.Container))
	}
	p.view = look.Scrolled(look.Inset(0, 30, 0, 20, look.Column(0,
		look.Text(tr("save.title", "Save"), look.Heading),
		look.Inset(0, 4, 0, 18, look.Text(req.about, look.Lead)), p.path.Container, choice, look.Inset(0, 14, 0, 0, p.told))))
	p.save = look.NewButton(tr("save.save", "Save it"), look.Primary, p.do)
	p.foot = look.Row(12, 1, look.NewButton(tr("back", "Back"), look.Secondary, p.back), look.Gap(0, 0), p.save)
	return p
}

// saveFolder is where something was saved last, else the downloads, else home.
func saveFolder(w *Window) string {
	home, err := os.UserHomeDir()
	if err != nil {
		home = string(filepath.Separator)
	}
	for _, dir := range []string{w.app.Preferences().String(keepFolder), filepath.Join(home, "Downloads"), home} {
		if st, err := os.Stat(dir); dir != "" && err == nil && st.IsDir() {
			return dir
		}
	}
	return home
}

func (p *savePage) complain(text string) {
	p.over = ""
	p.path.Complain(text)
	look.Rearrange(p.view)
}

func (p *savePage) do() {
	path := p.path.Entry.Text
	if st, err := os.Stat(path); err == nil && path != p.over {
		if st.IsDir() {
			p.complain(tr("save.folder", "This is a folder: add a name for the file."))
			return
		}
		p.complain(tr("save.exists", "There is a file of this name already. Save once more to replace it."))
		p.over = path
		return
	}
	write := p.req.write
	if p.mask != nil && p.mask.Chosen() == 1 {
		write = p.req.whole
	}
	name, err := write(path)
	if err != nil {
		p.complain(sentence(err))
		return
	}
	p.complain("")
	p.over = name // saving again replaces what was just saved
	p.w.app.Preferences().SetString(keepFolder, filepath.Dir(name))
	p.told.Objects = []fyne.CanvasObject{look.Notice("check", tr("save.done", "Saved: {{.Path}}", map[string]any{"Path": name}), look.ToneOK)}
	look.Rearrange(p.view)
}

// writeText saves a text for this user only.
func writeText(text string) func(string) (string, error) {
	return func(path string) (string, error) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			var pe *os.PathError
			if errors.As(err, &pe) {
				err = pe.Err
			}
			return "", fmt.Errorf("it cannot be saved to %s: %w", path, err)
		}
		return path, nil
	}
}

func (p *savePage) body() fyne.CanvasObject   { return p.view }
func (p *savePage) footer() fyne.CanvasObject { return p.foot }
func (p *savePage) enter()                    { p.w.focus(p.path.Entry) }
func (p *savePage) leave()                    {}
func (p *savePage) back()                     { p.w.show(p.req.back()) }
func (p *savePage) primary() *look.Button     { return p.save }
