package probe

import (
	"crypto/x509"
	"net/netip"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
)

// date is how servers write a moment (RFC 3261 20.17).
func date(at time.Time) string { return at.UTC().Format("Mon, 02 Jan 2006 15:04:05") + " GMT" }

// TestClock: the server's date, whichever answer carries it, against ours.
func TestClock(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		off  time.Duration // of the server's clock
		want []string
	}{
		"same":   {0, []string{"yes"}},
		"close":  {-20 * time.Second, []string{"yes"}},
		"behind": {-4 * time.Minute, []string{"no"}},
		"ahead":  {49 * time.Hour, []string{"no"}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			at := serveUDP(t, "127.0.0.1:0", func(r []byte) []byte { return okTo(r, 200, "Date", date(time.Now().Add(c.off))) })
			got := measured(t, Config{Server: at.String()}, 0, "udp-port", "clock")[capture.ProbeClock]
			if !has(got, c.want...) {
				t.Fatal(got)
			}
			text := got[strings.Index(got, "off=")+len("off="):]
			off, err := time.ParseDuration(strings.Fields(text)[0])
			if err != nil || (off+c.off).Abs() > time.Second {
				t.Errorf("%s off, %v: %s", off, err, got)
			}
		})
	}
	none := serveUDP(t, "127.0.0.1:0", func(r []byte) []byte { return okTo(r, 200) })
	if got := measured(t, Config{Server: none.String()}, 0, "clock")[capture.ProbeClock]; got != "not-checked no answer carried a date" {
		t.Error(got)
	}
}

// TestClockByCertificates: the certificates of the server tell which of two clocks is right.
func TestClockByCertificates(t *testing.T) {
	t.Parallel()
	ca := newIssuer(t)
	future := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().AddDate(1, 0, 0), time.Now().AddDate(2, 0, 0)
	}
	udp := serveUDP(t, "127.0.0.78:5060", func(r []byte) []byte { return okTo(r, 200, "Date", date(time.Now().AddDate(1, 6, 0))) })

	tls := serveTCP(t, overTLS(ca.config(t, future), speakSIP(func(r []byte) []byte { return nil })))
	b := newBench(Config{Tape: &capture.Tape{}, Server: tls.String(), Transport: capture.TLS, Roots: ca.pool()})
	l := &lookup{done: make(chan struct{}), list: []netip.AddrPort{udp}}
	close(l.done)
	b.found[capture.UDP] = l
	compareClocks(t.Context(), b)
	if got := b.Answer(capture.ProbeClock); got.Result != "no" || !has(got.Detail, "tls-here=early", "tls-there=fits") {
		t.Error(got)
	}
}

// TestClockOff: half of the way there and back, and half a second of what a Date cuts off.
func TestClockOff(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if off := clockOff(at, at.Add(2*time.Second), 3*time.Second); off != 0 {
		t.Error(off)
	}
	if off := clockOff(at, at.Add(time.Minute), 0); off != 59500*time.Millisecond {
		t.Error(off)
	}
}

// TestDate reads what servers write, and no more.
func TestDate(t *testing.T) {
	want := time.Date(2026, 3, 1, 9, 5, 7, 0, time.UTC)
	for text, ok := range map[string]bool{
		"Sun, 01 Mar 2026 09:05:07 GMT": true, "Sun, 1 Mar 2026 09:05:07 GMT": true, "  Sun, 01 Mar 2026 09:05:07 UTC ": true,
		"Sun, 01 Mar 2026 09:05:07 CET": false, "Sun, 01 Mar 2026 09:05:07": false, "2026-03-01T09:05:07Z": false, "": false, " GMT": false,
	} {
		m := sipmsg.NewResponse(sipmsg.NewRequest("OPTIONS", "sip:x"), 200, "OK")
		m.Add("Date", text)
		if at, got := dateOf(m); got != ok || ok && !at.Equal(want) {
			t.Errorf("%q: %s, %v", text, at, got)
		}
	}
}
