package session

import (
	"context"
	"errors"
	"sync"

	"softphonedoctor/sipclient"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/evidence"
)

// lazyPhone opens the phone's sockets at the first use, so that preparing a
// check sends nothing and looking up the server's name is part of the test.
type lazyPhone struct {
	config  sipclient.Config
	journal *journal // nil: none

	mu    sync.Mutex // an OPTIONS may go out beside the first REGISTER
	phone *sipclient.Phone
}

// open gives the phone, made at the first call.
func (l *lazyPhone) open(ctx context.Context) (*sipclient.Phone, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phone == nil {
		p, err := sipclient.New(ctx, l.config)
		if err != nil {
			return nil, err
		}
		l.phone = p
	}
	return l.phone, nil
}

// seen turns the phone's "no server" into nil: it is evidence.
func seen(err error) error {
	if errors.Is(err, sipclient.ErrNoServer) {
		return nil
	}
	return err
}

func (l *lazyPhone) Bindings(ctx context.Context) ([]wizard.Device, error) {
	p, err := l.open(ctx)
	if err != nil {
		return nil, seen(err)
	}
	if !l.config.Account.Register {
		return nil, nil
	}
	list, err := p.Bindings(ctx)
	devices := make([]wizard.Device, len(list))
	for i, b := range list {
		devices[i] = wizard.Device{Host: b.Host, Name: b.UserAgent, Expires: b.Expires, Ours: b.Ours, TestPhone: b.TestPhone}
	}
	return devices, seen(err)
}

func (l *lazyPhone) Register(ctx context.Context) error {
	p, err := l.open(ctx)
	if err != nil {
		return seen(err)
	}
	if !l.config.Account.Register {
		return nil
	}
	return seen(p.Register(ctx))
}

func (l *lazyPhone) Options(ctx context.Context, probe wizard.Probe) error {
	p, err := l.open(ctx)
	if err != nil {
		return seen(err)
	}
	if probe.Reach > 0 {
		return seen(p.Reach(ctx, probe.Reach))
	}
	return seen(p.Options(ctx, probe.Pad))
}

func (l *lazyPhone) Dial(ctx context.Context, t wizard.Target) (wizard.LiveCall, error) {
	p, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	c, err := p.Dial(ctx, t.To)
	if err != nil {
		return nil, err
	}
	if l.config.Source == nil {
		c.ListenForEcho()
	}
	return liveCall{c}, nil
}

func (l *lazyPhone) Await(ctx context.Context) (wizard.LiveCall, error) {
	p, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	c, err := p.Await(ctx)
	if err != nil {
		return nil, err
	}
	return liveCall{c}, nil
}

func (l *lazyPhone) Close(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.journal != nil {
		defer l.journal.Close()
	}
	if l.phone == nil {
		return nil
	}
	return l.phone.Close(ctx)
}

// liveCall gives a phone's call the wizard's words for its states.
type liveCall struct{ *sipclient.Call }

func (c liveCall) State() wizard.CallState { return states[c.Call.State()] }

// SendDigits presses keys as events where they were agreed, else by messages (INFO).
func (c liveCall) SendDigits(ctx context.Context, digits string) error {
	err := c.Call.SendDigits(ctx, digits)
	if errors.Is(err, sipclient.ErrNoEvents) {
		err = c.Call.SendInfoDTMF(ctx, digits)
	}
	return err
}

// SendDigitsBy presses keys in one way.
func (c liveCall) SendDigitsBy(ctx context.Context, digits string, by evidence.KeyMethod) error {
	switch by {
	case evidence.KeysByInfo:
		return c.Call.SendInfoDTMF(ctx, digits)
	case evidence.KeysInBand:
		return c.Call.SendTones(ctx, digits)
	}
	return c.Call.SendDigits(ctx, digits)
}

func (c liveCall) Wait(ctx context.Context, s wizard.CallState) wizard.CallState {
	for phone, w := range states {
		if w == s {
			return states[c.Call.Wait(ctx, phone)]
		}
	}
	return c.State()
}

var states = map[sipclient.State]wizard.CallState{
	sipclient.Dialing:  wizard.Dialing,
	sipclient.Trying:   wizard.Trying,
	sipclient.Ringing:  wizard.Ringing,
	sipclient.Answered: wizard.Answered,
	sipclient.Ended:    wizard.Ended,
}
