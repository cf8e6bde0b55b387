package between

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"softphonedoctor/sipclient/wire"
)

// session is the sound of one call: a leg for each line of media.
type session struct {
	legs  map[int]*leg
	moved atomic.Int64 // when anything passed last, Unix nanoseconds
	ended atomic.Bool
}

// How long a call's sockets stay when nothing passes any more.
const (
	idleEnded = 3 * time.Second
	idleCall  = 10 * time.Minute
	mostLegs  = 8 // lines of media of one call
	mostCalls = 50
)

func (s *session) idle(now time.Time) bool {
	limit := idleCall
	if s.ended.Load() {
		limit = idleEnded
	}
	return now.Sub(time.Unix(0, s.moved.Load())) > limit
}

func (s *session) close() {
	for _, l := range s.legs {
		l.close()
	}
}

// leg carries one line of media: two ports for the softphone, two for the network.
type leg struct {
	near [2]*net.UDPConn // RTP and RTCP, on loopback
	far  [2]*wire.Socket

	mu    sync.Mutex
	phone [2]netip.AddrPort // where the softphone wants it
	other [2]netip.AddrPort // where the other side does
}

// openLeg opens the ports of a leg and begins to pass on.
func (p *Proxy) openLeg(s *session) (*leg, error) {
	l := &leg{}
	loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	for range 50 {
		a, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0)))
		if err != nil {
			break
		}
		at := wire.AddrPort(a.LocalAddr())
		if at.Port()%2 == 0 {
			if b, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, at.Port()+1))); err == nil {
				l.near = [2]*net.UDPConn{a, b}
				break
			}
		}
		a.Close()
	}
	tap := p.tap()
	for range 50 {
		a, err := tap.Listen(netip.AddrPortFrom(p.out, 0))
		if err != nil {
			break
		}
		if a.Local().Port()%2 == 0 {
			if b, err := tap.Listen(netip.AddrPortFrom(p.out, a.Local().Port()+1)); err == nil {
				l.far = [2]*wire.Socket{a, b}
				break
			}
		}
		_ = a.Close()
	}
	if l.near[0] == nil || l.far[0] == nil {
		l.close()
		return nil, errors.New("no free ports for the sound")
	}
	for i := range l.near {
		l.far[i].Start(func(data []byte, _ netip.AddrPort, _ time.Time) {
			s.moved.Store(time.Now().UnixNano())
			if to := l.to(&l.phone, i); to.IsValid() {
				_, _ = l.near[i].WriteToUDPAddrPort(data, to) // as lost as on any other way
			}
		})
		p.work.Go(func() { l.outward(i, &s.moved) })
	}
	return l, nil
}

// outward passes on what the softphone sends.
func (l *leg) outward(i int, moved *atomic.Int64) {
	buf := make([]byte, 65536)
	for {
		n, _, err := l.near[i].ReadFromUDPAddrPort(buf)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue // the softphone's port is closed: it has ended its call
		}
		moved.Store(time.Now().UnixNano())
		if to := l.to(&l.other, i); to.IsValid() {
			l.far[i].Write(buf[:n], to)
		}
	}
}

func (l *leg) to(side *[2]netip.AddrPort, i int) netip.AddrPort {
	l.mu.Lock()
	defer l.mu.Unlock()
	return side[i]
}

// wants notes where a side wants its sound, and gives where the other is to send it.
func (l *leg) wants(phone bool, at place) (instead place) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if phone {
		l.phone = [2]netip.AddrPort{at.rtp, at.rtcp}
		return place{l.far[0].Local(), l.far[1].Local()}
	}
	l.other = [2]netip.AddrPort{at.rtp, at.rtcp}
	return place{wire.AddrPort(l.near[0].LocalAddr()), wire.AddrPort(l.near[1].LocalAddr())}
}

func (l *leg) close() {
	for i := range l.near {
		if l.near[i] != nil {
			l.near[i].Close()
		}
		if l.far[i] != nil {
			_ = l.far[i].Close()
		}
	}
}

// relayed gives the addresses of the proxy for a description of one side of a call.
// p.mu is held.
func (p *Proxy) relayed(callID string, phone bool) stands {
	return func(line int, at place) (place, bool) {
		s := p.media[callID]
		if s == nil {
			if len(p.media) >= mostCalls {
				return place{}, false
			}
			s = &session{legs: map[int]*leg{}}
			s.moved.Store(time.Now().UnixNano())
			p.media[callID] = s
		}
		s.ended.Store(false)
		l := s.legs[line]
		if l == nil {
			if len(s.legs) >= mostLegs {
				return place{}, false
			}
			var err error
			if l, err = p.openLeg(s); err != nil {
				return place{}, false
			}
			s.legs[line] = l
		}
		return l.wants(phone, at), true
	}
}
