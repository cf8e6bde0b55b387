package look

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"softphonedoctor/assets"
	"softphonedoctor/wizard/diagnosis"
)

func start(t *testing.T) {
	t.Helper()
	a := test.NewTempApp(t)
	a.Settings().SetTheme(Theme{})
}

func TestEveryIconIsADrawingInBlack(t *testing.T) {
	if len(assets.IconNames()) < 20 {
		t.Fatalf("only %d icons are embedded", len(assets.IconNames()))
	}
	for _, name := range assets.IconNames() {
		b := assets.Icon(name)
		dec := xml.NewDecoder(bytes.NewReader(b))
		for {
			if _, err := dec.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
		}
		if name != "logo" && !bytes.Contains(b, []byte("#000000")) {
			t.Errorf("%s has no black that could be coloured", name)
		}
	}
	if assets.Icon("no such icon") != nil {
		t.Error("an unknown icon must be nil")
	}
}

func TestIconsTakeTheThemesColour(t *testing.T) {
	start(t)
	i := NewIcon("check", OK, 20)
	img := test.WidgetRenderer(i).Objects()[0].(*canvas.Image)
	if !strings.Contains(string(img.Resource.Content()), "#1F9D61") {
		t.Error("the icon is not in the light theme's green")
	}
	fyne.CurrentApp().Settings().SetTheme(Theme{Fixed: true, Variant: theme.VariantDark})
	i.Refresh()
	if !strings.Contains(string(img.Resource.Content()), "#4CC38A") {
		t.Error("the icon did not follow the change of theme")
	}
}

func TestProseWrapsAtWords(t *testing.T) {
	start(t)
	p := Text("one two three four five six seven eight nine ten", Body)
	one := p.rowHeight()
	if h := p.HeightFor(2000); h != one {
		t.Errorf("wide: %v high, want one row of %v", h, one)
	}
	rows := p.wrap(120)
	if len(rows) < 3 {
		t.Fatalf("narrow: rows %q", rows)
	}
	for _, r := range rows {
		if p.measure(r) > 120.5 {
			t.Errorf("row %q is wider than its room", r)
		}
	}
	if got := strings.Join(rows, " "); got != p.Text() {
		t.Errorf("words were lost: %q", got)
	}
}

func TestProseNeverHangsOnAWordThatDoesNotFit(t *testing.T) {
	start(t)
	p := Text("aVeryLongWordWithoutAnyBlankInItÄÖÜ", Body)
	for _, w := range []float32{-20, 0, 1, 30, 80} {
		if got := strings.Join(p.wrap(w), ""); got != p.Text() {
			t.Errorf("at %v: %q", w, got)
		}
	}
}

func TestOneRowIsCutWithAnEllipsis(t *testing.T) {
	start(t)
	p := Text("a.very.long.server.name.example.net", Style{OneRow: true})
	if got := p.wrap(80); len(got) != 1 || !strings.HasSuffix(got[0], "…") || p.measure(got[0]) > 81 {
		t.Errorf("got %q", got)
	}
	if got := p.wrap(2000); got[0] != p.Text() {
		t.Errorf("cut where there is room: %q", got)
	}
}

func TestColumnIsAsHighAsItsTextAtItsWidth(t *testing.T) {
	start(t)
	long := Text(strings.Repeat("word ", 60), Body)
	c := Column(10, long, Text("end", Body))
	narrow, wide := HeightFor(c, 200), HeightFor(c, 1200)
	if narrow <= wide {
		t.Errorf("narrow %v, wide %v", narrow, wide)
	}
	c.Resize(fyne.NewSize(200, narrow))
	end := c.Objects[1]
	if got := end.Position().Y + end.Size().Height; got > narrow+0.1 {
		t.Errorf("the last text ends at %v, below the column's %v", got, narrow)
	}
}

func TestGridHasFewerColumnsWhereThereIsNoRoom(t *testing.T) {
	l := &grid{n: 3, least: 200, gap: 16}
	for width, want := range map[float32]int{1000: 3, 632: 3, 631: 2, 300: 1, 50: 1} {
		if got := l.columns(width); got != want {
			t.Errorf("%v wide: %d columns, want %d", width, got, want)
		}
	}
}

func TestButtonsAreLargeEnough(t *testing.T) {
	start(t)
	for _, k := range []Kind{Primary, Secondary, Link} {
		if h := NewButton("Go", k, nil).MinSize().Height; h < Touch {
			t.Errorf("kind %d is %v high, want at least %v", k, h, Touch)
		}
	}
	if h := HeightFor(Choice("Yes", nil), 200); h < Touch {
		t.Errorf("a choice is %v high", h)
	}
	if h := newEntry(false).MinSize().Height; h < Touch {
		t.Errorf("a field is %v high", h)
	}
}

