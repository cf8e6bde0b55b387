package app

import (
	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/app/session"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// compareRows sets two tests beside each other: before and after a change.
func compareRows(before, after *report.Report) []fyne.CanvasObject {
	rows := []fyne.CanvasObject{threeCells("", tr("compare.before", "Before"), tr("compare.after", "After"), true)}
	add := func(what, b, a string) {
		if b != unknownFigure || a != unknownFigure {
			rows = append(rows, look.Rule(), threeCells(what, b, a, false))
		}
	}
	add(tr("compare.verdict", "Result"), verdictWord(before.Verdict), verdictWord(after.Verdict))
	add(tr("compare.found", "Found"), headline(before), headline(after))
	fb, fa := figuresOf(before.Evidence), figuresOf(after.Evidence)
	add(tr("compare.ring", "Ringing after"), ringTime(before.Evidence), ringTime(after.Evidence))
	add(tr("compare.lost-in", "Sound lost, in"), lostWords(fb.in), lostWords(fa.in))
	add(tr("compare.lost-out", "Sound lost, out"), lostWords(fb.out), lostWords(fa.out))
	add(tr("compare.quality", "Call quality"), qualityFigure(fb.in), qualityFigure(fa.in))
	return rows
}

func threeCells(a, b, c string, head bool) fyne.CanvasObject {
	style := look.Style{Size: look.SmallSize, Bold: head}
	if head {
		style.Color = look.Mute
	}
	return look.TopRow(12, 1, look.Sized(110, 0, look.Text(a, look.Style{Size: look.SmallSize, Color: look.Mute})),
		look.Grid(2, 60, 14, look.Text(b, style), look.Text(c, style)))
}

func lostWords(w way) string {
	if !w.told {
		return unknownFigure
	}
	return percent(float64(w.lostPercent()))
}

func qualityFigure(w way) string {
	if !w.judged {
		return unknownFigure
	}
	return w.word
}

// ringTime is how long the last outgoing call took to ring, or to be answered.
func ringTime(e *evidence.Evidence) string {
	if e == nil {
		return unknownFigure
	}
	for i := len(e.Calls) - 1; i >= 0; i-- {
		if c := e.Calls[i]; c.Direction == evidence.Out {
			if d, ok := c.PostDialDelay(); ok {
				return millis(d)
			}
		}
	}
	return unknownFigure
}

// softphoneRows say what differs between the settings that worked and those of the
// softphone that the account was taken from.
func softphoneRows(list []session.Difference) []fyne.CanvasObject {
	rows := []fyne.CanvasObject{threeCells("", tr("differs.theirs", "Your softphone"), tr("differs.works", "What worked here"), true)}
	for _, d := range list {
		rows = append(rows, look.Rule(), threeCells(upperFirst(d.Setting), d.Theirs, d.Works, false))
	}
	return rows
}

// triedRows say what the test tried by itself after one change, and how that went.
func triedRows(e *evidence.Evidence) []fyne.CanvasObject {
	if e == nil {
		return nil
	}
	var rows []fyne.CanvasObject
	for _, x := range e.Experiments {
		if x.Change == "" || x.Change == "nothing" {
			continue
		}
		went, icon, ink := tr("tried.unclear", "it did not show anything new"), "question", look.Off
		for _, c := range x.Calls {
			went, icon, ink = tr("tried.fails", "the call failed again"), "cross", look.Bad
			if c.Answer != nil {
				went, icon, ink = tr("tried.works", "the call was answered"), "check", look.OK
			}
		}
		for _, o := range x.Options {
			went, icon, ink = tr("tried.silent", "no answer came"), "cross", look.Bad
			if len(o.Responses) > 0 {
				went, icon, ink = tr("tried.answered", "the server answered"), "check", look.OK
			}
		}
		rows = append(rows, look.TopRow(8, 1, look.NewIcon(icon, ink, 16),
			look.Text(changeWords(x.Change)+": "+went, look.Style{Size: look.SmallSize})))
	}
	return rows
}

// changeWords says in plain words what was changed; what is not known stands for itself.
func changeWords(change string) string {
	switch change {
	case "transport tls":
		return tr("change.tls", "Over an encrypted connection")
	case "transport tcp":
		return tr("change.tcp", "Over a connection that stays open")
	case "transport udp":
		return tr("change.udp", "Over the usual connection")
	case "encryption srtp":
		return tr("change.srtp", "With encrypted sound")
	case "encryption none":
		return tr("change.plain", "With plain sound")
	}
	if len(change) > 7 && change[:7] == "codecs " {
		return tr("change.codecs", "With other sound formats")
	}
	return upperFirst(change)
}
