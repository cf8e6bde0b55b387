package evidence

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// TestProbes reads the details that capture promises, and is not led astray by others.
func TestProbes(t *testing.T) {
	var b Builder
	note := func(key, text string) {
		b.Add(capture.Record{N: 7, Note: &capture.Note{Kind: capture.KindProbe, Key: key, Text: text}})
	}
	note(capture.ProbeNATLifetime, "not-checked no server to ask")
	if _, ok := b.Evidence().Probe(capture.ProbeNATLifetime); ok || b.Evidence().Have.Has(HaveProbes) {
		t.Error("what was not checked counts as measured")
	}
	note(capture.ProbeNATLifetime, "no lives=30s keepalive=1m0s in 65s")
	note(capture.ProbeWANAddress, "no wan=100.70.1.2 mapped=198.51.100.9:4000")
	note(capture.SoundMicrophone, `no device="Head = set \"2\"" reason=denied`)
	note(capture.SoundMicLevel, "no level=-72.5 peak=NaN constant=yes")
	e := b.Evidence()
	if !e.Have.Has(HaveProbes | HaveSound) {
		t.Errorf("have %b", e.Have)
	}
	p, ok := e.Probe(capture.ProbeNATLifetime)
	lives, known := p.Duration("lives")
	if !ok || p.Yes() || !known || lives != 30*time.Second || p.Took != 65*time.Second || p.N != 7 {
		t.Errorf("%+v, lives %s", p, lives)
	}
	if _, known := p.Duration("nothing"); known {
		t.Error("a detail that is not there has a value")
	}
	p, _ = e.Probe(capture.ProbeWANAddress)
	if p.Addr("wan") != netip.MustParseAddr("100.70.1.2") || p.Addr("mapped") != netip.MustParseAddr("198.51.100.9") || p.Addr("x").IsValid() {
		t.Errorf("%s and %s", p.Addr("wan"), p.Addr("mapped"))
	}
	p, _ = e.Probe(capture.SoundMicrophone)
	if p.Text("device") != `Head = set "2"` || p.Text("reason") != "denied" {
		t.Errorf("%q, %q", p.Text("device"), p.Text("reason"))
	}
	p, _ = e.Probe(capture.SoundMicLevel)
	if level, known := p.Number("level"); !known || level != -72.5 {
		t.Error(level, known)
	}
	if _, known := p.Number("peak"); known {
		t.Error("no number is a number")
	}
	for _, odd := range []string{"", "=", "==", `a="`, `a="b`, "a=", " a b c", "x =y", "\x00=\xff"} {
		for _, name := range []string{"", "a", "x"} {
			_ = Probe{Detail: odd}.Text(name)
		}
	}
}

