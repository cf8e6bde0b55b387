package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"softphonedoctor/app/words"
	"softphonedoctor/wizard/diagnosis"
)

// PathStrip is the way of the sound: microphone, computer, router, provider and
// other side, with an arrow each way between two of them.
type PathStrip struct {
	widget.BaseWidget
	nodes [5]*pathNode
	out   [4]*arrow
	in    [4]*arrow
	path  [4]diagnosis.Segment
	blame int
}

type pathNode struct {
	box   *Surface
	icon  *Icon
	name  *Prose
	note  *Prose
	badge *Surface
	bang  *Icon
}

// NewPathStrip makes a strip on which nothing was seen yet.
func NewPathStrip() *PathStrip {
	s := &PathStrip{blame: -1}
	icons := [5]string{"microphone", "computer", "router", "provider", "person"}
	for i, name := range nodeNames() {
		s.nodes[i] = &pathNode{
			box:   NewSurface(Card, Line, 14),
			icon:  NewIcon(icons[i], Ink, 24),
			name:  Text(name, Style{Size: SmallSize, Bold: true, Center: true, OneRow: true}),
			note:  Text("", Style{Size: CaptionSize, Color: Mute, Center: true, OneRow: true}),
			badge: NewSurface(Bad, "", 10),
			bang:  NewIcon("bang", Card, 14),
		}
	}
	for i := range s.out {
		s.out[i], s.in[i] = newArrow(false), newArrow(true)
	}
	s.ExtendBaseWidget(s)
	return s
}

func nodeNames() [5]string {
	return [5]string{
		words.T("path.microphone", "Microphone"), words.T("path.computer", "This computer"),
		words.T("path.router", "Your router"), words.T("path.provider", "Provider"),
		words.T("path.other", "Other side"),
	}
}

// SetPath shows the state of each stretch.
func (s *PathStrip) SetPath(path [4]diagnosis.Segment) {
	s.path = path
	for i, seg := range path {
		s.out[i].set(seg.Out)
		s.in[i].set(seg.In)
	}
}

// Flow moves what flows along the arrows that work, out and in: a phase from 0 to 1,
// or a negative one where nothing flows.
func (s *PathStrip) Flow(out, in float32) {
	for i := range s.out {
		s.out[i].flow(out)
		s.in[i].flow(in)
	}
}

// SetNote writes a few words under a node (0 to 4).
func (s *PathStrip) SetNote(node int, text string) {
	if node >= 0 && node < len(s.nodes) {
		s.nodes[node].note.SetText(text)
	}
}

// Blame puts a mark on the node where the fault is; -1 takes it away.
func (s *PathStrip) Blame(node int) {
	if node != s.blame {
		s.blame = node
		s.Refresh()
	}
}

// BlameNode is the node of the strip that a place stands for, -1 for a place
// that is no node (the internet is a stretch, not a node).
func BlameNode(w diagnosis.Where) int {
	switch w {
	case diagnosis.SoundDevice:
		return 0
	case diagnosis.ThisComputer, diagnosis.OtherSoftphone, diagnosis.Account:
		return 1
	case diagnosis.LocalNetwork:
		return 2
	case diagnosis.Provider:
		return 3
	case diagnosis.OtherSide, diagnosis.OtherNetwork:
		return 4
	}
	return -1
}

// Summary says in words what the arrows show.
func (s *PathStrip) Summary() string { return PathSummary(s.path) }

// PathSummary says a path in two sentences, one for each way.
func PathSummary(path [4]diagnosis.Segment) string {
	var out, in [4]diagnosis.State
	for i, seg := range path {
		out[i], in[3-i] = seg.Out, seg.In
	}
	names := [5]string{
		words.T("path.the-microphone", "the microphone"), words.T("path.the-computer", "this computer"),
		words.T("path.the-router", "your router"), words.T("path.the-provider", "the provider"),
		words.T("path.the-other", "the other side"),
	}
	back := [5]string{names[4], names[3], names[2], names[1], words.T("path.the-speaker", "your speaker")}
	return wayWords(words.T("path.yours", "Your voice"), out, names) + " " +
		wayWords(words.T("path.theirs", "Their voice"), in, back)
}

