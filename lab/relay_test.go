package lab

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/app/session"
	"softphonedoctor/sipclient"
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// TestRelay passes the sound of calls through rtpengine, which counts it, too, and
// can hold it back.
func TestRelay(t *testing.T) {
	t.Parallel()
	r := RTPEngine(t)
	k := Kamailio(t, KamailioOptions{Relay: r})

	t.Run("healthy", func(t *testing.T) {
		t.Parallel()
		bob := Baresip(t, k, "bob", ByItself, PhoneOptions{RingFor: 300 * ms})
		request := session.Request{Account: account(k, "alice"), Situation: "everything", Target: bob.User,
			Person: session.Answers{"heard_ringing": "yes", "heard": "yes", "they_hear": "yes"}}
		got := check(t, request)
		for again := 0; again < 4 && got.overloaded(); again++ {
			got = check(t, request)
		}
		requireHealthy(t, "through the relay", got)
		requireSameCount(t, r, got.Evidence.Calls[0], 10)
	})

	t.Run("loss", func(t *testing.T) {
		wholeLab(t)
		t.Parallel()
		const sent, lost, burst = 120, 5, 3
		sound := slices.Delete(sinePackets(sent), 75, 75+burst)
		file := PacketFile(t, slices.Delete(sound, 30, 30+lost-burst))
		peer := SIPp(t, Script{Name: "loss", Proxied: true, Steps: steps(rings(), takes(strings.Replace(Audio(1), rtpPort, echoPort, 1)), PlayPackets(file), Wait(2600*ms), Callee.HangUp(2))}, SIPpOptions{})
		p, tape := labPhone(t, sipclient.Account{User: "lost", Domain: k.Domain(), Password: Password("lost")})
		c, err := p.Dial(t.Context(), portUser(peer))
		require.NoError(t, err)
		untilEnd(t, c)
		peer.Finish(t, 5*time.Second)
		closePhone(t, p)
		rep := judged(t, tape)
		call := rep.Evidence.Calls[0]
		require.EqualValues(t, sent-lost, call.In.Packets)
		require.EqualValues(t, lost, call.In.Lost)
		require.EqualValues(t, burst, call.In.LossBurst)
		requireSameCount(t, r, call, 0)
	})

	for _, tt := range []struct {
		name, cause string
		in          bool
	}{
		{"nothing gets through to us", "no-audio-in-blocked", true},
		{"nothing gets through from us", "no-audio-out-lost", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wholeLab(t)
			t.Parallel()
			user := map[bool]string{true: "deaf", false: "dumb"}[tt.in]
			other := Baresip(t, k, user+"-other", ByHand, PhoneOptions{})
			p, tape := labPhone(t, sipclient.Account{User: user, Domain: k.Domain(), Password: Password(user), Register: true})
			require.NoError(t, p.Register(t.Context()))
			var c *sipclient.Call
			if tt.in {
				other.Dial(t, "sip:"+user+"@"+k.Domain())
				c = called(t, p)
				r.Block(t, c.ID(), callerTag(t, tape))
				require.NoError(t, c.Answer(briefly(t)))
			} else {
				var err error
				c, err = p.Dial(t.Context(), other.User)
				require.NoError(t, err)
				require.Equal(t, sipclient.Ringing, c.Wait(briefly(t), sipclient.Ringing))
				r.Block(t, c.ID(), callerTag(t, tape))
				other.Answer(t)
				require.Equal(t, sipclient.Answered, c.Wait(briefly(t), sipclient.Answered))
			}
			// Long enough for two reports of the other side, 5 s apart at most.
			time.Sleep(9 * time.Second)
			require.NoError(t, c.Hangup(briefly(t)))
			closePhone(t, p)
			rep := judged(t, tape)
			requireCause(t, rep, tt.cause)
			t.Logf("%s at %s: %s", rep.Diagnosis.Root().Certainty, rep.Diagnosis.Root().Place(), rep.Diagnosis.Root().Why)
			call := rep.Evidence.Calls[0]
			require.Equal(t, tt.in, call.In == nil || call.In.Packets == 0, "sound comes in")
			require.True(t, call.Out != nil && call.Out.Packets > 300, "sound goes out")
		})
	}
}

// requireSameCount holds our count of a call's sound, in and out, against the
// relay's. What is under way when a call ends is counted by one of the two.
func requireSameCount(t *testing.T, r *Relay, c *evidence.Call, apart float64) {
	t.Helper()
	counts := r.Counted(t, c.ID)
	callee := c.Answer.ToTag()
	caller := c.Invite.FromTag()
	ours, theirs := caller, callee
	if c.Direction == evidence.In {
		ours, theirs = callee, caller
	}
	require.InDelta(t, counts[theirs], c.In.Packets+c.In.Events, apart, "packets that the relay had for us, packets that came; the relay says %v", counts)
	require.InDelta(t, counts[ours], c.Out.Packets+c.Out.Events, max(apart, 1), "packets that the relay had from us, packets that we sent; the relay says %v", counts)
}

// callerTag gives the tag of whoever placed the call on a tape.
func callerTag(t *testing.T, tape *capture.Tape) string {
	t.Helper()
	var b evidence.Builder
	for _, r := range tape.From(0) {
		b.Add(r)
	}
	calls := b.Evidence().Calls
	require.Len(t, calls, 1)
	return calls[0].Invite.FromTag()
}
