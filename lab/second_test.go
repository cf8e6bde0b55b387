package lab

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// withRealPhone calls a real phone, lets the two do something, hangs up, and gives
// what the tape says.
func withRealPhone(t *testing.T, k *Registrar, user string, o PhoneOptions, a sipclient.Account, do func(*sipclient.Call, *Phone)) (*Phone, *report.Report) {
	t.Helper()
	o.RingFor = 200 * ms
	other := Baresip(t, k, user, ByItself, o)
	a.User, a.Domain, a.Password = user+"-caller", k.Domain(), Password(user+"-caller")
	p, tape := labPhone(t, a)
	c, err := p.Dial(t.Context(), user)
	require.NoError(t, err)
	if got := c.Wait(briefly(t), sipclient.Answered); got != sipclient.Answered {
		t.Fatalf("the call is %s; %s", got, story(judged(t, tape).Evidence))
	}
	other.Await(t, "CALL_ESTABLISHED", 5*time.Second)
	do(c, other)
	require.NoError(t, c.Hangup(briefly(t)))
	other.Await(t, "CALL_CLOSED", 5*time.Second)
	closePhone(t, p)
	other.Stop(t) // its recording is at its end then
	rep := judged(t, tape)
	require.Len(t, rep.Evidence.Calls, 1, story(rep.Evidence))
	return other, rep
}

// requireNoFault wants findings to be hints at most, or about a busy machine.
func requireNoFault(t *testing.T, rep *report.Report) {
	t.Helper()
	for i := range rep.Diagnosis.Findings {
		if f := &rep.Diagnosis.Findings[i]; f.Kind() == diagnosis.Fault && !aboutBusyMachine(f) {
			t.Errorf("%s %s: %s; %s", f.Certainty, f.Rule.Cause, f.Why, story(rep.Evidence))
		}
	}
}

// TestRealPhone lets a real phone do in a call what people do with phones.
func TestRealPhone(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{})
	rest := func(t *testing.T) {
		wholeLab(t)
		t.Parallel()
	}

	t.Run("holds and resumes", func(t *testing.T) {
		t.Parallel()
		other, rep := withRealPhone(t, k, "holder", PhoneOptions{}, sipclient.Account{}, func(c *sipclient.Call, other *Phone) {
			time.Sleep(time.Second)
			other.Command(t, "hold", "")
			time.Sleep(time.Second)
			other.Command(t, "resume", "")
			time.Sleep(2500 * ms)
			require.Equal(t, sipclient.Answered, c.State())
		})
		requireNoFault(t, rep)
		c := rep.Evidence.Calls[0]
		require.Len(t, c.Reinvites, 2)
		require.Equal(t, "recvonly", evidence.MediaOf(c.Reinvites[0].Final()).Direction)
		soundBothWays(t, c)
		require.Less(t, c.Out.Last.Sub(c.Ended).Abs(), 500*ms, "our sound goes on after the hold")
		require.Greater(t, other.Heard(t).DBFS, -30.0, "it hears us")
	})

	t.Run("is put on hold by us", func(t *testing.T) {
		rest(t)
		_, rep := withRealPhone(t, k, "held", PhoneOptions{}, sipclient.Account{}, func(c *sipclient.Call, _ *Phone) {
			time.Sleep(time.Second)
			require.NoError(t, c.Hold(briefly(t)))
			time.Sleep(time.Second)
			require.NoError(t, c.Resume(briefly(t)))
			time.Sleep(2 * time.Second)
		})
		requireNoFault(t, rep)
		c := rep.Evidence.Calls[0]
		require.Len(t, c.Reinvites, 2)
		soundBothWays(t, c)
	})

	t.Run("transfers us", func(t *testing.T) {
		rest(t)
		other := Baresip(t, k, "transferrer", ByItself, PhoneOptions{RingFor: 200 * ms})
		p, tape := labPhone(t, sipclient.Account{User: "moved", Domain: k.Domain(), Password: Password("moved")})
		c, err := p.Dial(t.Context(), "transferrer")
		require.NoError(t, err)
		other.Await(t, "CALL_ESTABLISHED", 5*time.Second)
		time.Sleep(time.Second)
		other.Command(t, "transfer", "sip:elsewhere@"+k.Domain())
		require.Contains(t, other.Await(t, "TRANSFER_FAILED", 5*time.Second).Param, "603")
		untilEnd(t, c) // this phone gives up a call that it could not hand over; we do not
		closePhone(t, p)
		rep := judged(t, tape)
		require.Len(t, rep.Evidence.Calls, 1, "nobody else was called: %s", story(rep.Evidence))
		require.True(t, rep.Evidence.Calls[0].Bye != nil && !rep.Evidence.Calls[0].ByeOut, "the other side hung up: %s", story(rep.Evidence))
		requireNoFault(t, rep)
	})

	t.Run("presses keys", func(t *testing.T) {
		rest(t)
		_, rep := withRealPhone(t, k, "presser", PhoneOptions{}, sipclient.Account{}, func(_ *sipclient.Call, other *Phone) {
			for _, key := range []string{"1", "5", "#"} {
				time.Sleep(600 * ms)
				other.Command(t, "sndcode", key)
			}
			time.Sleep(1500 * ms)
		})
		requireNoFault(t, rep)
		require.Equal(t, "15#", rep.Evidence.Calls[0].In.Digits)
	})

	t.Run("refuses what it cannot speak", func(t *testing.T) {
		rest(t)
		Baresip(t, k, "wideband", ByItself, PhoneOptions{Codecs: "G722/16000/1"})
		p, tape := labPhone(t, sipclient.Account{User: "narrow", Domain: k.Domain(), Password: Password("narrow"), Codecs: []string{"PCMU"}})
		c, err := p.Dial(t.Context(), "wideband")
		require.NoError(t, err)
		untilEnd(t, c)
		closePhone(t, p)
		requireCause(t, judged(t, tape), "codec-mismatch")
	})

	t.Run("wants encryption", func(t *testing.T) {
		rest(t)
		Baresip(t, k, "secret", ByItself, PhoneOptions{Encrypt: "srtp-mand"})
		p, tape := labPhone(t, sipclient.Account{User: "open", Domain: k.Domain(), Password: Password("open")})
		c, err := p.Dial(t.Context(), "secret")
		require.NoError(t, err)
		untilEnd(t, c)
		closePhone(t, p)
		// Its 488 does not say that encryption is the reason.
		requireCause(t, judged(t, tape), "codec-mismatch")
	})
}