// wayWords follows one way from its beginning to the first break.
func wayWords(whose string, states [4]diagnosis.State, names [5]string) string {
	good, first, last := 0, -1, -1
	for i, st := range states {
		switch st {
		case diagnosis.Broken:
			return words.T("path.breaks", "{{.Whose}} breaks off between {{.From}} and {{.To}}.", map[string]any{
				"Whose": whose, "From": names[i], "To": names[i+1]})
		case diagnosis.Good:
			good++
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	switch good {
	case 4:
		return words.T("path.arrives", "{{.Whose}} arrives.", map[string]any{"Whose": whose})
	case 0:
		return words.T("path.unseen", "{{.Whose}} was not seen on its way.", map[string]any{"Whose": whose})
	}
	return words.T("path.partly", "{{.Whose}} was seen from {{.From}} to {{.To}}.", map[string]any{
		"Whose": whose, "From": names[first], "To": names[last+1]})
}

// HeightFor is the same at any width.
func (s *PathStrip) HeightFor(float32) float32 { return 108 }

// AccessibilityLabel is the summary.
func (s *PathStrip) AccessibilityLabel() string { return s.Summary() }

// AccessibilityRole is text.
func (s *PathStrip) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// CreateRenderer belongs to Fyne.
func (s *PathStrip) CreateRenderer() fyne.WidgetRenderer {
	r := &stripRenderer{s: s}
	for _, n := range s.nodes {
		r.objects = append(r.objects, n.box, n.icon, n.name, n.note, n.badge, n.bang)
	}
	for i := range s.out {
		r.objects = append(r.objects, s.out[i], s.in[i])
	}
	r.apply()
	return r
}

type stripRenderer struct {
	s       *PathStrip
	objects []fyne.CanvasObject
}

// apply shows the mark on the node to blame.
func (r *stripRenderer) apply() {
	for i, n := range r.s.nodes {
		if i == r.s.blame {
			n.box.Set(BadSoft, Bad, 2)
			n.badge.Show()
			n.bang.Show()
		} else {
			n.box.Set(Card, Line, 1)
			n.badge.Hide()
			n.bang.Hide()
		}
	}
}

func (r *stripRenderer) Layout(size fyne.Size) {
	column := size.Width / 5
	box, words := float32(56), float32(SmallSize)
	if column < 110 {
		box, words = 46, CaptionSize
	}
	const top = 6
	for i, n := range r.s.nodes {
		mid := column * (float32(i) + 0.5)
		n.box.Move(fyne.NewPos(mid-box/2, top))
		n.box.Resize(fyne.NewSquareSize(box))
		n.icon.Move(fyne.NewPos(mid-12, top+box/2-12))
		n.icon.Resize(fyne.NewSquareSize(24))
		n.badge.Move(fyne.NewPos(mid+box/2-12, top-8))
		n.badge.Resize(fyne.NewSquareSize(20))
		n.bang.Move(fyne.NewPos(mid+box/2-9, top-5))
		n.bang.Resize(fyne.NewSquareSize(14))
		n.name.SetStyle(Style{Size: words, Bold: true, Center: true, OneRow: true})
		n.name.Move(fyne.NewPos(mid-column/2+1, top+box+8))
		n.name.Resize(fyne.NewSize(column-2, 20))
		n.note.Move(fyne.NewPos(mid-column/2+1, top+box+27))
		n.note.Resize(fyne.NewSize(column-2, 18))
		if i < 4 {
			gap := min(column*0.09, 22)
			x, w := mid+box/2+gap, column-box-2*gap
			r.s.out[i].Move(fyne.NewPos(x, top+box/2-9-arrowHigh/2))
			r.s.out[i].Resize(fyne.NewSize(w, arrowHigh))
			r.s.in[i].Move(fyne.NewPos(x, top+box/2+10-arrowHigh/2))
			r.s.in[i].Resize(fyne.NewSize(w, arrowHigh))
		}
	}
}
func (r *stripRenderer) MinSize() fyne.Size           { return fyne.NewSize(400, 108) }
func (r *stripRenderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *stripRenderer) Destroy()                     {}
func (r *stripRenderer) Refresh() {
	r.apply()
	for _, o := range r.objects {
		o.Refresh()
	}
	canvas.Refresh(r.s)
}
