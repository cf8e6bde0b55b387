package session

import (
	"context"
	"fmt"
	"time"

	"softphonedoctor/sipclient/practice"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/report"
)

// Practice is the built-in PBX at work on loopback, with an account for it.
type Practice struct {
	ID        string // names the fault that is switched on, as practise --list does
	Cause     string // what should be found, or "healthy"
	Situation string // the check that should find it
	Title     string // the fault in plain words
	Account   Account
	Target    string
	Echo      string            // a number that sends back what it hears
	Answers   map[string]string // what the practising person would answer
	CallWait  time.Duration     // for Request: the built-in PBX calls soon, or never

	pbx *practice.PBX
}

// Practices lists the faults that can be switched on, "healthy" among them.
func Practices() []practice.Fault { return practice.Faults() }

// StartPractice starts the built-in PBX with the fault of this ID ("" means
// healthy). Close it when done.
func StartPractice(id string) (*Practice, error) {
	if id == "" {
		id = practice.Healthy
	}
	f, ok := practice.FaultFor(id)
	if !ok {
		return nil, fmt.Errorf("the built-in PBX has no fault named %q; softphone-doctor practise --list shows all", id)
	}
	pbx, err := practice.Start(f)
	if err != nil {
		return nil, fmt.Errorf("the built-in PBX could not start: %w", err)
	}
	return &Practice{
		ID: f.ID(), Cause: f.Cause, Situation: f.Situation, Title: f.Title,
		Account: Account{
			Name: "Built-in PBX", User: pbx.User(), Domain: pbx.Domain(), Login: pbx.Login(), Password: pbx.Password(),
			Transport: pbx.Transport(), roots: pbx.Roots(),
		},
		Target: pbx.Target(), Echo: pbx.Echo(), Answers: f.Answers, CallWait: practiceWait, pbx: pbx,
	}, nil
}

// Close stops the PBX.
func (p *Practice) Close() { p.pbx.Close() }

// Result is one line of practise's table.
type Result struct {
	Cause     string   // the ID of what was switched on
	Found     string   // the first root cause, or "healthy"
	Right     bool     // it is the cause that was switched on
	Certainty string   // of what was found, "" when healthy
	Where     string   // of what was found, "" when healthy
	Others    []string // causes found besides
	Took      time.Duration
	Report    *report.Report
	Check     *Check // for its capture; nil when it could not be prepared
	Err       error
}

// practiceWait is how long a practising check waits for a call: the built-in PBX
// calls within a second, or never.
const practiceWait = 3 * time.Second

// Practise switches one fault on, runs the check that should find it with the
// prepared answers, and compares.
func Practise(ctx context.Context, id string, notify func(wizard.Event)) Result {
	began := time.Now()
	res := Result{Cause: id, Others: []string{}}
	p, err := StartPractice(id)
	if err != nil {
		res.Err = err
		return res
	}
	defer p.Close()
	c, err := NewCheck(Request{
		Account: p.Account, Situation: p.Situation, Target: p.Target,
		Person: Answers(p.Answers), Notify: notify, CallWait: p.CallWait, Passing: true,
	})
	if err != nil {
		res.Err = err
		return res
	}
	res.Check = c
	res.Report, res.Err = c.Run(ctx)
	res.Took = time.Since(began)
	if res.Err != nil {
		return res
	}
	res.Found = "healthy"
	root := res.Report.Diagnosis.Root()
	if root != nil {
		res.Found = root.Rule.Cause
		res.Certainty, res.Where = root.Certainty.String(), string(root.Place())
	} else if res.Report.Verdict != report.Healthy {
		res.Found = string(res.Report.Verdict)
	}
	for i := range res.Report.Diagnosis.Findings {
		if f := &res.Report.Diagnosis.Findings[i]; f != root {
			res.Others = append(res.Others, f.Rule.Cause)
		}
	}
	res.Right = res.Found == p.Cause
	return res
}

// Answers is a person whose answers are fixed beforehand: --answer, or practice.
// A question without an answer is "not checked".
type Answers map[string]string

// Ask looks the answer up.
func (a Answers) Ask(_ context.Context, q wizard.Question) (wizard.Answer, error) {
	return wizard.Answer(a[q.ID]), nil
}
