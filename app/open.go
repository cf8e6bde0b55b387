package app

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
)

// openPage lets a person find a capture: a folder's captures and folders, newest
// captures first, or a path typed or pasted. It is a page like any other, so that
// it is reached by keyboard and never larger than the window.
type openPage struct {
	w      *Window
	folder string
	view   *fyne.Container
	foot   fyne.CanvasObject
	path   *look.Field
	open   *look.Button
	files  []*look.Tile
}

// captureEndings are the names that capture files have.
var captureEndings = []string{".pcap", ".pcapng", ".cap"}

// mostFiles bounds how many entries of a folder are shown.
const mostFiles = 60

// newOpenPage shows a folder, "" for the one that was shown last.
func newOpenPage(w *Window, folder string) *openPage {
	if folder == "" {
		folder = w.app.Preferences().String(keepFolder)
	}
	if st, err := os.Stat(folder); err != nil || !st.IsDir() {
		folder, err = os.UserHomeDir()
		if err != nil {
			folder = string(filepath.Separator)
		}
	}
	p := &openPage{w: w, folder: folder}
	p.path = look.NewField(tr("open.path", "File or folder"), "", "", false)
	p.path.Entry.SetText(folder)
	p.path.Entry.OnChanged = func(string) {
		p.path.Complain("")
		look.Rearrange(p.view)
	}
	p.path.Entry.OnSubmitted = func(string) { p.enterPath() }
	list := look.Grid(2, 280, 10, p.entries()...)
	p.view = look.Scrolled(look.Inset(0, 30, 0, 20, look.Column(0,
		look.Text(tr("open.title", "Open a capture"), look.Heading),
		look.Inset(0, 4, 0, 18, look.Text(tr("open.lead", "A network recording (pcap or pcapng) that was taken while the fault happened. You can also drag it into this window."), look.Lead)),
		p.path.Container, look.Inset(0, 14, 0, 0, list))))
	p.open = look.NewButton(tr("open.open", "Open"), look.Primary, p.enterPath)
	p.foot = look.Row(12, 1, look.NewButton(tr("back", "Back"), look.Secondary, p.back), look.Gap(0, 0), p.open)
	return p
}

// entries are the tiles of a folder: upwards, captures, folders.
func (p *openPage) entries() []fyne.CanvasObject {
	var tiles []fyne.CanvasObject
	add := func(icon, name, note string, press func()) {
		row := look.Row(12, 1, look.NewIcon(icon, look.Accent, 22),
			look.Column(1, look.Text(name, look.Style{Size: look.SmallSize, Bold: true, OneRow: true}), look.Text(note, look.Caption)))
		tile := look.NewTile(name+", "+note, look.Sized(0, look.Touch, look.Pad(14, 8, row)), press)
		p.files = append(p.files, tile)
		tiles = append(tiles, look.Narrow(tile))
	}
	if up := filepath.Dir(p.folder); up != p.folder {
		add("up", tr("open.up", "One folder up"), up, func() { p.turnTo(up) })
	}
	list, err := os.ReadDir(p.folder)
	if err != nil {
		p.path.Complain(tr("open.unreadable", "This folder cannot be read."))
		return tiles
	}
	for _, c := range captures(list) {
		add("file", c.name, c.note, func() { p.w.OpenFile(filepath.Join(p.folder, c.name)) })
	}
	for _, d := range list {
		if d.IsDir() && !strings.HasPrefix(d.Name(), ".") && len(tiles) < mostFiles {
			add("folder", d.Name(), tr(keepFolder, "folder"), func() { p.turnTo(filepath.Join(p.folder, d.Name())) })
		}
	}
	return tiles
}

// found is a capture in a folder.
type found struct {
	name, note string
	at         time.Time
}

// captures picks the captures of a folder, newest first.
func captures(list []os.DirEntry) []found {
	var all []found
	for _, d := range list {
		if d.IsDir() || !slices.Contains(captureEndings, strings.ToLower(filepath.Ext(d.Name()))) {
			continue
		}
		info, err := d.Info()
		if err != nil {
			continue // it went away between two looks
		}
		note := info.ModTime().Format("2006-01-02 15:04") + " · " + size(info.Size())
		all = append(all, found{d.Name(), note, info.ModTime()})
	}
	slices.SortFunc(all, func(a, b found) int { return b.at.Compare(a.at) })
	return all[:min(len(all), mostFiles)]
}

func size(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d bytes", n)
	case n < 1<<20:
		return fmt.Sprintf("%d kB", n>>10)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}

// enterPath goes to what was typed: into a folder, or opens the file.
func (p *openPage) enterPath() {
	path := strings.Trim(strings.TrimSpace(p.path.Entry.Text), `"'`)
	st, err := os.Stat(path)
	switch {
	case path == "" || err != nil:
		p.path.Complain(tr("open.missing", "There is no such file or folder."))
		look.Rearrange(p.view)
		p.w.focus(p.path.Entry)
	case st.IsDir():
		p.turnTo(path)
	default:
		p.w.app.Preferences().SetString(keepFolder, filepath.Dir(path))
		p.w.OpenFile(path)
	}
}

func (p *openPage) turnTo(folder string) {
	p.w.app.Preferences().SetString(keepFolder, folder)
	p.w.show(newOpenPage(p.w, folder))
}

func (p *openPage) body() fyne.CanvasObject   { return p.view }
func (p *openPage) footer() fyne.CanvasObject { return p.foot }
func (p *openPage) leave()                    {}
func (p *openPage) back()                     { p.w.home() }

func (p *openPage) enter() {
	if len(p.files) > 0 {
		p.w.focus(p.files[0])
	}
}
