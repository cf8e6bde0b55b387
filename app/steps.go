package app

import (
	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/app/words"
)

// stepList shows the steps of a check; each has its state as a shape, a colour
// and words.
type stepList struct {
	object *fyne.Container
	rows   []*stepRow
}

type stepRow struct {
	object fyne.CanvasObject
	ground *look.Surface
	icon   *look.Icon
	number *look.Prose
	title  *look.Prose
	note   *look.Prose
	last   stepView
	name   string // the step's number for the phone, "5.2"
}

func newStepList() *stepList { return &stepList{object: look.Column(18)} }

// set shows the steps; it reports whether anything changed.
func (l *stepList) set(steps []stepView) bool {
	changed := false
	for i, s := range steps {
		if i == len(l.rows) {
			r := newStepRow(i+1, s.title)
			l.rows = append(l.rows, r)
			l.object.Add(r.object)
			changed = true
		}
		if r := l.rows[i]; r.last != s {
			r.set(s)
			changed = true
		}
	}
	return changed
}

func newStepRow(n int, title string) *stepRow {
	r := &stepRow{
		name:   digits((*livePage)(nil).pageNumber()) + "." + digits(n),
		ground: look.NewSurface("", look.Line, 13),
		icon:   look.NewIcon("check", look.Card, 16),
		number: look.Text(digits(n), look.Style{Size: look.CaptionSize, Color: look.Mute, Center: true, OneRow: true}),
		title:  look.Text(title, look.Style{Size: look.BodySize, Color: look.Mute}),
		note:   look.Text("", look.Caption),
	}
	circle := look.Sized(26, 26, look.Over(r.ground, r.icon, look.Inset(0, 5, 0, 0, r.number)))
	r.object = look.TopRow(12, 1, circle, look.Inset(0, 2, 0, 0, look.Column(1, r.title, r.note)))
	r.set(stepView{title: title})
	return r
}

func (r *stepRow) set(s stepView) {
	r.last = s
	note, title := words.Of(s.note), look.Style{Color: look.Ink}
	r.icon.Show()
	r.number.Hide()
	switch s.state {
	case stepDone:
		r.ground.Set(look.OK, "", 0)
		r.icon.Set("check", look.Card)
		if note == "" {
			note = tr("step.done", "done")
		}
	case stepFailed:
		r.ground.Set(look.Bad, "", 0)
		r.icon.Set("bang", look.Card)
		if note == "" {
			note = tr("step.failed", "did not work")
		}
	case stepRunning:
		r.ground.Set(look.Card, look.Accent, 2)
		r.icon.Hide()
		r.number.Show()
		title.Bold = true
		if note == "" {
			note = tr("step.running", "under way")
		}
	default:
		r.ground.Set("", look.Line, 2)
		r.icon.Hide()
		r.number.Show()
		title.Color = look.Mute
		if note == "" {
			note = tr("step.waiting", "to come")
		}
	}
	note = r.name + " · " + note
	r.title.SetText(words.Of(s.title))
	r.title.SetStyle(title)
	r.note.SetText(note)
}
