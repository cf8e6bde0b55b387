package lab

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/app/session"
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// TestEchoesAgree calls real echoes ten times: SIPp's rtp_echo, a baresip whose speaker is
// its microphone, and the built-in PBX. Each proves both directions by sound, and none is
// taken for an echo that nobody asked for.
func TestEchoesAgree(t *testing.T) {
	k := Kamailio(t, KamailioOptions{})
	mirror := SIPp(t, Script{Name: "echo", Proxied: true, Steps: steps(rings(), takes(fromEchoPort(Audio(1))), untilBye())}, SIPpOptions{Echo: true, Again: true, Limit: 10 * time.Minute})
	Baresip(t, k, "parrot", ByItself, PhoneOptions{RingFor: 200 * ms, Echo: true})
	rows := []struct {
		name   string
		target string // "": the built-in PBX
		runs   int
		most   time.Duration // that the echo may take
	}{
		{"SIPp", portUser(mirror), 4, 200 * ms},
		{"baresip", "parrot", 3, 400 * ms},
		{"built-in PBX", "", 3, 60 * ms},
	}
	for i, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var delays []time.Duration
			for n := range row.runs {
				if i > 0 || n > 0 {
					wholeLab(t)
				}
				r := session.Request{Account: account(k, "listener"), Situation: "one-way-audio", Target: row.target}
				if row.target == "" {
					p, err := session.StartPractice("")
					require.NoError(t, err)
					defer p.Close()
					r.Account, r.Target = p.Account, p.Echo
				}
				r.Person = session.Answers{"they_hear": "yes", "heard": "yes", "usual_fails": "unsure"}
				got := check(t, r)
				delays = append(delays, requireReturn(t, got.Evidence, row.most))
			}
			t.Logf("%s: %v", row.name, delays)
		})
	}
}

// requireReturn wants both directions proven by sound, and no other echo; it gives the
// delay there and back.
func requireReturn(t *testing.T, e *evidence.Evidence, most time.Duration) time.Duration {
	t.Helper()
	back, ok := e.Probe(capture.SoundReturn)
	require.True(t, ok && back.Yes(), "%+v", e.Probes)
	delay, _ := back.Duration("delay")
	level, _ := back.Number("level")
	require.Greater(t, delay, -2*ms)
	require.Less(t, delay, most)
	require.InDelta(t, 0, level, 3)
	echo, ok := e.Probe(capture.SoundEcho)
	require.True(t, ok && !echo.Yes(), "%+v", echo)
	return delay
}
