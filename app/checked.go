package app

import (
	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/wizard/evidence"
)

// checkedFacts says in plain words what was seen to work.
func checkedFacts(e *evidence.Evidence) []string {
	if e == nil {
		return nil
	}
	var facts []string
	if code := lastCode(e); code >= 200 && code < 300 {
		facts = append(facts, tr("checked.sign-in", "The server accepted the sign-in."))
	}
	for _, c := range e.Calls {
		if c.Direction != evidence.Out {
			continue
		}
		if c.Ringing != nil || c.Progress != nil {
			facts = append(facts, tr("checked.rang", "The call got through and it rang."))
		}
		if c.Answer != nil {
			facts = append(facts, tr("checked.answered", "The call was answered."))
		}
		if c.In != nil && c.In.Packets > 0 {
			facts = append(facts, tr("checked.in", "Sound arrived here; {{.Lost}} of it was lost.", map[string]any{"Lost": percent(c.In.LossPercent())}))
		}
		if c.Out != nil && c.Out.PeerSays != nil {
			facts = append(facts, tr("checked.out", "The other side confirmed that our sound arrives."))
		}
		break // the further calls say the same
	}
	return facts
}

// checkedRows are the facts, each with a mark.
func checkedRows(e *evidence.Evidence) []fyne.CanvasObject {
	var rows []fyne.CanvasObject
	for _, f := range checkedFacts(e) {
		rows = append(rows, look.TopRow(10, 1, look.NewIcon("check", look.OK, 20), look.Text(f, look.Style{Size: 14})))
	}
	return rows
}
