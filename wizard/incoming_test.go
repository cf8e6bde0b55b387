package wizard

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/report"
)

// says is a person with fixed answers, each given after some time.
type says struct {
	answers map[string]Answer
	after   time.Duration
	asked   []string
}

func (p *says) Ask(ctx context.Context, q Question) (Answer, error) {
	p.asked = append(p.asked, q.ID)
	select {
	case <-time.After(p.after):
		return p.answers[q.ID], nil
	case <-ctx.Done():
		return NotAsked, nil
	}
}

func run(t *testing.T, id string, s *Session) *report.Report {
	t.Helper()
	rep, err := Run(t.Context(), scenario(t, id), s)
	require.NoError(t, err)
	return rep
}

func root(rep *report.Report) string {
	if r := rep.Root(); r != nil {
		return r.Rule.Cause
	}
	return string(rep.Verdict)
}

// A call that comes settles it: nobody is asked what the caller heard, and nobody
// has to call twice.
func TestACallThatArrivesPutsTheUsualSoftphoneInQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newFake(nil, nil)
		p.rings = []fakeRing{{after: 7 * time.Second}}
		who := &says{}
		s.Person = who
		var counted atomic.Bool
		s.Notify = func(e Event) {
			if e.Kind == Instruction && !e.Until.IsZero() {
				counted.Store(true)
			}
		}
		began := time.Now()
		rep := run(t, "no-incoming", s)
		require.Equal(t, "call-reached-this-phone", root(rep))
		require.Empty(t, who.asked)
		require.True(t, counted.Load(), "no countdown was shown")
		require.True(t, p.calls[0].hung)
		require.Less(t, time.Since(began), 15*time.Second)
	})
}

// The waiting ends, the caller is asked, and the answer settles it.
func TestNoCallAndAVoicemailMeansForwarding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := newFake(nil, nil)
		who := &says{answers: map[string]Answer{"caller_hears": "voicemail"}, after: time.Second}
		s.Person = who
		rep := run(t, "no-incoming", s)
		require.Equal(t, "inbound-forwarded-or-dnd", root(rep))
		require.Contains(t, who.asked, "caller_hears")
	})
}

// A call from inside that comes while the question is open answers it.
func TestAnInternalCallThatComesIsTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newFake(nil, nil)
		p.rings = []fakeRing{{after: 100 * time.Second}}
		s.Person = &says{answers: map[string]Answer{"caller_hears": "ringing"}, after: 20 * time.Second}
		rep := run(t, "no-incoming", s)
		x := rep.Evidence.Experiments
		i := slices.IndexFunc(x, func(x evidenceExperiment) bool { return x.Name == fromInside })
		require.GreaterOrEqual(t, i, 0)
		require.NotEqual(t, "call-reached-this-phone", root(rep))
	})
}

// Without a person nothing is asked and the run still ends.
func TestNobodyThereToCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := newFake(nil, nil)
		began := time.Now()
		rep := run(t, "no-incoming", s)
		require.NotEqual(t, report.Healthy, rep.Verdict, "no call came: that is not health")
		require.Less(t, time.Since(began), 3*time.Minute)
	})
}

// Once over another transport, if the first way stayed quiet though it rang.
func TestTheOtherWayInIsTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newFake(nil, nil)
		s.Person = &says{answers: map[string]Answer{"caller_hears": "ringing", "internal_rings": "no"}, after: time.Second}
		other := &fakePhone{tape: p.tape, name: "tcp", net: capture.TCP, rings: []fakeRing{{after: 5 * time.Second}}}
		s.Again = func(c Change) (Phone, error) {
			require.Equal(t, "transport tcp", c.String())
			return other, nil
		}
		rep := run(t, "no-incoming", s)
		require.Len(t, other.calls, 1)
		require.True(t, other.closed)
		require.Equal(t, "transport tcp", rep.Evidence.Experiments[len(rep.Evidence.Experiments)-1].Change)
	})
}

func TestWhenThePersonDoesNotAnswerTheTestPhoneDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newFake(nil, nil)
		p.rings = []fakeRing{{after: time.Second, noAck: true}}
		rep := run(t, "cannot-answer", s)
		require.Len(t, p.calls, 1)
		c := rep.Evidence.Calls[0]
		require.NotNil(t, c.Answer)
		require.Nil(t, c.Ack)
	})
}

func TestACallThatIsDeclinedIsNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newFake(nil, nil)
		p.rings = []fakeRing{{after: time.Second}}
		s.Person = &says{answers: map[string]Answer{"answer": "no"}}
		rep := run(t, "cannot-answer", s)
		require.Nil(t, rep.Evidence.Calls[0].Answer)
		require.True(t, p.calls[0].hung)
	})
}

// Who else is signed in is told by the server's own list, our contact left out.
func TestOtherDevicesAreListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newFake(nil, nil)
		p.query = []int{200}
		p.devices = []Device{{Host: "192.0.2.20:5060"}, {Host: "192.0.2.21:5060"}}
		p.rings = []fakeRing{{after: time.Second}}
		var note string
		s.Notify = func(e Event) {
			if e.Kind == StepEnded && e.Title == otherDevices.Title {
				note = e.Note
			}
		}
		run(t, "no-incoming", s)
		require.Equal(t, "2 other devices, at 192.0.2.20, 192.0.2.21", note)
	})
}
