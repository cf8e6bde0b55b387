package sipclient

import (
	"math/rand/v2"
	"time"
)

// How often a sign of life goes out. A router may forget a UDP mapping after 30 s
// of silence; a TCP mapping lives longer. The pauses are random so that many
// phones behind one router do not speak at once (RFC 5626 4.4).
const (
	keepUDP     = 20 * time.Second
	keepUDPVary = 5 * time.Second
	keepTCP     = 60 * time.Second
	keepTCPVary = 30 * time.Second
)

// lineEnd is the keep-alive on UDP, which no server answers, and the answer to a
// ping, which is the keep-alive on TCP and TLS (RFC 5626 4.4.1).
var (
	lineEnd = []byte("\r\n")
	ping    = []byte("\r\n\r\n")
)

// keepPause is how long to wait before the next keep-alive: a random time in the
// usual range, or three quarters up to all of Config.KeepAlive.
func (p *Phone) keepPause(usual, vary time.Duration) time.Duration {
	if d := p.cfg.KeepAlive; d > 0 {
		usual, vary = d-d/4, d/4
	}
	if vary <= 0 {
		return usual
	}
	return usual + rand.N(vary)
}

// keepAlive begins to hold the way to the server open; it does so once. It is called
// with the first request: a phone that is only open says nothing. A connection has its
// own line ends (see stream.breath).
func (p *Phone) keepAlive() {
	if p.cfg.KeepAlive < 0 || p.conn == nil && !p.cfg.KeepAliveOptions {
		return
	}
	usual, vary := keepUDP, keepUDPVary
	if p.conn == nil {
		usual, vary = keepTCP, keepTCPVary
	}
	p.keeping.Do(func() {
		p.inBackground(func() {
			timer := time.NewTimer(p.keepPause(usual, vary))
			defer timer.Stop()
			for {
				select {
				case <-p.leaving.Done():
					return
				case <-timer.C:
				}
				if p.cfg.KeepAliveOptions {
					_ = p.Options(p.leaving, 0)
				} else {
					p.lineEnd()
				}
				timer.Reset(p.keepPause(usual, vary))
			}
		})
	})
}

// lineEnd sends the server an empty line over UDP.
func (p *Phone) lineEnd() {
	_ = p.sending(func() error {
		to := p.Server()
		if c := p.socket(to.Addr()); c != nil {
			c.Write(lineEnd, to)
		}
		return nil
	})
}
