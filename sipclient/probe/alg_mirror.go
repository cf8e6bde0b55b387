package probe

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
)

// The ports of a mirror that says nothing else.
const (
	MirrorPort  = 5060  // SIP over UDP and TCP
	MirrorOther = 5080  // SIP over UDP
	MirrorTLS   = 5061  // SIP over TLS
	MirrorSound = 10000 // sound
)

// How long one question to a mirror may take.
const (
	helloLimit = 2200 * time.Millisecond // three copies over UDP
	lookLimit  = 1300 * time.Millisecond // two
)

// lookIntoMirror is the Run of the probe that asks a mirror.
func lookIntoMirror(ctx context.Context, b *Bench) {
	if b.Mirror == "" {
		notMirrored(b, "no mirror was named")
		return
	}
	at, name, err := b.mirrorAddress(ctx)
	if err != nil {
		notMirrored(b, "the mirror's name leads nowhere: %s", reason(err))
		return
	}
	main := &mirrorWay{bench: b, over: capture.UDP, to: at, port: sipPort, wait: time.Second, name: name}
	stream := &mirrorWay{bench: b, over: capture.TCP, to: at, name: name}
	other := &mirrorWay{bench: b, over: capture.UDP, to: netip.AddrPortFrom(at.Addr(), MirrorOther), name: name}
	secure := &mirrorWay{bench: b, over: capture.TLS, to: netip.AddrPortFrom(at.Addr(), MirrorTLS), name: name}
	ways := []*mirrorWay{main, other, stream, secure}
	defer func() {
		for _, w := range ways {
			w.close()
		}
	}()
	media, port := b.soundSocket(ctx, at)
	if media != nil {
		defer media.Close()
	}

	var work sync.WaitGroup
	met := make(chan word, len(ways))
	meet := func(w *mirrorWay) {
		if w.err = w.open(ctx); w.err == nil {
			w.err = w.hello(ctx)
		}
		met <- w.ready
		if w.err == nil {
			w.look(ctx, port)
		}
	}
	work.Go(func() { meet(main) })
	work.Go(func() { meet(stream) })
	ready := <-met
	if ready.verb == "" {
		ready = <-met
	}
	if list := ready.ports("udp"); len(list) > 1 {
		other.to = netip.AddrPortFrom(at.Addr(), list[1])
	}
	if list := ready.ports("tls"); len(list) > 0 {
		secure.to = netip.AddrPortFrom(at.Addr(), list[0])
	} else if ready.verb != "" {
		ways = ways[:3] // it has no certificate
	}
	for _, w := range ways[1:] {
		if w != stream {
			work.Go(func() { meet(w) })
		}
	}
	work.Wait()
	b.sayMirrored(at, ways)
	for _, w := range ways {
		w.close() // the port that phones use is free for others again
		if w.err == nil && w.over != capture.TLS {
			b.testSound(ctx, w, media)
			return
		}
	}
	notMirrored(b, "the mirror at %s does not answer: %s", at, reason(main.err))
}

// notMirrored answers all questions to a mirror that have no answer yet.
func notMirrored(b *Bench, format string, args ...any) {
	for _, key := range []string{capture.ProbeALGMirror, capture.ProbeMirrorOut, capture.ProbeMirrorIn} {
		if b.Answer(key).Result == "" {
			b.NotChecked(key, format, args...)
		}
	}
}

// mirrorAddress finds the mirror.
func (b *Bench) mirrorAddress(ctx context.Context) (at netip.AddrPort, name string, err error) {
	name, port := splitHostPort(b.Mirror)
	if port == 0 {
		port = MirrorPort
	}
	if a, err := netip.ParseAddr(name); err == nil {
		return netip.AddrPortFrom(a.Unmap(), port), name, nil
	}
	list, err := b.resolver().LookupNetIP(ctx, "ip", name)
	if err != nil {
		return at, name, err
	}
	if len(list) == 0 {
		return at, name, errors.New("no address")
	}
	best := slices.MinFunc(list, func(a, b netip.Addr) int { return a.Unmap().BitLen() - b.Unmap().BitLen() })
	return netip.AddrPortFrom(best.Unmap(), port), name, nil
}

// sayMirrored answers whether everything arrived as it was sent.
func (b *Bench) sayMirrored(at netip.AddrPort, ways []*mirrorWay) {
	var v mirrorView
	for _, w := range ways {
		if w.err != nil {
			v.silent = append(v.silent, w.String())
			continue
		}
		for _, r := range w.looked {
			v.add(r)
		}
	}
	if v.reports == 0 {
		if len(v.lost) > 0 {
			b.NotChecked(capture.ProbeALGMirror, "the mirror answers, but not to what looks like a phone's request")
		}
		return
	}
	details := []any{"what", v.whats()}
	if len(v.changes) > 0 {
		c := v.changes[0]
		details = append(details, "sent", c.sent, "received", c.received, "to", v.to())
	}
	back := ""
	if v.hidden {
		back = "hidden"
	}
	length := ""
	if v.misfit {
		length = "wrong"
	}
	b.Say(capture.ProbeALGMirror, len(v.changes) == 0, append(details, "outside", v.outside, "method", v.methods, "over", v.changed,
		"clean", v.clean, "lost", v.lost, "silent", v.silent, "length", length, "back", back, "mirror", at)...)
}

// mirrorView is what all requests to a mirror say together.
type mirrorView struct {
	reports             int
	changes             []change
	outside             netip.AddrPort
	methods, changed    []string
	clean, lost, silent []string
	hidden, misfit      bool
}

func (v *mirrorView) add(r reflection) {
	list := compare(r.sent, r.received)
	switch {
	case r.damaged:
		list = []change{{what: "report"}}
	case r.received == nil:
		v.lost = append(v.lost, strings.ToLower(r.method)+"/"+r.way)
		return
	}
	v.reports++
	if !v.outside.IsValid() {
		v.outside = r.from
	}
	if len(list) == 0 {
		if v.clean = appendNew(v.clean, r.way); slices.Contains(v.changed, r.way) {
			v.clean = v.clean[:len(v.clean)-1]
		}
		return
	}
	v.changes = append(v.changes, list...)
	slices.SortStableFunc(v.changes, func(a, b change) int { return rank(a.what) - rank(b.what) })
	v.methods, v.changed = appendNew(v.methods, r.method), appendNew(v.changed, r.way)
	v.clean = slices.DeleteFunc(v.clean, func(w string) bool { return w == r.way })
	v.hidden = v.hidden || r.hidden
	v.misfit = v.misfit || r.received != nil && !lengthFits(r.received)
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// whats names everything that was changed, once.
func (v *mirrorView) whats() (list []string) {
	for _, c := range v.changes {
		list = appendNew(list, c.what)
	}
	return list
}

// to is the address that was written in place of ours.
func (v *mirrorView) to() netip.Addr {
	for _, c := range v.changes {
		if a := c.changedTo(); a.IsValid() {
			return a
		}
	}
	return netip.Addr{}
}