// TestMirrorNotes reads what the probes for helpers in routers write.
func TestMirrorNotes(t *testing.T) {
	var b Builder
	for n, text := range []string{
		capture.ProbeALGMirror + ` no what=via,contact,sdp sent="Via: SIP/2.0/UDP 192.168.77.2:5060;rport;branch=z9hG4bK47a6" received="Via: SIP/2.0/UDP 198.51.100.1:5060;rport;branch=z9hG4bK47a6" to=198.51.100.1 outside=198.51.100.1:5060 method=OPTIONS,REGISTER,INVITE over=udp/5060 clean=udp/5080,tcp/5060 lost=register/udp/5060 back=hidden mirror=198.51.100.30:5060`,
		capture.ProbeALGEcho + ` no signs=bait,two-faces what=via sent="SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bK2" back="SIP/2.0/UDP [fd77::2]:5060;branch=z9hG4bK2;received=fd77::2" over=udp/5060 local=[fd77::2]:5060 server=[2001:db8::5]:5060`,
		capture.ProbeALGPorts + ` no differs=seen 5060=yes seen-5060=192.168.77.2:5060 other=yes seen-other=192.168.77.2:35954 tcp=no tls=yes inside=5060 outside=tls`,
		capture.ProbeMirrorOut + ` yes sent=150 got=141 lost=9 longest=3 from=192.168.77.2:58388 to=198.51.100.30:10000 seen=198.51.100.1:58388 asked=198.51.100.1:58388 mirror=198.51.100.30:5060`,
		capture.ProbeMirrorIn + ` no sent=3 got=0 lost=3 longest=3 early-sent=3 early-got=0 mirror=198.51.100.30:5060`,
	} {
		key, rest, _ := strings.Cut(text, " ")
		b.Add(capture.Record{N: n + 1, Note: &capture.Note{Kind: capture.KindProbe, Key: key, Text: rest}})
	}
	e := b.Evidence()
	for _, c := range []struct{ key, name, want string }{
		{capture.ProbeALGMirror, "what", "via,contact,sdp"}, {capture.ProbeALGMirror, "received", "Via: SIP/2.0/UDP 198.51.100.1:5060;rport;branch=z9hG4bK47a6"},
		{capture.ProbeALGMirror, "clean", "udp/5080,tcp/5060"}, {capture.ProbeALGMirror, "lost", "register/udp/5060"}, {capture.ProbeALGMirror, "back", "hidden"},
		{capture.ProbeALGEcho, "signs", "bait,two-faces"}, {capture.ProbeALGEcho, "back", "SIP/2.0/UDP [fd77::2]:5060;branch=z9hG4bK2;received=fd77::2"},
		{capture.ProbeALGPorts, "differs", "seen"}, {capture.ProbeALGPorts, "outside", "tls"}, {capture.ProbeALGPorts, "5060", "yes"},
		{capture.ProbeMirrorOut, "asked", "198.51.100.1:58388"},
	} {
		if p, ok := e.Probe(c.key); !ok || p.Text(c.name) != c.want {
			t.Errorf("%s %s is %q, want %q", c.key, c.name, p.Text(c.name), c.want)
		}
	}
	p, _ := e.Probe(capture.ProbeALGMirror)
	if p.Addr("to") != netip.MustParseAddr("198.51.100.1") || p.Addr("outside") != p.Addr("to") || p.Yes() {
		t.Errorf("%+v", p)
	}
	p, _ = e.Probe(capture.ProbeALGEcho)
	if p.Addr("local") != netip.MustParseAddr("fd77::2") {
		t.Errorf("local %s", p.Addr("local"))
	}
	p, _ = e.Probe(capture.ProbeMirrorOut)
	if lost, ok := p.Number("lost"); !ok || lost != 9 || !p.Yes() {
		t.Errorf("%+v", p)
	}
	p, _ = e.Probe(capture.ProbeMirrorIn)
	if got, ok := p.Number("got"); !ok || got != 0 || p.Yes() {
		t.Errorf("%+v", p)
	}
}

// TestProbesOfNAT reads what package probe writes about the router.
func TestProbesOfNAT(t *testing.T) {
	var b Builder
	for key, text := range map[string]string{
		capture.ProbeNAT:          "no local=192.168.1.20:39000 mapped=198.51.100.9:41000 by=stun.example.net type=port-restricted in 12.4ms",
		capture.ProbeNATMapping:   "yes mapped=198.51.100.9:41000 other=198.51.100.9:41000 mapping=endpoint-independent",
		capture.ProbeNATFiltering: "not-checked no server is known that can answer from a second address (RFC 5780)",
		capture.ProbeNATLifetime:  "no lives=25s gone=30s keepalive=1m0s every=15s by=stun.example.net in 36.2s",
		capture.ProbeWANAddress:   "no hop=192.168.178.1 mapped=[2001:db8::9]:41000 by=hop",
		capture.ProbeNATMedia:     "no local=192.168.1.20:4000 by=stun.example.net reason=silent",
		capture.ProbeNATStable:    "no first=198.51.100.9:41000 then=198.51.100.77:41000 after=3.01s by=203.0.113.5:5060",
	} {
		b.Add(capture.Record{N: 7, Note: &capture.Note{Kind: capture.KindProbe, Key: key, Text: text}})
	}
	e := b.Evidence()
	for _, c := range []struct{ key, name, want string }{
		{capture.ProbeNAT, "type", "port-restricted"}, {capture.ProbeNAT, "by", "stun.example.net"}, {capture.ProbeNATMapping, "mapping", "endpoint-independent"},
		{capture.ProbeNATMedia, "reason", "silent"}, {capture.ProbeNATStable, "by", "203.0.113.5:5060"}, {capture.ProbeNATFiltering, "filtering", ""},
	} {
		if p, _ := e.Probe(c.key); p.Text(c.name) != c.want {
			t.Errorf("%s of %s is %q, want %q", c.name, c.key, p.Text(c.name), c.want)
		}
	}
	for name, want := range map[string]time.Duration{"lives": 25 * time.Second, "gone": 30 * time.Second, "keepalive": time.Minute, "every": 15 * time.Second} {
		p, ok := e.Probe(capture.ProbeNATLifetime)
		if d, known := p.Duration(name); !ok || !known || d != want || p.Took != 36200*time.Millisecond {
			t.Errorf("%s is %s, want %s; took %s", name, d, want, p.Took)
		}
	}
	p, _ := e.Probe(capture.ProbeWANAddress)
	if p.Addr("hop") != netip.MustParseAddr("192.168.178.1") || p.Addr("mapped") != netip.MustParseAddr("2001:db8::9") || p.Addr("wan").IsValid() {
		t.Errorf("%+v", p)
	}
	if _, ok := e.Probe(capture.ProbeNATFiltering); ok {
		t.Error("what was not checked counts as measured")
	}
}

