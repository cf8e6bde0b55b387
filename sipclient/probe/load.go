package probe

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

var loadProbes = []Probe{
	{ID: "load", Title: "Measuring the delay with the line at rest and in full use.", Limit: 20 * time.Minute, Slow: true, Run: compareLoad,
		Keys: []string{capture.ProbeLoadDelay}},
}

const (
	// loadGrows is from which growth on the line counts as one that becomes slow.
	loadGrows = 100 * time.Millisecond
	// roundEvery keeps away from what servers take for a flood: three in a second.
	roundEvery = 330 * time.Millisecond
	// roundMost is how long an answer is waited for; a round without one counts as that.
	roundMost    = 2 * time.Second
	idleRounds   = 12
	loadedRounds = 24
)

// compareLoad asks the server again and again, first with the line at rest, then while
// the person puts it to full use. Nothing is loaded by this program: whose line it is
// knows best what may be sent over it.
func compareLoad(ctx context.Context, b *Bench) {
	if b.InUse == nil {
		b.NotChecked(capture.ProbeLoadDelay, "nobody was asked to put the line to full use")
		return
	}
	ask, done, err := b.rounds(ctx)
	if err != nil {
		b.NotChecked(capture.ProbeLoadDelay, "%s", reason(err))
		return
	}
	defer done()
	idle := b.delay(ctx, ask, idleRounds)
	if idle.got < idle.sent/2 || idle.got == 0 {
		b.NotChecked(capture.ProbeLoadDelay, "the server answered %d of %d questions with the line at rest", idle.got, idle.sent)
		return
	}
	if err := b.InUse(ctx); err != nil {
		b.NotChecked(capture.ProbeLoadDelay, "the line was not put to full use")
		return
	}
	loaded := b.delay(ctx, ask, loadedRounds)
	switch {
	case ctx.Err() != nil:
		return
	case loaded.got == 0:
		b.NotChecked(capture.ProbeLoadDelay, "the server stopped answering")
		return
	}
	b.Say(capture.ProbeLoadDelay, loaded.median-idle.median >= loadGrows,
		"idle", idle.median.Round(time.Millisecond), "loaded", loaded.median.Round(time.Millisecond), "sent", loaded.sent, "got", loaded.got)
}

// delay is the middle of so many rounds; one without an answer counts as the longest.
func (b *Bench) delay(ctx context.Context, ask func(context.Context) (time.Duration, error), rounds int) echoes {
	e := echoes{}
	var times []time.Duration
	for ; e.sent < rounds && ctx.Err() == nil; e.sent++ {
		next := time.Now().Add(roundEvery)
		one, stop := context.WithTimeout(ctx, roundMost)
		took, err := ask(one)
		stop()
		if err != nil {
			took = roundMost
		} else {
			e.got++
		}
		times = append(times, took)
		select {
		case <-ctx.Done():
		case <-time.After(time.Until(next)):
		}
	}
	if len(times) > 0 {
		slices.Sort(times)
		e.median, e.worst = times[len(times)/2], times[len(times)-1]
	}
	return e
}

// rounds gives a function that asks the server something over the account's transport and
// tells how long the answer took. Each question leaves once: copies would hide the delay.
func (b *Bench) rounds(ctx context.Context) (ask func(context.Context) (time.Duration, error), done func(), err error) {
	server, err := b.Address(ctx, b.Transport)
	if err != nil {
		return nil, nil, err
	}
	if b.Transport == capture.UDP {
		conn, err := dialUDP(0, server)
		if err != nil {
			return nil, nil, err
		}
		return func(ctx context.Context) (time.Duration, error) { return b.roundUDP(ctx, conn) }, func() { _ = conn.Close() }, nil
	}
	conn, err := b.dialTCP(ctx, server)
	if err != nil {
		return nil, nil, orEnded(ctx, err)
	}
	local := streamEnd(conn)
	if b.Transport == capture.TLS {
		secure, seen := wire.Handshake{Name: b.Host(), Roots: b.Roots}.Secure(ctx, conn)
		if !seen.OK() {
			_ = conn.Close()
			return nil, nil, errInsecure
		}
		conn = secure
	}
	return func(ctx context.Context) (time.Duration, error) {
		r, err := askStream(ctx, conn, b.options(local, b.Transport, 0).Bytes())
		_ = conn.SetDeadline(time.Time{}) // of a round that was given up
		return r.Took, err
	}, func() { _ = conn.Close() }, nil
}

func (b *Bench) roundUDP(ctx context.Context, conn *net.UDPConn) (time.Duration, error) {
	asked := b.options(wire.AddrPort(conn.LocalAddr()), capture.UDP, 0)
	end, _ := ctx.Deadline()
	_ = conn.SetReadDeadline(end)
	defer context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Now()) })()
	sent := time.Now()
	if _, err := conn.Write(asked.Bytes()); err != nil {
		return 0, err
	}
	buf := make([]byte, 65536)
	for {
		n, err := conn.Read(buf)
		var timeout net.Error
		switch {
		case errors.As(err, &timeout) && timeout.Timeout():
			return 0, errSilent
		case err != nil && passing(err):
			continue
		case err != nil:
			return 0, err
		}
		if m, _ := answerTo(asked, buf[:n]); m != nil {
			return time.Since(sent), nil
		}
	}
}
