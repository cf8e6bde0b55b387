package lab

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient"
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// scripted is a call between the test phone and a scripted peer. The peer's script
// must be played to its end, and our own reading of the tape must be right, too.
type scripted struct {
	name  string
	steps []Step
	// direct: the phone calls the peer without a registrar between.
	direct bool
	// consent: the person lets the call be sent on to where a server says.
	consent bool
	// noCall: the phone answers at once, and nobody hears it ring.
	noCall bool
	// ours is what our side does while the script runs; nil: it answers a call that
	// comes in, and waits for the end.
	ours func(*testing.T, *sipclient.Call)
	// cause is the root of our findings; "": no fault at all.
	cause string
	// shows looks at the call for what the row is about; nil: nothing more.
	shows func(*testing.T, *evidence.Call)
}

// briefly gives a context for one wait of a scripted call.
func briefly(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// untilEnd waits for the other side to end the call.
func untilEnd(t *testing.T, c *sipclient.Call) {
	require.Equal(t, sipclient.Ended, c.Wait(briefly(t), sipclient.Ended), "the call goes on")
}

// answerAndTalk takes a call and waits for the other side to end it.
func answerAndTalk(t *testing.T, c *sipclient.Call) {
	require.NoError(t, c.Answer(briefly(t)))
	untilEnd(t, c)
}

// soundBothWays wants sound that arrives, is loud, and lacks nothing, and sound that left.
func soundBothWays(t *testing.T, c *evidence.Call) {
	require.True(t, c.In != nil && c.Out != nil, "sound in %v, sound out %v", c.In != nil, c.Out != nil)
	require.Greater(t, c.In.Packets, uint64(50))
	require.Greater(t, c.Out.Packets, uint64(50))
	require.Zero(t, c.In.Lost)
	require.True(t, c.In.Level.Known && c.In.Level.DBFS > -30, "what arrives is not loud: %+v", c.In.Level)
}

// labPhone is a test phone with a tape. It is closed by the test or at its end.
func labPhone(t *testing.T, a sipclient.Account) (*sipclient.Phone, *capture.Tape) {
	t.Helper()
	return labPhoneOf(t, sipclient.Config{Account: a})
}

// labPhoneOf is labPhone with more than an account.
func labPhoneOf(t *testing.T, cfg sipclient.Config) (*sipclient.Phone, *capture.Tape) {
	t.Helper()
	tape := &capture.Tape{}
	cfg.Tape = tape
	p, err := sipclient.New(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { closePhone(t, p) })
	return p, tape
}

func closePhone(t *testing.T, p *sipclient.Phone) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := p.Close(ctx); err != nil {
		t.Error(err)
	}
}

// judged judges a tape as a file would be judged.
func judged(t *testing.T, tape *capture.Tape) *report.Report {
	t.Helper()
	var file bytes.Buffer
	_, err := tape.WriteTo(&file)
	require.NoError(t, err)
	rep, err := wizard.Examine(&file, wizard.Subject{})
	require.NoError(t, err)
	return rep
}

// requireFound wants a row's root cause, and no fault at all where it names none.
func requireFound(t *testing.T, row scripted, tape *capture.Tape) {
	t.Helper()
	rep := judged(t, tape)
	require.Len(t, rep.Evidence.Calls, 1, story(rep.Evidence))
	root := rep.Diagnosis.Root()
	switch {
	case row.cause != "" && root == nil:
		t.Errorf("nothing was found, want %s; %s", row.cause, story(rep.Evidence))
	case row.cause != "" && root.Rule.Cause != row.cause:
		t.Errorf("found %s, want %s: %s; %s", root.Rule.Cause, row.cause, root.Why, story(rep.Evidence))
	case row.cause == "":
		for i := range rep.Diagnosis.Findings {
			f := &rep.Diagnosis.Findings[i]
			if f.Kind() == diagnosis.Hint || aboutBusyMachine(f) {
				continue
			}
			t.Errorf("%s %s (%s) in a call that is well: %s; %s", f.Kind(), f.Rule.Cause, f.Certainty, f.Why, story(rep.Evidence))
		}
	}
	if row.shows != nil {
		row.shows(t, rep.Evidence.Calls[0])
	}
}

// aboutBusyMachine tells findings about packets at the wrong time. With many calls
// at once they may be right: a peer sends its sound from one thread, and this
// machine has other things to do. Healthy calls that are measured have their own
// test.
func aboutBusyMachine(f *diagnosis.Finding) bool {
	switch f.Rule.Cause {
	case "sender-irregular", "jitter-high", "loss-bursty":
		return true
	}
	return false
}

// callScripted lets the test phone call the peer of a row.
func callScripted(t *testing.T, k *Registrar, row scripted) {
	peer := SIPp(t, Script{Name: row.name, Steps: row.steps, Proxied: !row.direct}, SIPpOptions{})
	to, cfg := "callee", sipclient.Config{Account: sipclient.Account{User: "tester", Domain: peer.Addr.String()}}
	if !row.direct {
		to = portUser(peer)
		cfg.Account = sipclient.Account{User: to + "-caller", Domain: k.Domain(), Password: Password(to + "-caller")}
	}
	if row.consent {
		cfg.Redirect = func(_ context.Context, to []string) (string, bool) { return to[0], true }
	}
	p, tape := labPhoneOf(t, cfg)
	c, err := p.Dial(t.Context(), to)
	require.NoError(t, err)
	ours := row.ours
	if ours == nil {
		ours = untilEnd
	}
	ours(t, c)
	peer.Finish(t, 10*time.Second)
	closePhone(t, p)
	requireFound(t, row, tape)
}

// takeScripted lets the peer of a row call the test phone through the registrar.
func takeScripted(t *testing.T, k *Registrar, user string, row scripted) {
	p, tape := labPhone(t, sipclient.Account{User: user, Domain: k.Domain(), Password: Password(user), Register: true})
	require.NoError(t, p.Register(t.Context()))
	peer := SIPp(t, Script{Name: row.name, Steps: row.steps, Proxied: true}, SIPpOptions{Through: k, User: user, As: "sipp"})
	if !row.noCall {
		ours := row.ours
		if ours == nil {
			ours = answerAndTalk
		}
		c := called(t, p)
		time.Sleep(300 * time.Millisecond) // the proxy's workers may let what follows overtake the 180
		ours(t, c)
	}
	peer.Finish(t, 10*time.Second)
	closePhone(t, p)
	requireFound(t, row, tape)
}
