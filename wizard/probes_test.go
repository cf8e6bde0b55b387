package wizard

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
)

// fakeProbes answers questions from a list, after some time; what it has no answer for
// is not checked.
type fakeProbes struct {
	tape    *capture.Tape
	answers map[string]string
	takes   time.Duration
	asked   []Measurement
}

func (p *fakeProbes) Measure(ctx context.Context, m Measurement) error {
	p.asked = append(p.asked, m)
	pause(ctx, p.takes)
	for i, q := range m.Questions {
		text, ok := p.answers[q]
		if !ok || m.InUse != nil && m.InUse(ctx) != nil {
			text = "not-checked nobody knows"
		}
		p.tape.Note(capture.Note{Time: time.Now(), Kind: capture.KindProbe, Key: q, Text: text})
		if m.Progress != nil {
			m.Progress(i+1, len(m.Questions))
		}
	}
	return nil
}

func (p *fakeProbes) times(question string) (n int) {
	for _, m := range p.asked {
		if slices.Contains(m.Questions, question) {
			n++
		}
	}
	return n
}

// withProbes gives a session something that measures.
func withProbes(s *Session, answers map[string]string) *fakeProbes {
	p := &fakeProbes{tape: s.Tape, answers: answers, takes: 3 * time.Second}
	s.Probes = p
	return p
}

// An unreachable server is named in under 6 s: the measuring runs beside the silence,
// and ends it when no way is left.
func TestNoWayLeftEndsTheWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newFake([]int{0, 0}, nil)
		p.silent = true
		probes := withProbes(s, map[string]string{
			capture.ProbeUDP: "no reason=silent", capture.ProbeTCP: "no reason=silent", capture.ProbeTLS: "no reason=silent",
			capture.ProbeGateway: "yes gateway=192.168.1.1", capture.ProbeServerPath: "no reached=192.168.1.1 hops=1",
		})
		s.Again = func(c Change) (Phone, error) {
			t.Error("a way that was measured shut is tried again: " + c.String())
			return nil, nil
		}
		began := time.Now()
		rep := run(t, "registration", s)
		require.Less(t, time.Since(began), 6*time.Second)
		require.Equal(t, "server-unreachable", root(rep))
		require.Equal(t, 1, probes.times(capture.ProbeUDP))
	})
}

// A way that answers is still tried with the phone itself: an OPTIONS is no sign-in.
func TestAWayThatAnswersIsTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newFake([]int{0, 0}, nil)
		p.silent = true
		withProbes(s, map[string]string{capture.ProbeUDP: "no reason=silent", capture.ProbeTCP: "no reason=silent", capture.ProbeTLS: "yes code=200"})
		var tried []string
		s.Again = func(c Change) (Phone, error) {
			tried = append(tried, c.Transport)
			return &fakePhone{tape: p.tape, name: c.Transport, net: capture.TLS}, nil
		}
		rep := run(t, "registration", s)
		require.Equal(t, []string{"tls"}, tried)
		require.Equal(t, "transport-blocked", root(rep))
	})
}

// While a call is up its own socket is asked for, too; without one it is not.
func TestTheCallsOwnSoundIsMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := newFake(nil, nil)
		probes := withProbes(s, map[string]string{capture.ProbeNATMapping: "yes"})
		call := &fakeCall{state: Ended}
		s.call = call
		s.measureNAT(t.Context())
		require.Zero(t, probes.times(capture.ProbeNATMedia))
		call.state = Answered
		s.measureNAT(t.Context())
		require.Len(t, probes.asked, 2)
		require.Equal(t, []string{capture.ProbeNATMedia}, probes.asked[1].Questions)
		require.Equal(t, call, probes.asked[1].Call)
	})
}

// A quick answer needs no measuring.
func TestAnAnswerNeedsNoMeasuring(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := newFake([]int{403}, nil)
		probes := withProbes(s, nil)
		run(t, "registration", s)
		require.Empty(t, probes.asked)
	})
}

