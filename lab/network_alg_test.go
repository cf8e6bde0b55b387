package lab

import (
	"strings"
	"testing"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/report"
)

// algRow is a router that rewrites messages, or does not, and what may be said of it.
type algRow struct {
	name   string
	nat    natKind
	alg    bool
	mirror bool
	// certainty is how sure the program is that something is rewritten; "" where it may
	// not say so at all.
	certainty string
	kind      string
	seen      string // begins the reason
}

// TestALG: the kernel's helper changes back what comes in, so that only a mirror proves
// it; without one it is suspected, and where there is none nobody is suspected. With
// REPEAT=N each row runs N times.
func TestALG(t *testing.T) {
	t.Parallel()
	const proven, suspected = "Proven with a mirror", "Suspected from what came back"
	for i, r := range []algRow{
		{"rewritten, a mirror", natPortRestricted, true, true, "confirmed", "fault", proven},
		{"rewritten, no mirror", natPortRestricted, true, false, "likely", "hint", suspected},
		{"rewritten by a symmetric NAT, a mirror", natSymmetric, true, true, "confirmed", "fault", proven},
		{"rewritten by a symmetric NAT, no mirror", natSymmetric, true, false, "likely", "hint", suspected},
		{"rewritten behind a carrier, a mirror", natCarrier, true, true, "confirmed", "fault", proven},
		{"untouched, a mirror", natPortRestricted, false, true, "", "", ""},
		{"untouched, no mirror", natPortRestricted, false, false, "", "", ""},
		{"untouched by a symmetric NAT, a mirror", natSymmetric, false, true, "", "", ""},
		{"untouched by a symmetric NAT, no mirror", natSymmetric, false, false, "", "", ""},
		{"untouched behind a carrier, no mirror", natCarrier, false, false, "", "", ""},
		{"no NAT", natNone, false, true, "", "", ""},
	} {
		t.Run(r.name, func(t *testing.T) {
			if i > 1 {
				wholeLab(t)
			}
			t.Parallel()
			n := newNetwork(t, r.nat)
			k := n.registrar(t, withNATHelp)
			args := []string{"--ca-file", k.Ways.CAFile}
			if r.mirror {
				n.mirror(t)
				args = append(args, "--mirror", stunAddr)
			}
			if r.alg {
				n.alg(t)
			}
			for range repeats() {
				r.judge(t, n.probe(t, k.Addr.Addr().String(), args...))
			}
		})
	}
}

func (r algRow) judge(t *testing.T, a answer) {
	t.Helper()
	var said *report.FindingDoc
	for i, f := range a.Findings {
		if f.Cause == "sip-alg" {
			said = &a.Findings[i]
		} else if f.Kind == "fault" {
			t.Errorf("beside it: %s (%s): %s", f.Cause, f.Certainty, f.Why)
		}
	}
	switch {
	case r.certainty == "" && said != nil:
		t.Errorf("it says %s %s: %s", said.Certainty, said.Cause, said.Why)
	case r.certainty == "":
	case said == nil:
		t.Error("it says nothing of a helper")
	case said.Certainty != r.certainty || said.Kind != r.kind || said.Where != "local-network" || !strings.HasPrefix(said.Why, r.seen):
		t.Errorf("it says %s, %s at %s: %s", said.Kind, said.Certainty, said.Where, said.Why)
	}
	// Where nothing is rewritten the mirror says so, and so do the counts of sound.
	if line, _ := a.measured(capture.ProbeALGMirror); r.mirror && hasWords(line, "yes") == r.alg {
		t.Errorf("the mirror says %q", line)
	}
	for _, key := range []string{capture.ProbeMirrorOut, capture.ProbeMirrorIn} {
		if line, _ := a.measured(key); r.mirror && !hasWords(line, "yes") {
			t.Errorf("%s: %q", key, line)
		}
	}
	if t.Failed() {
		t.Logf("%v", a)
	}
}
