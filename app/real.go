package app

import (
	"context"
	"errors"
	"io"

	"softphonedoctor/app/session"
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/report"
)

// Session is the Backend of the real program.
func Session() Backend { return real{} }

type real struct{}

func (real) Scenarios() []wizard.Scenario { return wizard.Scenarios() }

func (real) NewCheck(r session.Request) (Check, error) {
	if dir, err := session.TraceFolder(); err == nil {
		r.Trace = dir
	}
	c, err := session.NewCheck(r)
	if err != nil {
		return nil, err // not c: a nil *session.Check is no nil Check
	}
	return c, nil
}

func (real) Faults() []Fault {
	var all []Fault
	for _, f := range session.Practices() {
		all = append(all, Fault{Cause: f.ID(), Situation: f.Situation, Title: f.Title})
	}
	return all
}

func (real) Practise(cause string) (*Practice, error) {
	p, err := session.StartPractice(cause)
	if err != nil {
		return nil, err
	}
	return &Practice{
		Fault:   Fault{Cause: p.Cause, Situation: p.Situation, Title: p.Title},
		Account: p.Account, Target: p.Target, Answers: p.Answers, CallWait: p.CallWait, Stop: p.Close,
	}, nil
}

func (real) Examine(r io.Reader) (*report.Report, error) {
	return session.Examine(r, wizard.Subject{Whole: true})
}

func (real) OpenSound(ctx context.Context) (SoundDesk, error) {
	d, err := session.OpenSoundDesk(ctx)
	if err != nil {
		return nil, err // not d: a nil *session.SoundDesk is no nil SoundDesk
	}
	return d, nil
}

func (real) LookUp(ctx context.Context, domain string) (session.ServerName, []string) {
	return session.LookUp(ctx, domain)
}

func (real) StandBetween(ctx context.Context, server string, heard func(session.BetweenEvent)) (Standing, error) {
	r := session.BetweenRequest{Server: server, Port: session.BetweenPort, Keep: session.RollingKeep, Heard: heard}
	b, err := session.StandBetween(ctx, r)
	if err != nil && errors.Is(err, session.ErrPortInUse) {
		r.Port = 0 // another one does as well
		b, err = session.StandBetween(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	return standing{b}, nil
}

type standing struct{ *session.Between }

func (s standing) At() string { return s.Between.At().String() }

func (s standing) Judge() (*report.Report, Saver, error) {
	r, records, err := s.Between.Judge()
	return r, judged(records), err
}

// judged is what a verdict stands on.
type judged []capture.Record

func (j judged) Save(path string, r *report.Report) error {
	return session.SaveRecords(path, r, j, false)
}

func (j judged) Masked(r *report.Report) (*report.Report, error) {
	return session.MaskedReport(r, j)
}

func (j judged) SaveEverything(path string, r *report.Report) error {
	return session.SaveRecords(path, r, j, true)
}

func (real) Import(source string) ([]session.Imported, error) { return session.ImportAccounts(source) }

func (real) Remember(a session.Account, o *session.Origin) error {
	kept, err := session.OpenAccounts("")
	if err != nil {
		return err
	}
	return kept.Keep(a, o)
}

func (real) Recall(name string) (string, error) {
	kept, err := session.OpenAccounts("")
	if err != nil {
		return "", err
	}
	password, err := kept.Password(name)
	if errors.Is(err, session.ErrNoPassword) {
		return "", nil
	}
	return password, err
}

func (real) Forget(name string) error {
	kept, err := session.OpenAccounts("")
	if err != nil {
		return err
	}
	if err := kept.Remove(name); !errors.Is(err, session.ErrNoAccount) {
		return err
	}
	return nil // there was nothing to forget
}

func (real) Preferences() (session.Preferences, error)   { return session.LoadPreferences() }
func (real) SavePreferences(p session.Preferences) error { return p.Save() }
