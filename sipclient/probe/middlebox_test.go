package probe

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"

	"softphonedoctor/sipclient/wire"
)

// The places of a test of helpers in routers. All are on this computer.
const (
	boxAddr     = "127.0.0.4" // under which the client knows the far end
	outsideAddr = "127.0.0.2" // under which the far end sees the client
	farAddr     = "127.0.0.3"
)

// rewriter is what a helper makes of a message; nil lets it disappear.
type rewriter func(b []byte, inside, outside netip.AddrPort) []byte

// middlebox is a router on loopback: it translates addresses, and may do more.
type middlebox struct {
	out, in rewriter // of SIP; nil: as it is
	all     bool     // they are for everything, not for SIP only
	mu      sync.Mutex
	mapped  map[netip.AddrPort]*net.UDPConn // inside and port of the far end
	work    sync.WaitGroup
}

// pass lets UDP through from boxAddr to farAddr, at the same port.
func (x *middlebox) pass(t *testing.T, ports ...uint16) {
	t.Helper()
	if x.mapped == nil {
		x.mapped = map[netip.AddrPort]*net.UDPConn{}
	}
	var inners []*net.UDPConn
	for _, port := range ports {
		inner, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(boxAddr), port)))
		if err != nil {
			lacking(t, "no second loopback address here: %v", err)
		}
		far := netip.AddrPortFrom(netip.MustParseAddr(farAddr), port)
		x.work.Go(func() {
			buf := make([]byte, 65536)
			for {
				n, inside, err := inner.ReadFromUDPAddrPort(buf)
				if err != nil {
					return
				}
				x.forward(inner, wire.Unmap(inside), far, bytes.Clone(buf[:n]))
			}
		})
		inners = append(inners, inner)
	}
	t.Cleanup(func() {
		for _, c := range inners {
			_ = c.Close()
		}
		x.mu.Lock()
		for _, c := range x.mapped {
			_ = c.Close()
		}
		x.mu.Unlock()
		x.work.Wait()
	})
}

func (x *middlebox) forward(inner *net.UDPConn, inside, far netip.AddrPort, b []byte) {
	x.mu.Lock()
	c := x.mapped[inside]
	if c == nil {
		var err error
		if c, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(outsideAddr), 0))); err != nil {
			x.mu.Unlock()
			return
		}
		x.mapped[inside] = c
		x.work.Go(func() {
			buf := make([]byte, 65536)
			for {
				n, _, err := c.ReadFromUDPAddrPort(buf)
				if err != nil {
					return
				}
				if b := x.meddle(x.in, bytes.Clone(buf[:n]), inside, wire.AddrPort(c.LocalAddr())); b != nil {
					_, _ = inner.WriteToUDPAddrPort(b, inside)
				}
			}
		})
	}
	x.mu.Unlock()
	if b = x.meddle(x.out, b, inside, wire.AddrPort(c.LocalAddr())); b != nil {
		_, _ = c.WriteToUDPAddrPort(b, far)
	}
}

// meddle applies a rewriter to SIP, and nothing to sound.
func (x *middlebox) meddle(r rewriter, b []byte, inside, outside netip.AddrPort) []byte {
	if r == nil || !x.all && !bytes.Contains(b, []byte("SIP/2.0")) {
		return b
	}
	return r(b, inside, outside)
}

// inHeaders replaces text in lines that begin with one of these names.
func inHeaders(b []byte, old, new string, names ...string) []byte {
	head, body, _ := strings.Cut(string(b), "\r\n\r\n")
	list := strings.Split(head, "\r\n")
	for i, l := range list {
		for _, n := range names {
			if strings.HasPrefix(l, n+":") {
				list[i] = strings.ReplaceAll(l, old, new)
			}
		}
	}
	return []byte(strings.Join(list, "\r\n") + "\r\n\r\n" + body)
}

// inSDP replaces text in a description, and the length where fit is set.
func inSDP(b []byte, old, new string, fit bool) []byte {
	head, body, _ := strings.Cut(string(b), "\r\n\r\n")
	if !strings.Contains(head, "application/sdp") {
		return b
	}
	changed := strings.ReplaceAll(body, old, new)
	if fit {
		head = strings.Replace(head, fmt.Sprint("Content-Length: ", len(body)), fmt.Sprint("Content-Length: ", len(changed)), 1)
	}
	return []byte(head + "\r\n\r\n" + changed)
}

// kernelOut and kernelIn do what nf_nat_sip of Linux does: they replace what names the
// very socket, on the way out and back again on the way in.
func kernelOut(b []byte, inside, outside netip.AddrPort) []byte {
	b = inHeaders(b, inside.String(), outside.String(), "Via", "Contact", "From", "To")
	return inSDP(b, inside.Addr().String(), outside.Addr().String(), true)
}

func kernelIn(b []byte, inside, outside netip.AddrPort) []byte {
	if via := "SIP/2.0/UDP " + outside.String(); bytes.Contains(b, []byte(via)) {
		b = inHeaders(b, via, "SIP/2.0/UDP "+inside.String(), "Via")
		b = inHeaders(b, "received="+outside.Addr().String(), "received="+inside.Addr().String(), "Via")
		b = inHeaders(b, "rport="+strconv.Itoa(int(outside.Port())), "rport="+strconv.Itoa(int(inside.Port())), "Via")
	}
	return inHeaders(b, outside.String(), inside.String(), "Contact", "From", "To")
}

// sieve is a router for sound, which it drops by number, on each way.
type sieve struct {
	mu      sync.Mutex
	out, in func(n int) bool
}

func (s *sieve) set(out, in func(n int) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out, s.in = out, in
}

func (s *sieve) drops(b []byte) bool {
	_, _, source, n, ok := readSound(b)
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.in
	if source == soundOut {
		f = s.out
	}
	return ok && f != nil && f(int(n))
}

func (s *sieve) pass(t *testing.T, port uint16) {
	t.Helper()
	keep := func(b []byte, _, _ netip.AddrPort) []byte {
		if s.drops(b) {
			return nil
		}
		return b
	}
	(&middlebox{out: keep, in: keep, all: true}).pass(t, port)
}
