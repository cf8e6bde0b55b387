package probe

import (
	"context"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// TestNATStable: an address that changes without any silence is told from one that stays.
func TestNATStable(t *testing.T) {
	for name, c := range map[string]struct {
		wanders time.Duration
		sip     bool
		want    string
	}{
		"stays": {0, false, "yes "}, "stays, by the registrar": {0, true, "yes "}, "changes": {1500 * time.Millisecond, false, "no "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := newNATSim(t, independent, byPort, func(s *natSim) { s.wanders = c.wanders })
			cfg := Config{Server: nobody(sim), STUN: []string{sim.server().known[0][0].String()}}
			if c.sip {
				cfg = Config{Server: sim.registrar(0, honest).String()}
			}
			began := time.Now()
			got := measured(t, cfg, 0, "nat-stable")[capture.ProbeNATStable]
			if !strings.HasPrefix(got, c.want) || time.Since(began) > watchMost {
				t.Errorf("after %s: %s", time.Since(began), got)
			}
		})
	}
	t.Run("watched for as long as others take", func(t *testing.T) {
		t.Parallel()
		sim := newNATSim(t, independent, byPort, func(s *natSim) { s.wanders = 4500 * time.Millisecond })
		tape := &capture.Tape{}
		list, err := choose([]string{"nat-stable"})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, Probe{ID: "long", Keys: []string{"long"}, Limit: 6 * time.Second, Run: func(ctx context.Context, b *Bench) {
			<-time.After(5500 * time.Millisecond)
			b.Say("long", true)
		}})
		if err := run(context.Background(), Config{Tape: tape, Server: nobody(sim), STUN: []string{sim.server().known[0][0].String()}}, list); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(notes(tape), "\n"); !strings.Contains(got, "nat-stable no ") {
			t.Error(got)
		}
	})
}

// TestHairpin: packets between two sockets by way of their outside addresses turn round,
// also in a router that lets in only what it has seen written to.
func TestHairpin(t *testing.T) {
	for name, c := range map[string]struct {
		mapping, filtering behaviour
		turns              bool
	}{
		"turns": {independent, independent, true}, "turns, restricted": {independent, byPort, true},
		"does not turn": {independent, independent, false},
		"another outside address for each partner": {byPort, byPort, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := newNATSim(t, c.mapping, c.filtering, func(s *natSim) { s.hairpin = c.turns })
			got := measured(t, Config{Server: nobody(sim), STUN: []string{sim.server().known[0][0].String()}}, 0, "hairpin")[capture.ProbeHairpin]
			if want := c.turns && c.mapping == independent; strings.HasPrefix(got, "yes ") != want || strings.HasPrefix(got, "no ") == want {
				t.Error(got)
			}
		})
	}
}
