package probe

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

// The silences that are tried, each with a socket of its own, all at the same time: the
// answer is there as soon as the first of them is too long. RFC 4787 4.3 wants more than
// two minutes; many routers grant half a minute to a socket that spoke once.
var silences = func() (list []time.Duration) {
	for _, s := range []int{10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 75, 90, 105, 120, 150, 180, 210, 240, 270, 300} {
		list = append(list, time.Duration(s)*time.Second)
	}
	return list
}()

// usualPause is the longest pause between two signs of life of usual phones, where the
// phone's own is not known (RFC 5626 4.4.2).
const usualPause = 30 * time.Second

// findLifetime measures how long the router keeps the way in to a silent socket open.
func findLifetime(ctx context.Context, b *Bench) {
	upTo := b.UpTo
	if upTo <= 0 {
		upTo = silences[len(silences)-1]
	}
	tried := slices.DeleteFunc(slices.Clone(silences), func(s time.Duration) bool { return s > upTo })
	for _, s := range []time.Duration{upTo, b.KeepAlive} { // the question itself, exactly
		if s >= time.Second && s <= upTo {
			tried = append(tried, s)
		}
	}
	slices.Sort(tried)
	b.lifetime(ctx, slices.Compact(tried))
}

// lifetime tries these silences, in growing order, and answers.
func (b *Bench) lifetime(ctx context.Context, tried []time.Duration) {
	no := func(format string, args ...any) { b.NotChecked(capture.ProbeNATLifetime, format, args...) }
	seen := b.outside(ctx)
	v, nat, known := seen.translated()
	if !known {
		if ctx.Err() == nil {
			no("%s", seen.why())
		}
		return
	}
	asker, err := newAsker(ctx, b, seen, v, nat)
	if err != nil {
		if ctx.Err() == nil {
			no("%s", err)
		}
		return
	}
	defer asker.Close()
	began := time.Now()
	sockets := asker.openAll(ctx, len(tried))
	defer func() {
		for _, s := range sockets {
			s.Close()
		}
	}()
	if len(sockets) == 0 {
		if ctx.Err() == nil {
			no("the server stopped answering")
		}
		return
	}
	tried = tried[:len(sockets)] // the longest ones can be done without
	// A silence that is outlived after one that was not shows that packets were lost, so
	// the shortest that is not outlived counts only together with the next one.
	results := make(chan outlived, len(tried))
	inner, stop := context.WithCancel(ctx)
	var waiting sync.WaitGroup
	for i, s := range sockets {
		waiting.Go(func() { results <- outlived{tried[i], asker.outlives(inner, s, tried[i])} })
	}
	var r lifetimes
	for range sockets {
		r.add(<-results)
		if r.settled() {
			break
		}
	}
	stop()
	waiting.Wait()
	b.sayLifetime(r, asker.by(), time.Since(began))
}

// verdict is what became of one silence.
type verdict uint8

const (
	noVerdict verdict = iota // the way in was not asked, or nothing can be told
	alive
	gone
)

type outlived struct {
	silence time.Duration
	verdict
}

// lifetimes collects what became of each silence.
type lifetimes struct {
	lives time.Duration   // the longest that was outlived
	gone  []time.Duration // those that were not, growing
}

func (l *lifetimes) add(o outlived) {
	switch o.verdict {
	case alive:
		l.lives = max(l.lives, o.silence)
	case gone:
		l.gone = append(l.gone, o.silence)
		slices.Sort(l.gone)
	}
	// Shorter ones that seemed not to be outlived were lost packets.
	l.gone = slices.DeleteFunc(l.gone, func(s time.Duration) bool { return s <= l.lives })
}

// settled tells that two silences in a row were not outlived.
func (l *lifetimes) settled() bool { return len(l.gone) >= 2 }

// tooLong is the shortest silence that was not outlived, 0 for none.
func (l *lifetimes) tooLong() time.Duration {
	if len(l.gone) == 0 {
		return 0
	}
	return l.gone[0]
}

// sayLifetime answers the question.
func (b *Bench) sayLifetime(l lifetimes, by string, took time.Duration) {
	pause := b.KeepAlive
	if pause <= 0 {
		pause = usualPause
	}
	tooLong := l.tooLong()
	if l.lives == 0 && tooLong == 0 {
		return // stopped before the first one was over, or nothing can be told: it is noted so
	}
	details := []any{}
	if l.lives > 0 {
		details = append(details, "lives", l.lives)
	}
	if tooLong > 0 {
		details = append(details, "gone", tooLong)
	}
	if b.KeepAlive > 0 {
		details = append(details, "keepalive", b.KeepAlive)
	}
	if tooLong > 0 {
		details = append(details, "every", signOfLife(l.lives, tooLong))
	}
	details = append(details, "by", by, "in", took)
	switch {
	case l.lives >= pause:
		b.Say(capture.ProbeNATLifetime, true, details...)
	case tooLong > 0: // also where it ends somewhere around the pause: that is none to rely on
		b.Say(capture.ProbeNATLifetime, false, details...)
	default:
		b.NotChecked(capture.ProbeNATLifetime, "stopped after %s, until when the router remembered", short(l.lives))
	}
}

