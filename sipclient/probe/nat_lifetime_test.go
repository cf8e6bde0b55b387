package probe

import (
	"context"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// short silences stand for the real ones: a tenth of a second for five.
func shortSilences(n int) (list []time.Duration) {
	for i := range n {
		list = append(list, time.Duration(i+1)*400*time.Millisecond)
	}
	return list
}

// lifetimeOf measures against a simulated router.
func lifetimeOf(t *testing.T, cfg Config, tried []time.Duration, limit time.Duration) string {
	t.Helper()
	tape := &capture.Tape{}
	cfg.Tape = tape
	p := Probe{ID: "lifetime", Keys: []string{capture.ProbeNATLifetime}, Limit: limit, Slow: true, Run: func(ctx context.Context, b *Bench) { b.lifetime(ctx, tried) }}
	if err := run(context.Background(), cfg, []Probe{p}); err != nil {
		t.Fatal(err)
	}
	got := notes(tape)
	if len(got) != 1 {
		t.Fatalf("%q", got)
	}
	return strings.TrimPrefix(got[0], capture.ProbeNATLifetime+" ")
}

// TestLifetime: what the router remembers is bracketed, with a server that can answer to
// another port, and without one where the router gives out new ports.
func TestLifetime(t *testing.T) {
	const memory = 1000 * time.Millisecond // between the second and the third silence
	for name, c := range map[string]struct {
		server    func(*stunServer)
		keepsPort bool
		none      bool // no STUN server, the registrar alone
		memory    time.Duration
		keepAlive time.Duration
		begins    string
		words     []string
	}{
		"too short":                {nil, true, false, memory, 1200 * time.Millisecond, "no ", []string{"lives=800ms", "gone=1.2s", "keepalive=1.2s"}},
		"long enough":              {nil, true, false, memory, 800 * time.Millisecond, "yes ", []string{"lives=800ms", "gone=1.2s", "keepalive=800ms"}},
		"in between":               {nil, true, false, memory, 900 * time.Millisecond, "no ", []string{"lives=800ms", "gone=1.2s"}},
		"how often is not known":   {nil, true, false, memory, 0, "no ", []string{"lives=800ms", "gone=1.2s"}},
		"longer than all":          {nil, true, false, 0, 1600 * time.Millisecond, "yes ", []string{"lives=2s"}},
		"by the changed port":      {func(s *stunServer) { s.noOtherPort = true }, false, false, memory, 1200 * time.Millisecond, "no ", []string{"lives=800ms", "gone=1.2s"}},
		"by the registrar":         {nil, false, true, memory, 1200 * time.Millisecond, "no ", []string{"lives=800ms", "gone=1.2s"}},
		"the same port once more":  {func(s *stunServer) { s.noOtherPort = true }, true, false, memory, 1200 * time.Millisecond, "not-checked the router gives a forgotten phone the same number", nil},
		"shorter than all":         {nil, true, false, 200 * time.Millisecond, 1200 * time.Millisecond, "no ", []string{"gone=400ms"}},
		"the server stops":         {func(s *stunServer) { s.deafAfter = 11 }, true, false, memory, 1200 * time.Millisecond, "not-checked ", nil},
		"stopped in the meantime ": {nil, true, false, 0, time.Minute, "not-checked stopped after 2s, until when", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := newNATSim(t, independent, byPort, func(s *natSim) { s.lifetime, s.keepsPort = c.memory, c.keepsPort })
			cfg := Config{Server: nobody(sim), KeepAlive: c.keepAlive}
			if c.none {
				cfg.Server = sim.registrar(0, honest).String()
			} else {
				cfg.STUN = []string{sim.server(func(s *stunServer) {
					if c.server != nil {
						c.server(s)
					}
				}).known[0][0].String()}
			}
			got := lifetimeOf(t, cfg, shortSilences(5), 20*time.Second)
			if !strings.HasPrefix(got, c.begins) || !has(got, c.words...) {
				t.Error(got)
			}
		})
	}
}

// TestLifetimes: lost packets do not make a memory look short.
func TestLifetimes(t *testing.T) {
	var l lifetimes
	for _, o := range []outlived{{10, alive}, {15, gone}, {20, alive}, {25, noVerdict}, {30, gone}} {
		l.add(o)
		if l.settled() {
			t.Fatalf("settled by %v", o)
		}
	}
	l.add(outlived{35, gone})
	if l.lives != 20 || l.tooLong() != 30 || !l.settled() {
		t.Errorf("%+v", l)
	}
}

// TestSignOfLife: the advice is safely below what the router was seen to outlive.
func TestSignOfLife(t *testing.T) {
	for _, c := range []struct{ lives, gone, want int }{{30, 35, 20}, {25, 30, 15}, {60, 75, 25}, {15, 20, 10}, {0, 10, 3}, {120, 150, 25}, {10, 15, 5}} {
		s := time.Second
		if got := signOfLife(time.Duration(c.lives)*s, time.Duration(c.gone)*s); got != time.Duration(c.want)*s {
			t.Errorf("lives %d, gone %d: every %s, want %d s", c.lives, c.gone, got, c.want)
		}
	}
}

// TestSilences: the person's limit and the phone's own pause are tried as well.
func TestSilences(t *testing.T) {
	if len(silences) < 9 || silences[0] > 15*time.Second || silences[len(silences)-1] != 5*time.Minute {
		t.Error(silences)
	}
}