// Everything measures everything, once, and asks nobody else without consent.
func TestEverythingMeasuresTheNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := newFake(nil, []int{100, 486})
		probes := withProbes(s, map[string]string{capture.ProbeNAT: "no local=192.168.1.23:5060 mapped=198.51.100.1:5060"})
		person := &says{answers: map[string]Answer{"third_party": "yes"}}
		s.Person = person
		run(t, "everything", s)
		for _, q := range slices.Concat(wayQuestions, sizeQuestions, natQuestions, restQuestions) {
			require.NotZero(t, probes.times(q), q)
			if q != capture.ProbeNAT && q != capture.ProbeNATMapping && q != capture.ProbeNATFiltering && q != capture.ProbeHairpin {
				require.Equal(t, 1, probes.times(q), q)
			}
		}
		require.Zero(t, probes.times(capture.ProbeNATLifetime))
		for i, m := range probes.asked {
			require.Equal(t, slices.Contains(person.asked, "third_party") && i == len(probes.asked)-1, m.ThirdParty)
		}
	})
}

// How long the router remembers is measured when nothing came, behind a NAT, and as
// long as the person wants.
func TestTheRoutersMemoryIsMeasuredOnDemand(t *testing.T) {
	for name, c := range map[string]struct {
		nat  string
		want Answer
		upTo time.Duration
	}{
		"short": {"no mapped=198.51.100.1:5060", "short", time.Minute}, "long": {"no mapped=198.51.100.1:5060", "long", 5 * time.Minute},
		"not wanted": {"no mapped=198.51.100.1:5060", "no", 0}, "no NAT": {"yes", "long", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, s := newFake(nil, nil)
				probes := withProbes(s, map[string]string{capture.ProbeNAT: c.nat})
				s.Person = &says{answers: map[string]Answer{"caller_hears": "ringing", "internal_rings": "no", "lifetime": c.want}}
				run(t, "no-incoming", s)
				require.Equal(t, 1, probes.times(capture.ProbeNAT))
				if c.upTo == 0 {
					require.Zero(t, probes.times(capture.ProbeNATLifetime))
					return
				}
				require.Equal(t, 1, probes.times(capture.ProbeNATLifetime))
				require.Equal(t, c.upTo, probes.asked[len(probes.asked)-1].UpTo)
			})
		})
	}
}

// The line in full use is measured for the complaints that fit, when nothing else explains
// them, and as far as the person wants: never while a call is up.
func TestTheLineInFullUseIsMeasuredOnDemand(t *testing.T) {
	for name, c := range map[string]struct {
		symptom, want, running Answer
		delay                  string
		asked, measured        int
		cause                  string
	}{
		"slow":         {"choppy", "yes", "yes", "yes idle=20ms loaded=420ms sent=24 got=24", 1, 1, "bufferbloat"},
		"quick":        {"delay", "yes", "yes", "no idle=20ms loaded=24ms sent=24 got=24", 1, 1, ""},
		"cannot":       {"robotic", "yes", "no", "yes idle=20ms loaded=420ms", 1, 1, ""},
		"not wanted":   {"choppy", "no", "yes", "yes idle=20ms loaded=420ms", 1, 0, ""},
		"does not fit": {"quiet", "yes", "yes", "yes idle=20ms loaded=420ms", 0, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, s := newFake(nil, nil)
				probes := withProbes(s, map[string]string{capture.ProbeLoadDelay: c.delay})
				person := &says{answers: map[string]Answer{"symptom": c.symptom, "full_use": c.want, "line_in_use": c.running}}
				s.Person = person
				call := &fakeCall{state: Answered}
				s.call = call
				require.NoError(t, symptom.Do(t.Context(), s))
				require.NoError(t, lineInUse.Do(t.Context(), s))
				require.Equal(t, c.asked == 1, slices.Contains(person.asked, "full_use"))
				require.Equal(t, c.measured, probes.times(capture.ProbeLoadDelay))
				require.Equal(t, c.measured == 1, call.State() == Ended)
				cause := ""
				d := s.Diagnosis()
				if r := d.Root(); r != nil {
					cause = r.Rule.Cause
				}
				require.Equal(t, c.cause, cause)
			})
		})
	}
}
