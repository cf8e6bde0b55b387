package probe

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// notes gives the answers on a tape, in order.
func notes(tape *capture.Tape) (list []string) {
	for _, r := range tape.From(0) {
		if r.Note != nil && r.Note.Kind == capture.KindProbe {
			list = append(list, r.Note.Key+" "+r.Note.Text)
		}
	}
	return list
}

// TestRun: probes run beside each other and after what they need, and whatever one does,
// each of its questions has an answer in the end.
func TestRun(t *testing.T) {
	var tape capture.Tape
	var told []string
	cfg := Config{Tape: &tape, Server: "127.0.0.1", Progress: func(p Progress) {
		if p.Done {
			told = append(told, p.ID)
		}
	}}
	list := []Probe{
		{ID: "second", Keys: []string{"c"}, Limit: time.Second, After: []string{"first", "not here"}, Run: func(_ context.Context, b *Bench) {
			b.Say("c", b.Answer("a").Yes(), "name", `a "b"`, "none", "", "in", 12*time.Millisecond)
		}},
		{ID: "first", Keys: []string{"a", "b"}, Limit: 30 * time.Millisecond, Run: func(ctx context.Context, b *Bench) {
			b.Say("a", true, "addr", netip.MustParseAddrPort("[::1]:5060"))
			<-ctx.Done()
		}},
		{ID: "broken", Keys: []string{"d"}, Limit: time.Second, Run: func(context.Context, *Bench) { panic("oops") }},
	}
	if err := run(context.Background(), cfg, list); err != nil {
		t.Fatal(err)
	}
	want := []string{"a yes addr=[::1]:5060", "b not-checked no result within 30ms", `c yes name="a \"b\"" in 12ms`, "d not-checked the probe failed by itself"}
	got := notes(&tape)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if len(told) != 3 || slices.Index(told, "first") > slices.Index(told, "second") {
		t.Errorf("progress told %v", told)
	}
}

// TestRunNothing: what cannot be measured is said.
func TestRunNothing(t *testing.T) {
	if err := Run(context.Background(), Config{Tape: &capture.Tape{}, Server: "x"}, "no such thing"); err == nil || !strings.Contains(err.Error(), "no such thing") {
		t.Errorf("an unknown probe gives %v", err)
	}
	if err := Run(context.Background(), Config{Tape: &capture.Tape{}}); err == nil {
		t.Error("no server is no error")
	}
}

// TestTable: every probe can be told from the others and ends.
func TestTable(t *testing.T) {
	ids, keys := map[string]bool{}, map[string]bool{}
	for _, p := range probes {
		switch {
		case ids[p.ID] || p.ID == "" || p.Title == "" || p.Run == nil || len(p.Keys) == 0:
			t.Errorf("probe %q is not whole, or there twice", p.ID)
		case p.Limit <= 0 || p.Limit > Total && !p.Slow:
			t.Errorf("probe %q may take %s", p.ID, p.Limit)
		}
		ids[p.ID] = true
		for _, k := range p.Keys {
			if keys[k] {
				t.Errorf("two probes answer %q", k)
			}
			keys[k] = true
		}
	}
}

// TestHost: accounts name servers in many ways.
func TestHost(t *testing.T) {
	for _, c := range []struct {
		server, proxy, host string
		port                uint16
	}{
		{"pbx.example.net", "", "pbx.example.net", 0}, {"pbx.example.net.:5070", "", "pbx.example.net", 5070},
		{"[2001:db8::1]:5061", "", "2001:db8::1", 5061}, {"2001:db8::1", "", "2001:db8::1", 0},
		{"a.example", "<sip:sbc.example:5080;lr>", "sbc.example", 5080}, {"a.example", "sbc.example", "sbc.example", 0},
	} {
		b := newBench(Config{Server: c.server, Proxy: c.proxy})
		if host, port := b.hostPort(); host != c.host || port != c.port {
			t.Errorf("%s by %s: %s port %d", c.server, c.proxy, host, port)
		}
	}
}
