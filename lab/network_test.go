package lab

import (
	"strings"
	"testing"

	"softphonedoctor/sipclient/capture"
)

// TestNATKinds: the program names every kind of NAT as coturn's own client does, on the
// same network at the same server, and as the rules of the router make it. With REPEAT=N
// each row runs N times.
func TestNATKinds(t *testing.T) {
	t.Parallel()
	const independent, address, both = "endpoint-independent", "address-dependent", "address-and-port-dependent"
	for kind, want := range map[natKind]struct {
		discovery
		name string
		hint string // "": none
	}{
		natFullCone:       {discovery{Mapping: independent, Filtering: independent}, "full-cone", ""},
		natAddrRestricted: {discovery{Mapping: independent, Filtering: address}, "address-restricted", ""},
		natPortRestricted: {discovery{Mapping: independent, Filtering: both}, "port-restricted", ""},
		natSymmetric:      {discovery{Mapping: both, Filtering: both}, "symmetric", "nat-symmetric"},
		natDouble:         {discovery{Mapping: independent, Filtering: both}, "port-restricted", "double-nat"},
		natCarrier:        {discovery{Mapping: independent, Filtering: both}, "port-restricted", "double-nat"},
	} {
		t.Run(string(kind), func(t *testing.T) {
			if kind != natSymmetric {
				wholeLab(t)
			}
			t.Parallel()
			n := newNetwork(t, kind)
			s := n.stun(t)
			k := n.registrar(t, withNATHelp)
			for range repeats() {
				theirs := n.discover(t, s)
				if theirs.Mapped = ""; theirs != want.discovery {
					t.Errorf("coturn says %+v, want %+v", theirs, want.discovery)
				}
				a := n.probe(t, k.Addr.Addr().String(), "--ca-file", k.Ways.CAFile, "--stun", s.Addr.String())
				for key, words := range map[string]string{
					capture.ProbeNAT:          "no type=" + want.name,
					capture.ProbeNATMapping:   "mapping=" + theirs.Mapping,
					capture.ProbeNATFiltering: "filtering=" + theirs.Filtering,
				} {
					if line, ok := a.measured(key); !ok || !hasWords(line, words) {
						t.Errorf("%s is %q, want %q", key, line, words)
					}
				}
				hint := ""
				for _, f := range a.Findings {
					if f.Kind == "fault" {
						t.Errorf("nothing is wrong, it says %s: %s", f.Cause, f.Why)
					}
					hint = f.Cause
				}
				if hint != want.hint {
					t.Errorf("it hints at %q, want %q", hint, want.hint)
				}
				if t.Failed() {
					t.Fatalf("%v%s", a, a.allMeasured())
				}
			}
		})
	}
}

// TestNoNAT: without translation none is named.
func TestNoNAT(t *testing.T) {
	t.Parallel()
	for _, kind := range []natKind{natPublic, natNone} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, kind)
			s := n.stun(t)
			k := n.registrar(t, withNATHelp)
			a := n.probe(t, k.Addr.Addr().String(), "--ca-file", k.Ways.CAFile, "--stun", s.Addr.String())
			if line, _ := a.measured(capture.ProbeNAT); !strings.HasPrefix(line, "yes") {
				t.Errorf("%s is %q", capture.ProbeNAT, line)
			}
			if root := a.root(); root != nil {
				t.Errorf("nothing is wrong, it says %s: %s", root.Cause, root.Why)
			}
		})
	}
}
