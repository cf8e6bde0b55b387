package app

import (
	"strings"

	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/app/words"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/report"
)

// What the diagnosis says is English; its titles and first remedies are translated by
// the stable id of the cause ("cause.callee-busy", "cause.callee-busy.do"), because the
// sentences themselves vary with what was found. The rest stays English, and is marked.

func english() bool { return words.Chosen() == "en" }

// causeTitle is what a cause is called: the sentence of the finding in English, the
// catalogue's in other languages.
func causeTitle(cause, title string) string {
	if english() || cause == "" {
		return title
	}
	return words.T("cause."+cause, title)
}

// firstRemedy is the first thing to do against a cause.
func firstRemedy(cause, text string) string {
	if english() {
		return text
	}
	return words.T("cause."+cause+".do", text)
}

// spoken is a report in the language of the window.
func spoken(r *report.Report) *report.Report {
	own := *r
	own.In = words.Tongue()
	return &own
}

// headline is the verdict's sentence.
func headline(r *report.Report) string {
	text, _ := spoken(r).Heading()
	return text
}

// headline is the same as the page's heading. Where the catalogue speaks of the cause
// in general, what was found in particular stands below it in English.
func (p *resultPage) headline() fyne.CanvasObject {
	text, particular := spoken(p.report).Heading()
	if particular == "" {
		return look.Text(text, look.Heading)
	}
	return look.Column(2, look.Text(text, look.Heading), look.Text("EN: "+particular, look.Style{Size: look.SmallSize, Color: look.Mute}))
}

// stillEnglish marks what is not translated.
func stillEnglish() fyne.CanvasObject {
	return look.Row(0, 1, look.Chip(tr("english.only", "In English"), look.ToneAccent), look.Gap(0, 0))
}

// faultTitle names a fault to practise: one of several of a cause, and that there is
// none, by a sentence of its own.
func faultTitle(f Fault) string {
	cause, _, variant := strings.Cut(f.Cause, "--")
	if variant || cause == "healthy" {
		return words.Of(f.Title)
	}
	return strings.TrimSuffix(causeTitle(cause, f.Title), ".")
}

// placeWords says a place the way a person would.
func placeWords(w diagnosis.Where) string {
	switch w {
	case diagnosis.SoundDevice:
		return tr("place.sound-device", "in the microphone or speaker")
	case diagnosis.ThisComputer:
		return tr("place.this-computer", "on this computer")
	case diagnosis.LocalNetwork:
		return tr("place.local-network", "in your network or router")
	case diagnosis.Internet:
		return tr("place.internet", "on the internet connection")
	case diagnosis.Provider:
		return tr("place.provider", "at the provider")
	case diagnosis.OtherNetwork:
		return tr("place.other-network", "in another network")
	case diagnosis.OtherSide:
		return tr("place.other-side", "at the other side")
	case diagnosis.Account:
		return tr("place.account", "in the account settings")
	case diagnosis.OtherSoftphone:
		return tr("place.other-softphone", "in your usual softphone")
	}
	return report.PlaceWords(w)
}

// situationWords names what was checked.
func situationWords(id string) string {
	switch id {
	case "registration":
		return tr("situation.registration", "signing in")
	case "no-ringback":
		return tr("situation.no-ringback", "calling out")
	case "one-way-audio":
		return tr("situation.one-way-audio", "sound in both directions")
	case "no-incoming":
		return tr("situation.no-incoming", "being called")
	case "cannot-answer":
		return tr("situation.cannot-answer", "answering a call")
	case "quality":
		return tr("situation.quality", "sound quality")
	case "call-drops":
		return tr("situation.call-drops", "dropped calls")
	case "dtmf":
		return tr("situation.dtmf", "keypad tones")
	case "everything":
		return tr("situation.everything", "everything")
	case "capture", "":
		return tr("situation.capture", "a capture file")
	}
	return report.SituationWords(id)
}
