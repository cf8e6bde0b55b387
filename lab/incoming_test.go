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
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// ourPhone is the test phone, signed in and ready to be called.
func ourPhone(t *testing.T, k *Registrar, user string) (*sipclient.Phone, *capture.Tape) {
	t.Helper()
	tape := &capture.Tape{}
	p, err := sipclient.New(t.Context(), sipclient.Config{
		Account: sipclient.Account{User: user, Domain: k.Domain(), Password: Password(user), Register: true}, Tape: tape,
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := p.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	require.NoError(t, p.Register(t.Context()))
	return p, tape
}

// called waits for the call that rings at our phone.
func called(t *testing.T, p *sipclient.Phone) *sipclient.Call {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, err := p.Await(ctx)
	require.NoError(t, err, "no call arrives")
	return c
}

// onTape judges a tape as a file would be judged.
func onTape(t *testing.T, tape *capture.Tape) (*report.Report, *evidence.Call) {
	t.Helper()
	var file bytes.Buffer
	_, err := tape.WriteTo(&file)
	require.NoError(t, err)
	rep, err := wizard.Examine(&file, wizard.Subject{})
	require.NoError(t, err)
	require.Len(t, rep.Evidence.Calls, 1, story(rep.Evidence))
	c := rep.Evidence.Calls[0]
	require.Equal(t, evidence.In, c.Direction)
	return rep, c
}

// requireCause wants this root cause, "" for none.
func requireCause(t *testing.T, rep *report.Report, want string) {
	t.Helper()
	found := ""
	if root := rep.Diagnosis.Root(); root != nil {
		found = root.Rule.Cause
	}
	require.Equal(t, want, found, story(rep.Evidence))
}

// TestCalledByARealPhone lets baresip call the test phone through the registrar.
func TestCalledByARealPhone(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{})

	t.Run("answered here, hung up there", func(t *testing.T) {
		t.Parallel()
		ann := Baresip(t, k, "ann", ByHand, PhoneOptions{})
		p, tape := ourPhone(t, k, "olga")
		measuring, stop := context.WithCancel(t.Context())
		defer stop()
		lateness := measureLateness(measuring.Done())
		ann.Dial(t, "sip:olga@"+k.Domain())
		call := called(t, p)
		ann.Await(t, "CALL_RINGING", 5*time.Second)
		require.Equal(t, sipclient.Ringing, call.State())
		require.NoError(t, call.Answer(t.Context()))
		ann.Await(t, "CALL_ESTABLISHED", 5*time.Second)
		require.Equal(t, sipclient.Answered, call.State())

		var b evidence.Builder
		read := 0
		require.True(t, eventually(15*time.Second, func() bool {
			for _, r := range tape.From(read) {
				b.Add(r)
				read = r.N
			}
			c := b.Evidence().Calls
			return len(c) == 1 && c[0].In != nil && c[0].Out != nil && c[0].In.Packets >= 100 && c[0].Out.Packets >= 100
		}), "two seconds of sound do not go both ways")
		ann.Hangup(t)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		require.Equal(t, sipclient.Ended, call.Wait(ctx, sipclient.Ended))
		ann.Await(t, "CALL_CLOSED", 5*time.Second)
		sent, received := ann.Counted(t)

		rep, c := onTape(t, tape)
		require.True(t, c.Ringing != nil && c.Ringing.Out && c.Answer != nil && c.Answer.Out && c.Ack != nil && !c.Ack.Out, story(rep.Evidence))
		require.True(t, c.Bye != nil && !c.ByeOut, "the other side hung up: %s", story(rep.Evidence))
		require.EqualValues(t, 0, c.In.Lost)
		// What is under way while the call ends may be counted on one side only: 200 ms at most.
		require.InDelta(t, sent, c.In.Packets, 10, "packets that it sent, packets that came")
		require.InDelta(t, c.Out.Packets, received, 10, "packets that we sent, packets that it received")
		require.True(t, c.In.Level.Known && c.In.Level.DBFS > -30, "its tone is heard: %+v", c.In.Level)
		stop()
		if got := (checked{Report: rep, late: <-lateness}); got.overloaded() {
			t.Logf("this machine is %v late and the program says so", got.late)
			return
		}
		requireCause(t, rep, "")
		require.Equal(t, report.Healthy, rep.Verdict)
	})

	t.Run("cancelled before the answer", func(t *testing.T) {
		wholeLab(t)
		t.Parallel()
		ann := Baresip(t, k, "berta", ByHand, PhoneOptions{})
		p, tape := ourPhone(t, k, "pola")
		ann.Dial(t, "sip:pola@"+k.Domain())
		call := called(t, p)
		ann.Await(t, "CALL_RINGING", 5*time.Second)
		ann.Hangup(t)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		require.Equal(t, sipclient.Ended, call.Wait(ctx, sipclient.Ended))
		require.True(t, eventually(5*time.Second, func() bool {
			_, c := onTape(t, tape)
			return c.Final != nil
		}), "our 487 is missing")
		rep, c := onTape(t, tape)
		require.True(t, c.Cancel != nil && !c.Cancel.Out && c.Answer == nil, story(rep.Evidence))
		require.Equal(t, 487, c.Final.Status)
		requireCause(t, rep, "caller-cancelled")
		require.Equal(t, report.Outcome, rep.Verdict)
	})

	t.Run("refused here", func(t *testing.T) {
		wholeLab(t)
		t.Parallel()
		ann := Baresip(t, k, "cora", ByHand, PhoneOptions{})
		p, tape := ourPhone(t, k, "rita")
		ann.Dial(t, "sip:rita@"+k.Domain())
		call := called(t, p)
		require.NoError(t, call.Hangup(t.Context()))
		e := ann.Await(t, "CALL_CLOSED", 5*time.Second)
		require.Contains(t, e.Param, "486")
		_, c := onTape(t, tape)
		require.True(t, c.Final != nil && c.Final.Out && c.Final.Status == 486)
	})
}