func TestEnterAndSpacePressADisabledButtonDoesNot(t *testing.T) {
	start(t)
	n := 0
	b := NewButton("Go", Primary, func() { n++ })
	for _, k := range []fyne.KeyName{fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace, fyne.KeyA} {
		b.TypedKey(&fyne.KeyEvent{Name: k})
	}
	if n != 3 {
		t.Errorf("pressed %d times, want 3", n)
	}
	b.Enable(false)
	b.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	test.Tap(b)
	if n != 3 {
		t.Error("a disabled button was pressed")
	}
}

func TestFocusIsVisible(t *testing.T) {
	start(t)
	for _, kind := range []Kind{Primary, Secondary, Link} {
		b := NewButton("Go", kind, nil)
		r := test.WidgetRenderer(b)
		before := b.ground.border
		b.FocusGained()
		r.Refresh()
		if b.ground.stroke < 2 || b.ground.border == before && kind != Secondary {
			t.Errorf("kind %d: the focus cannot be seen", kind)
		}
		b.FocusLost()
		if b.ground.stroke >= 2 {
			t.Errorf("kind %d: the focus stays visible", kind)
		}
	}
}

func TestArrowTellsItsStateByShape(t *testing.T) {
	start(t)
	shapes := map[diagnosis.State]int{}
	for _, s := range []diagnosis.State{diagnosis.Unknown, diagnosis.Good, diagnosis.Broken} {
		a := newArrow(false)
		a.Resize(fyne.NewSize(100, arrowHigh))
		a.set(s)
		shapes[s] = len(test.WidgetRenderer(a).Objects())
	}
	if shapes[diagnosis.Good] != 2 {
		t.Errorf("a good arrow is one line and a head, got %d shapes", shapes[diagnosis.Good])
	}
	if shapes[diagnosis.Broken] < 5 || shapes[diagnosis.Unknown] <= shapes[diagnosis.Broken] {
		t.Errorf("dashes with a mark, and dots: got %v", shapes)
	}
}

func TestArrowOfNoWidthDoesNotHang(t *testing.T) {
	start(t)
	for _, s := range []diagnosis.State{diagnosis.Unknown, diagnosis.Good, diagnosis.Broken} {
		a := newArrow(true)
		a.set(s)
		r := test.WidgetRenderer(a)
		for _, w := range []float32{0, 1, 8, 9} {
			a.Resize(fyne.NewSize(w, arrowHigh))
			r.Layout(a.Size())
		}
	}
}

func TestPathInWords(t *testing.T) {
	start(t)
	g, b, u := diagnosis.Good, diagnosis.Broken, diagnosis.Unknown
	for _, c := range []struct {
		path [4]diagnosis.Segment
		want string
	}{
		{[4]diagnosis.Segment{}, "Your voice was not seen on its way. Their voice was not seen on its way."},
		{[4]diagnosis.Segment{{Out: g, In: g}, {Out: g, In: g}, {Out: g, In: g}, {Out: g, In: g}}, "Your voice arrives. Their voice arrives."},
		{[4]diagnosis.Segment{{Out: g, In: g}, {Out: g, In: g}, {Out: b, In: g}, {Out: u, In: g}},
			"Your voice breaks off between your router and the provider. Their voice arrives."},
		{[4]diagnosis.Segment{{Out: g, In: u}, {Out: g, In: u}, {Out: g, In: b}, {Out: u, In: g}},
			"Your voice was seen from the microphone to the provider. Their voice breaks off between the provider and your router."},
	} {
		if got := PathSummary(c.path); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestStripNamesItsNodesAlsoWhereItIsNarrow(t *testing.T) {
	start(t)
	s := NewPathStrip()
	w := test.NewTempWindow(t, s)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(440, 108))
	for _, n := range s.nodes {
		if rows := n.name.wrap(n.name.Size().Width); rows[0] != n.name.Text() {
			t.Errorf("%q is cut to %q", n.name.Text(), rows[0])
		}
	}
	s.Blame(3)
	if !s.nodes[3].badge.Visible() || s.nodes[2].badge.Visible() {
		t.Error("the mark must stand on the provider alone")
	}
}

func TestFoldShowsAndHidesItsBody(t *testing.T) {
	start(t)
	toggled := 0
	f := NewFold("More", Text("inside", Body), func() { toggled++ })
	closed := HeightFor(f.Container, 300)
	f.Header.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if !f.Open() || HeightFor(f.Container, 300) <= closed || toggled != 1 {
		t.Error("the fold did not open")
	}
	test.Tap(f.Header)
	if f.Open() {
		t.Error("the fold did not close")
	}
}

func TestMeterStaysWithinItsBounds(t *testing.T) {
	start(t)
	m := NewMeter("We hear")
	m.Resize(fyne.NewSize(300, 20))
	r := test.WidgetRenderer(m).(*meterRenderer)
	m.Set(7, "loud")
	if r.fill.Size().Width > r.track.Size().Width {
		t.Error("the bar is longer than its track")
	}
	m.Set(-1, "silence")
	if r.fill.Size().Width != 0 {
		t.Error("a negative value must be an empty bar")
	}
	if m.AccessibilityLabel() != "We hear: silence" {
		t.Errorf("says %q", m.AccessibilityLabel())
	}
}
