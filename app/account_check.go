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
		look.TopRow(10, 1, look.NewIcon("warning", look.Bad, 20), look.Text(f.Title, look.Strong)),
		look.Text(f.Why, look.Small),
	}
	n := 0
	for _, fix := range f.Fix {
		if fix.For == diagnosis.ForUser && n < 3 {
			n++
			rows = append(rows, numbered(n, look.Text(fix.Text, look.Style{Size: 14})))
		}
	}
	if n == 0 && len(f.Fix) > 0 {
		rows = append(rows, numbered(1, look.Text(f.Fix[0].Text, look.Style{Size: 14})))
	}
	if code := lastCode(r.Evidence); code > 0 {
		rows = append(rows, look.Text(tr("account.code", "The server's answer: {{.Code}}", map[string]any{"Code": code}), look.Caption))
	}
	return look.Panel(look.Column(10, rows...))
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
