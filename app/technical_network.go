package app

import (
	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// networkRows are the measurements of the network as a small table: what was asked,
// what was found, and the figures below it. What was not checked says why.
func networkRows(e *evidence.Evidence) []fyne.CanvasObject {
	list := report.Measurements(e)
	if len(list) == 0 {
		return nil
	}
	rows := []fyne.CanvasObject{look.Text(tr("tech.network", "Network"), look.Strong)}
	for _, m := range list {
		answer := look.Style{Size: look.CaptionSize, Bold: m.Checked}
		if !m.Checked {
			answer.Color = look.Mute
		}
		rows = append(rows, look.Rule(), look.Grid(2, 40, 6,
			look.Text(m.Asks, look.Style{Size: look.CaptionSize}), look.Text(m.Answer, answer)))
		if m.Detail != "" {
			rows = append(rows, look.Text(m.Detail, look.Style{Size: look.CaptionSize, Color: look.Mute}))
		}
	}
	return rows
}