// TestHoles: nothing recorded for half a minute is a hole, whatever the kind of record.
func TestHoles(t *testing.T) {
	var b Builder
	for i, s := range []int{0, 20, 49, 79, 80, 400, 90, 401} {
		b.Add(capture.Record{N: i + 1, Note: &capture.Note{Kind: capture.KindStep, Time: began.Add(time.Duration(s) * time.Second)}})
	}
	holes := b.Evidence().Holes
	if len(holes) != 2 || holes[0].Lasted() != 30*time.Second || holes[1].Lasted() != 320*time.Second {
		t.Fatalf("%+v", holes)
	}
	if h := holes[1]; h.After != 5 || h.Before != 6 {
		t.Errorf("between %d and %d", h.After, h.Before)
	}
}

// TestClocksApart: two clocks that part are measured through jitter, and neither a step
// nor a short stream is one.
func TestClocksApart(t *testing.T) {
	for name, c := range map[string]struct {
		packets int
		delay   func(i int) float64 // ms
		want    time.Duration       // per minute
		not     bool
	}{
		"no drift":             {2000, func(i int) float64 { return float64(i * 7 % 13) }, 0, false},
		"fast by 100 ms":       {2000, func(i int) float64 { return -float64(i) * 20 * 100 / 60000 }, -100 * time.Millisecond, false},
		"slow, and jitter":     {3000, func(i int) float64 { return float64(i)*20*200/60000 + float64(i*7%31) }, 200 * time.Millisecond, false},
		"a step is no drift":   {2000, func(i int) float64 { return map[bool]float64{true: 80}[i > 1000] }, 0, true},
		"too short":            {900, func(i int) float64 { return float64(i) }, 0, true},
		"a route that wanders": {2000, func(i int) float64 { return float64(i / 250 % 2 * 40) }, 0, true},
	} {
		var tm timing
		for i := range c.packets {
			tm.add(began.Add(time.Duration((float64(20*i)+c.delay(i))*1e6)), uint32(i)*160, 8000, true)
		}
		skew, over := tm.drift.skew()
		if (over == 0) != c.not || (skew-c.want).Abs() > 3*time.Millisecond {
			t.Errorf("%s: %s a minute over %s, want %s", name, skew, over, c.want)
		}
	}
}

// TestSpurts counts the pauses that a sender makes by itself, and those only.
func TestSpurts(t *testing.T) {
	var s stream
	s.clock, s.format, s.pt = 8000, "", 0
	at, seq := began, uint16(0)
	send := func(wait time.Duration, lost int, marker bool) {
		at = at.Add(wait)
		seq += uint16(1 + lost)
		s.add(&packet{n: int(seq), at: at}, &rtpHeader{seq: seq, ts: uint32(at.Sub(began).Milliseconds() * 8), marker: marker}, nil, nil)
	}
	send(0, 0, true)
	for range 10 {
		send(20*time.Millisecond, 0, false)
	}
	send(400*time.Millisecond, 0, true)  // a pause of its own
	send(400*time.Millisecond, 19, true) // the same with packets missing: lost
	send(400*time.Millisecond, 0, false) // a gap that nobody announced
	send(20*time.Millisecond, 0, true)   // a marker without a pause
	send(1000*time.Millisecond, 0, true) // and another pause
	if s.spurts != 2 {
		t.Errorf("%d pauses, want 2", s.spurts)
	}
}

