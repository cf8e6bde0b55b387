package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/assets"
)

// crashFolder is where a crash writes what happened, for this user only.
func crashFolder() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "softphone-doctor", "crashes"), nil
}

// crashHead is the first line of each file. A file that holds no more belongs to a
// program that runs, or that was ended by force.
func crashHead() string {
	return fmt.Sprintf("%s %s, %s %s, %s\n", assets.Name, assets.Version, runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// watchCrash lets the runtime write what a crash was into a file of its own. end is
// called when the program ends as it should: it takes the file away again. Where no
// file can be made, a crash is told on the error output alone, as ever.
func watchCrash(dir string) (end func()) {
	none := func() {}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return none
	}
	f, err := os.CreateTemp(dir, time.Now().Format("2006-01-02-150405")+"-*.txt")
	if err != nil {
		return none
	}
	remove := func() {
		_ = debug.SetCrashOutput(nil, debug.CrashOptions{})
		_ = os.Remove(f.Name()) // it holds nothing but its head
	}
	_, err = f.WriteString(crashHead())
	if err = errors.Join(err, debug.SetCrashOutput(f, debug.CrashOptions{}), f.Close()); err != nil {
		remove()
		return none
	}
	return remove
}

// crashes lists the files of crashes, newest first. Files that say nothing of a crash
// and are older than a day go: their programs were ended by force.
func crashes(dir string) []string {
	names, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil
	}
	var list []string
	for i := len(names) - 1; i >= 0; i-- {
		st, err := os.Stat(names[i])
		if err != nil {
			continue
		}
		switch {
		case st.Size() > int64(len(crashHead()))+20:
			list = append(list, names[i])
		case time.Since(st.ModTime()) > 24*time.Hour:
			_ = os.Remove(names[i])
		}
	}
	return list
}

// crashPage offers what a crash has written.
type crashPage struct {
	w     *Window
	files []string
	view  *fyne.Container
	foot  fyne.CanvasObject
	text  *look.Prose
	panel *fyne.Container
	show  *look.Button
	copy  *look.Button
	ok    *look.Button
}

// maxCrash is how many bytes of a file are shown.
const maxCrash = 6000

func newCrashPage(w *Window, files []string) *crashPage {
	p := &crashPage{w: w, files: files}
	p.text = look.Text("", look.Style{Size: look.CaptionSize, Mono: true})
	p.panel = look.Panel(p.text)
	p.panel.Hide()
	p.view = look.Scrolled(look.Inset(0, 30, 0, 20, look.Column(14,
		look.Text(tr("crash.title", "Last time this program ended by a fault of its own"), look.Heading),
		look.Text(tr("crash.lead", "That should not have happened. What it was is written in a file on this computer, without passwords and without sound. You can look at it, and send it to the people who make this program."), look.Lead),
		look.Text(files[0], look.Style{Size: look.SmallSize, Mono: true}), p.panel)))
	p.show = look.NewButton(tr("crash.show", "Show what was written"), look.Secondary, p.reveal)
	p.copy = look.NewButton(tr("crash.copy", "Copy it"), look.Secondary, func() { w.app.Clipboard().SetContent(p.read()) })
	p.ok = look.NewButton(tr("crash.go-on", "Remove it and go on"), look.Primary, p.done)
	p.foot = look.Row(12, 2, p.show, p.copy, look.Gap(0, 0), p.ok)
	return p
}

func (p *crashPage) read() string {
	b, err := os.ReadFile(p.files[0])
	if err != nil {
		return sentence(err)
	}
	return strings.ToValidUTF8(string(b), "?")
}

func (p *crashPage) reveal() {
	text := p.read()
	if len(text) > maxCrash {
		text = strings.ToValidUTF8(text[:maxCrash], "") + "\n…"
	}
	p.text.SetText(text)
	p.panel.Show()
	look.Rearrange(p.view)
}

// done takes the files away: each crash is offered once.
func (p *crashPage) done() {
	for _, f := range p.files {
		if err := os.Remove(f); err != nil && !errors.Is(err, os.ErrNotExist) {
			p.text.SetText(sentence(err))
			p.panel.Show()
			look.Rearrange(p.view)
			return
		}
	}
	p.w.leftover()
}

func (p *crashPage) body() fyne.CanvasObject   { return p.view }
func (p *crashPage) footer() fyne.CanvasObject { return p.foot }
func (p *crashPage) enter()                    {}
func (p *crashPage) leave()                    {}
func (p *crashPage) back()                     { p.w.home() }
func (p *crashPage) primary() *look.Button     { return p.ok }