// signOfLife is how often a phone should speak so that a router with this memory never
// forgets it: two thirds of what it surely outlives, so that one lost packet does no
// harm worth speaking of, and never more than 25 s, as routers differ.
func signOfLife(lives, tooLong time.Duration) time.Duration {
	if lives == 0 {
		lives = tooLong / 2
	}
	every := lives * 2 / 3
	step := 5 * time.Second
	if every < step {
		step = time.Second
	}
	return max(min(every.Truncate(step), 25*time.Second), time.Second)
}

// asker finds out whether the way in to a socket is still open, in one of two ways. With
// a server that answers to another port (RESPONSE-PORT, RFC 5780 4.6) another socket
// asks for a packet to the silent one. Otherwise the silent socket speaks up: another
// outside port than before shows that the old one is gone; the same one shows that it
// is not only where the router does not hand out the inside port anyway.
type asker struct {
	b       *Bench
	from    view
	trigger *outlet // nil: the second way
}

// errHandsOut: nothing can be told by a router that gives the same number again.
var errHandsOut = errors.New("the router gives a forgotten phone the same number again, and no server is known that could tell the difference (RFC 5780)")

// newAsker chooses the way.
func newAsker(ctx context.Context, b *Bench, seen *outside, best view, nat bool) (*asker, error) {
	for _, v := range seen.views {
		if v.sip {
			continue
		}
		trigger, err := openOutlet(v.addr.Addr())
		if err != nil {
			return nil, errors.New(reason(err))
		}
		a := &asker{b: b, from: v, trigger: trigger}
		s, err := a.open(ctx)
		if err == nil {
			works := a.outlives(ctx, s, 0) == alive
			s.Close()
			if works {
				return a, nil
			}
		}
		trigger.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	if !nat {
		return nil, errors.New("there is no NAT on the way, and no server is known that could tell what a firewall remembers (RFC 5780)")
	}
	a := &asker{b: b, from: best}
	s, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if s.mapped.Port() == s.local.Port() {
		return nil, errHandsOut
	}
	return a, nil
}

func (a *asker) by() string { return a.from.name }

// Close frees the socket that asks.
func (a *asker) Close() {
	if a.trigger != nil {
		a.trigger.Close()
	}
}

// silent is a socket with a way in that nobody uses.
type silent struct {
	*outlet
	mapped netip.AddrPort
	since  time.Time
}

// open opens a socket and its way in, by one question.
func (a *asker) open(ctx context.Context) (*silent, error) {
	o, err := openOutlet(a.from.addr.Addr())
	if err != nil {
		return nil, errors.New(reason(err))
	}
	v, err := o.view(ctx, a.b, a.from.helper, testPatience)
	if err != nil {
		o.Close()
		return nil, errors.New("the server stopped answering")
	}
	return &silent{o, v.mapped, time.Now()}, nil
}

// openAll opens so many, one after the other: servers take a burst for an attack. Fewer
// come back where the server does not answer all the time.
func (a *asker) openAll(ctx context.Context, n int) []*silent {
	var list []*silent
	pause := 20 * time.Millisecond
	if a.from.sip {
		pause = 150 * time.Millisecond
	}
	for failed := 0; len(list) < n && failed < 3; {
		s, err := a.open(ctx)
		if err != nil {
			failed++
			continue
		}
		list = append(list, s)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return list
		}
	}
	return list
}

// outlives waits for the end of a silence and tells whether the way in is still there.
func (a *asker) outlives(ctx context.Context, s *silent, silence time.Duration) verdict {
	select {
	case <-time.After(time.Until(s.since.Add(silence))):
	case <-ctx.Done():
		return noVerdict
	}
	if a.trigger == nil {
		v, err := s.view(ctx, a.b, a.from.helper, testPatience)
		switch {
		case err != nil:
			return noVerdict
		case v.mapped != s.mapped:
			return gone
		case v.mapped.Port() == s.local.Port():
			return noVerdict
		}
		return alive
	}
	// The answer goes to the silent socket; the one that asks hears nothing of it.
	r := wire.NewSTUNRequest()
	r.ResponsePort = s.mapped.Port()
	came, stop := s.expect(string(r.ID[:]))
	defer stop()
	over := time.After(testPatience)
	again := time.NewTicker(repeatAfter)
	defer again.Stop()
	for {
		if _, err := a.trigger.conn.WriteToUDPAddrPort(r.Bytes(), a.from.addr); err != nil && !passing(err) {
			return noVerdict
		}
		select {
		case <-came:
			return alive
		case <-over:
			// Silence is the router's only while the server still speaks.
			if _, err := a.trigger.stun(ctx, a.from.addr, wire.NewSTUNRequest(), testPatience); err != nil {
				return noVerdict
			}
			return gone
		case <-ctx.Done():
			return noVerdict
		case <-again.C:
		}
	}
}
