package app

import (
	"bytes"
	"cmp"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"softphonedoctor/app/look"
	"softphonedoctor/app/session"
	"softphonedoctor/app/words"
	"softphonedoctor/wizard/diagnosis"
)

// update writes the pictures of docs/screens: go test ./app -run Screens -update.
// They are painted without a display; make test looks at the real window as well.
var update = flag.Bool("update", false, "write docs/screens anew")

const screens = "../docs/screens"

// TestScreens: every page has a picture in both themes in docs/screens, and none is of
// a page that is gone. The pictures themselves are for people and not compared: fonts
// are drawn a little differently on each machine.
func TestScreens(t *testing.T) {
	d := newDesk(t)
	d.signedIn()
	d.w.account.status = signInWorks
	d.back.sound = nil
	d.back.all = true
	pages := everyPage(d)
	pages["live"] = func() page { return liveStill{midCall(d.w)} }
	delete(pages, "open") // shows a folder of the machine
	pages["technical"] = func() page { return newResultPage(d.w, problem(), nil) }
	pages["support"] = pages["technical"]
	want := map[string]bool{}
	for name, make := range pages {
		for _, theme := range []string{"light", "dark"} {
			file := strings.ReplaceAll(name, " ", "-") + "-" + theme + ".png"
			want[file] = true
			if !*update {
				if st, err := os.Stat(filepath.Join(screens, file)); err != nil || st.Size() > 60_000 {
					t.Errorf("docs/screens/%s is missing or too large: go test ./app -run Screens -update", file)
				}
				continue
			}
			d.w.app.Preferences().SetString(keepTheme, theme)
			d.w.applyLook()
			d.w.show(make())
			switch name {
			case "technical":
				d.w.technical(true)
			case "support":
				d.w.pin()
			}
			d.picture(filepath.Join(screens, file))
			d.w.technical(false)
		}
	}
	for _, l := range words.Languages() {
		file := "home-" + l.Code + ".png"
		if want[file] = true; *update {
			words.Choose(l.Code)
			d.w.relabel()
			d.w.show(newHomePage(d.w))
			d.picture(filepath.Join(screens, file))
		}
	}
	words.Choose("en")
	files, err := os.ReadDir(screens)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !want[f.Name()] && strings.HasSuffix(f.Name(), ".png") {
			t.Errorf("docs/screens/%s is of no page", f.Name())
		}
	}
}

// picture paints the window into a file.
func (d *desk) picture(path string) {
	d.t.Helper()
	d.w.win.Resize(Usual.AddWidthHeight(1, 0)) // the driver of the tests has no frames
	d.w.win.Resize(Usual)
	look.Rearrange(d.w.win.Content())
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		d.t.Fatal(err)
	}
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestCompression}
	if err := e.Encode(&b, fewColours(d.w.win.Canvas().Capture())); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		d.t.Fatal(err)
	}
}

// fewColours gives a picture in its 128 most frequent colours: small, and good to look at.
func fewColours(m image.Image) image.Image {
	count := map[color.RGBA]int{}
	r := m.Bounds()
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(m.At(x, y)).(color.RGBA) }
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			count[at(x, y)]++
		}
	}
	var all []color.RGBA
	for c := range count {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b color.RGBA) int {
		return cmp.Or(count[b]-count[a], int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B))
	})
	var p color.Palette
	for _, c := range all[:min(len(all), 128)] {
		p = append(p, c)
	}
	nearest := map[color.RGBA]uint8{}
	out := image.NewPaletted(r, p)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			c := at(x, y)
			i, ok := nearest[c]
			if !ok {
				i = uint8(p.Index(c))
				nearest[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	return out
}

// midCall is a live page in the middle of a call: steps done and to come, sound that
// flows, and half a minute of figures.
func midCall(w *Window) *livePage {
	p := newLivePage(w, liveRequest{Request: session.Request{Situation: "one-way-audio", Target: "2002", Account: account()}, title: "One side hears nothing"})
	good := diagnosis.Segment{Out: diagnosis.Good, In: diagnosis.Good}
	s := snapshot{instruction: "Measuring the sound in both directions.", left: 6, path: [4]diagnosis.Segment{{}, good, good, {}}}
	for i, step := range p.run.live.steps {
		switch {
		case i < 3:
			step.state = stepDone
		case i == 3:
			step.state = stepRunning
		}
		s.steps = append(s.steps, step)
	}
	s.figures = figuresOf(someEvidence())
	s.figures.speak, s.figures.delay, s.figures.in.told = level{0.7, "−19 dB"}, "74 ms", true
	for i := range 60 {
		f := &s.figures
		f.in = way{ok: true, told: true, judged: true, packets: uint64(25 * i), expected: 1500, lost: uint64(max(0, i-40) / 4), jitter: 3 + float32(i%7), mos: 4.3, word: "good"}
		f.out = way{ok: true, told: true, judged: true, packets: uint64(24 * i), expected: 1500, jitter: 5 + float32(i%5)/2, mos: 4.2}
		p.charts.tick(began.Add(time.Duration(i)*chartStep), *f)
	}
	p.show(s)
	p.strip.Flow(0.3, 0.6)
	return p
}
