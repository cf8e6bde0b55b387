package probe

import (
	"context"
	"crypto/x509"
	"net/textproto"
	"strings"
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
)

// clockTolerance is by how much clocks may differ that nobody needs to set: what depends
// on them counts in minutes.
const clockTolerance = 30 * time.Second

// compareClocks holds the server's Date (RFC 3261 20.17) against this computer's clock,
// in the answer that came quickest, and both against the server's certificates.
func compareClocks(ctx context.Context, b *Bench) {
	keys := []string{capture.ProbeUDPPort, capture.ProbeTCP, capture.ProbeTLS, capture.ProbeUDP}
	doors := make([]door, len(keys))
	var asking sync.WaitGroup
	for i, key := range keys {
		asking.Go(func() {
			if d, err := b.visit(ctx, key); err == nil {
				doors[i] = d
			}
		})
	}
	asking.Wait()
	var best door
	var theirs time.Time
	var chain []*x509.Certificate
	for _, d := range doors {
		if d.TLS != nil {
			chain = d.TLS.Chain
		}
		if d.Err != nil || d.Reply.SIP == nil {
			continue
		}
		if at, ok := dateOf(d.Reply.SIP); ok && (theirs.IsZero() || d.Reply.Took < best.Reply.Took) {
			best, theirs = d, at
		}
	}
	if ctx.Err() != nil && theirs.IsZero() {
		return
	}
	if theirs.IsZero() {
		b.NotChecked(capture.ProbeClock, "no answer carried a date")
		return
	}
	off := clockOff(theirs, best.Reply.At, best.Reply.Took)
	details := []any{"off", off.Round(time.Second), "server", theirs.UTC().Format(time.RFC3339)}
	if len(chain) > 0 {
		details = append(details, "tls-here", datesAt(chain, best.Reply.At), "tls-there", datesAt(chain, best.Reply.At.Add(-off)))
	}
	b.Say(capture.ProbeClock, off.Abs() <= clockTolerance, details...)
}

// clockOff is by how much this clock is ahead of one that showed theirs when an answer
// left that came at a moment, took after its request was sent. A Date has whole
// seconds, cut off: on average it is half a second old.
func clockOff(theirs, came time.Time, took time.Duration) time.Duration {
	return came.Add(-took / 2).Sub(theirs.Add(500 * time.Millisecond))
}

// dateOf reads a message's Date.
func dateOf(m *sipmsg.Message) (time.Time, bool) {
	text := textproto.TrimString(m.Get("Date"))
	day, ok := strings.CutSuffix(text, " GMT")
	if !ok {
		if day, ok = strings.CutSuffix(text, " UTC"); !ok {
			return time.Time{}, false // RFC 3261 25.1 knows nothing else
		}
	}
	at, err := time.Parse("Mon, 2 Jan 2006 15:04:05", day)
	return at, err == nil
}

// datesAt tells whether certificates are valid at a moment: "fits", "early" before one
// of them begins, "late" after one has ended.
func datesAt(chain []*x509.Certificate, at time.Time) string {
	for _, c := range chain {
		switch {
		case at.Before(c.NotBefore):
			return "early"
		case at.After(c.NotAfter):
			return "late"
		}
	}
	return "fits"
}
