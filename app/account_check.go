package app

import (
	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/app/session"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// checkSignIn runs the registration check and shows what it found beside the form.
func (p *accountPage) checkSignIn() {
	if p.signIn != nil {
		return
	}
	a, ok := p.entered()
	if !ok {
		return
	}
	p.w.keepAccount(a)
	sc, _ := p.w.scenario("registration")
	r := newRun(p.w, sc)
	c, err := p.w.back.NewCheck(session.Request{Account: a, Situation: "registration", Person: r, Notify: r.notify})
	if err != nil {
		p.showFault(err)
		return
	}
	p.signIn = r
	p.check.Enable(false)
	p.tell(look.Panel(look.Text(tr("account.checking", "Signing in…"), look.Lead)))
	r.start(c, p.showSignIn, nil)
}

func (p *accountPage) showSignIn(s snapshot) {
	if !s.finished {
		return
	}
	p.signIn = nil
	p.check.Enable(true)
	switch {
	case s.err != nil:
		p.tell(look.Notice("warning", sentence(s.err), look.ToneBad))
	case s.report != nil:
		p.w.noteSignIn(s.report)
		p.tell(signInCard(s.report))
		if f := s.report.Root(); f != nil {
			p.pointOut(f)
		}
	}
}

// pointOut says beside the field that a refused sign-in is about what is wrong with it.
func (p *accountPage) pointOut(f *diagnosis.Finding) {
	field := map[string]*look.Field{
		"account-credentials-wrong": p.password, "account-unknown": p.user, "account-domain-wrong": p.domain,
		"server-name-unknown": p.domain, "server-unreachable": p.domain, "server-port-closed": p.domain, "server-not-sip": p.domain,
	}[f.Rule.Cause]
	if field != nil {
		p.complain(field, causeTitle(f.Rule.Cause, f.Title))
		p.w.focus(field.Entry)
	}
}

// signInCard says in plain words how a sign-in went; the server's code stands
// small below.
func signInCard(r *report.Report) fyne.CanvasObject {
	f := r.Root()
	if f == nil {
		if r.Verdict == report.Healthy {
			return look.Notice("check", tr("account.works", "The sign-in works. You can start a test now."), look.ToneOK)
		}
		return look.Notice("warning", tr("account.unclear", "The sign-in was not finished, so nothing can be said about it yet."), look.ToneWarn)
	}
	rows := []fyne.CanvasObject{
		look.TopRow(10, 1, look.NewIcon("warning", look.Bad, 20), look.Text(causeTitle(f.Rule.Cause, f.Title), look.Strong)),
	}
	if english() {
		rows = append(rows, look.Text(f.Why, look.Small))
	}
	for i, text := range firstSteps(f) {
		rows = append(rows, numbered(i+1, look.Text(text, look.Style{Size: 14})))
	}
	if code := lastCode(r.Evidence); code > 0 {
		rows = append(rows, look.Text(tr("account.code", "The server's answer: {{.Code}}", map[string]any{"Code": code}), look.Caption))
	}
	return look.Panel(look.Column(10, rows...))
}

// firstSteps are the first things to do against a finding, in the person's language:
// up to three in English, the first one in others.
func firstSteps(f *diagnosis.Finding) []string {
	var own, others []string
	for _, fix := range f.Fix {
		if fix.For == diagnosis.ForUser {
			own = append(own, fix.Text)
		} else {
			others = append(others, fix.Text)
		}
	}
	if len(own) == 0 {
		own = others[:min(1, len(others))]
	}
	if english() || len(own) == 0 {
		return own[:min(3, len(own))]
	}
	return []string{firstRemedy(f.Rule.Cause, own[0])}
}

// lastCode is the final code of the last sign-in, 0 without one.
func lastCode(e *evidence.Evidence) int {
	if e == nil || len(e.Registrations) == 0 {
		return 0
	}
	codes := e.Registrations[len(e.Registrations)-1].Codes()
	if len(codes) == 0 {
		return 0
	}
	return codes[len(codes)-1]
}

// noteSignIn remembers for the header whether the account signs in.
func (w *Window) noteSignIn(r *report.Report) {
	if r.Evidence == nil || len(r.Evidence.Registrations) == 0 {
		return
	}
	code := lastCode(r.Evidence)
	switch {
	case code >= 200 && code < 300:
		w.account.status = signInWorks
	case code >= 300, r.Verdict == report.Problem:
		w.account.status = signInFails
	}
	w.header.refresh()
}