// TestDoorProbes reads the details of the ways to a server.
func TestDoorProbes(t *testing.T) {
	var b Builder
	for key, text := range map[string]string{
		capture.ProbeUDP:         "no server=192.0.2.1:5060 from=10.0.0.7:5060 wanted=yes reason=refused usual=[2001:db8::1]:5060",
		capture.ProbeTLS:         `no server=192.0.2.1:5061 from=10.0.0.7:40000 reason=certificate open=yes name=pbx.example.net faults="name-mismatch, expired" version="TLS 1.3" cipher=TLS_AES_128_GCM_SHA256`,
		capture.ProbeCertificate: `no server=192.0.2.1:5061 name=pbx.example.net faults="name-mismatch, expired" certificates=2 subject="CN=a \"b\"" issuer="CN=Some CA" names="x.example y.example" from=2020-01-01T00:00:00Z until=2021-01-01T00:00:00Z subject-2="CN=Some CA" issuer-2="CN=Some CA" from-2=2015-01-01T00:00:00Z until-2=2035-01-01T00:00:00Z`,
		capture.ProbeTLSVersions: `no server=192.0.2.1:5061 takes="TLS 1.0" refuses="TLS 1.3,TLS 1.2,TLS 1.1"`,
		capture.ProbeClock:       "no off=-4m0s server=2026-03-01T12:00:00Z tls-here=early tls-there=fits",
		capture.ProbeSizeUDP:     "no largest=1300 failed=1400 above=2500 server=192.0.2.1:5060 mtu=1500 invite=1430",
		capture.ProbeTCP:         "yes server=192.0.2.1:5060 from=10.0.0.7:40001 code=200 in 12ms",
	} {
		b.Add(capture.Record{N: 3, Note: &capture.Note{Kind: capture.KindProbe, Key: key, Text: text}})
	}
	e := b.Evidence()
	get := func(key string) Probe { p, _ := e.Probe(key); return p }
	if p := get(capture.ProbeUDP); p.AddrPort("server") != netip.MustParseAddrPort("192.0.2.1:5060") || p.AddrPort("usual") != netip.MustParseAddrPort("[2001:db8::1]:5060") ||
		p.Text("reason") != "refused" || p.Text("wanted") != "yes" || p.AddrPort("said").IsValid() {
		t.Errorf("%+v", p)
	}
	if p := get(capture.ProbeTLS); p.Text("faults") != "name-mismatch, expired" || p.Text("version") != "TLS 1.3" || p.Text("open") != "yes" {
		t.Errorf("%+v", p)
	}
	chain := get(capture.ProbeCertificate).Certificates()
	if len(chain) != 2 || chain[0].Subject != `CN=a "b"` || len(chain[0].Names) != 2 || chain[0].Until.Year() != 2021 || chain[1].Subject != "CN=Some CA" || chain[1].N != 3 || len(chain[1].Names) != 0 {
		t.Errorf("%+v", chain)
	}
	if p := get(capture.ProbeTLSVersions); p.Text("takes") != "TLS 1.0" || p.Text("refuses") != "TLS 1.3,TLS 1.2,TLS 1.1" {
		t.Errorf("%+v", p)
	}
	if p := get(capture.ProbeClock); p.Text("tls-here") != "early" {
		t.Errorf("%+v", p)
	} else if off, ok := p.Duration("off"); !ok || off != -4*time.Minute {
		t.Error(off)
	}
	failed, ok := get(capture.ProbeSizeUDP).Number("failed")
	if above, both := get(capture.ProbeSizeUDP).Number("above"); !ok || !both || failed != 1400 || above != 2500 {
		t.Error(failed, above)
	}
	if p := get(capture.ProbeTCP); !p.Yes() || p.Took != 12*time.Millisecond {
		t.Errorf("%+v", p)
	}
	var none Probe
	if len(none.Certificates()) != 0 || len((Probe{Detail: `until="x" until-2=2020-01-01T00:00:00Z`}).Certificates()) != 0 {
		t.Error("certificates out of nothing")
	}
}
