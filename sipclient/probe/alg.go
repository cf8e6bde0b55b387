package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
)

// algProbes look for helpers in routers that rewrite what phones send (SIP ALG).
//
// A good one translates back what comes in, as the kernel of Linux does, so that an
// answer looks as if nothing had happened. Two questions make it show itself all the
// same: a request that writes no address of ours, so that the helper does not know
// whose it is and leaves what the server says of where it came from (blind), and one
// that already writes our outside address, which the helper turns into the inside one
// on the way back, though that stood nowhere in the request (bait).
//
// Neither is needed to be there for a helper to be there: only a mirror proves that
// there is none.
var algProbes = []Probe{
	{ID: "alg", Title: "Looking for a helper in the router that rewrites messages.", Keys: []string{capture.ProbeALGEcho, capture.ProbeALGPorts},
		Limit: 4500 * time.Millisecond, After: []string{"udp", "udp-port", "tcp", "tls", "nat", "wan"}, Run: lookForALG},
	{ID: "mirror", Title: "Asking the mirror what arrives there.", Keys: []string{capture.ProbeALGMirror, capture.ProbeMirrorOut, capture.ProbeMirrorIn},
		Limit: 9500 * time.Millisecond, After: []string{"udp"}, Run: lookIntoMirror},
}

// echo is what one way to the server showed.
type echo struct {
	name   string // "5060", "other", "tcp", "tls"
	over   capture.Net
	server netip.AddrPort
	local  netip.AddrPort
	busy   bool // port 5060 here belongs to somebody else
	err    error
	plain  *answered
	blind  *answered
	baits  []*answered
}

// answered is a request of ours with its answer.
type answered struct{ sent, back *sipmsg.Message }

// askLimit is how long one of these questions may take: three copies over UDP.
const askLimit = 1900 * time.Millisecond

// lookForALG is the Run of the probe that needs no help.
func lookForALG(ctx context.Context, b *Bench) {
	ways := []*echo{{name: "5060", over: capture.UDP}, {name: "other", over: capture.UDP}, {name: "tcp", over: capture.TCP}, {name: "tls", over: capture.TLS}}
	var work sync.WaitGroup
	for _, w := range ways {
		work.Go(func() { w.err = b.listenTo(ctx, w) })
	}
	work.Wait()
	if ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return
	}
	b.sayEcho(ways)
	b.sayPorts(ways)
}

// doorKeys are the probes whose answers tell which machine to ask.
var doorKeys = map[capture.Net]string{capture.UDP: capture.ProbeUDP, capture.TCP: capture.ProbeTCP, capture.TLS: capture.ProbeTLS}

// visited is visit for a way that was asked already.
func (b *Bench) visited(key string) (door, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	d, ok := b.doors[key]
	return d, ok
}

// listenTo asks over one way: as phones do, blind, and with baits.
func (b *Bench) listenTo(ctx context.Context, w *echo) error {
	to, err := b.Address(ctx, w.over)
	if err != nil {
		return err
	}
	if d, ok := b.visited(doorKeys[w.over]); ok && d.Err == nil {
		to = d.Server // of several machines, the one that answers
	}
	m := &mirrorWay{bench: b, over: w.over, to: to, name: b.Host()}
	if w.name == "5060" {
		m.port, m.wait = sipPort, 2500*time.Millisecond
	}
	if err := m.open(ctx); err != nil {
		return err
	}
	defer m.close()
	w.server, w.local = to, m.local
	if w.name == "5060" && m.local.Port() != sipPort {
		w.busy = true
		return nil
	}
	ask := func(request *sipmsg.Message) (*answered, error) {
		ctx, stop := context.WithTimeout(ctx, askLimit)
		defer stop()
		var reply Reply
		var err error
		if u, ok := m.conn.(*net.UDPConn); ok {
			reply, err = askUDP(ctx, u, request.Bytes())
		} else {
			reply, err = askStream(ctx, m.conn, request.Bytes())
		}
		if err != nil || len(reply.SIP.Vias()) != 1 {
			return nil, err
		}
		return &answered{request, reply.SIP}, nil
	}
	if w.plain, err = ask(b.signed(w, w.local.String(), false)); err != nil {
		return err
	}
	w.blind, _ = ask(b.signed(w, "phone.invalid", false))
	if w.over == capture.TLS {
		return nil // nobody on the way can read it
	}
	for _, outside := range b.seenFrom(w) {
		bait, _ := ask(b.signed(w, outside.String(), false))
		if bait != nil && bait.changed() == "" { // a helper that looks elsewhere
			if other, _ := ask(b.signed(w, outside.String(), true)); other != nil {
				bait = other
			}
		}
		if bait != nil {
			w.baits = append(w.baits, bait)
		}
	}
	return nil
}

// signed is an OPTIONS that names this address as its sender's, in place of the
// socket's own; in From and To as well where everywhere is set.
func (b *Bench) signed(w *echo, as string, everywhere bool) *sipmsg.Message {
	m := b.options(w.local, w.over, 0)
	host, _ := splitHostPort(as)
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	m.Set("Via", "SIP/2.0/"+w.over.String()+" "+as+";rport;branch=z9hG4bK"+random(10))
	m.Set("Call-ID", random(12)+"@"+host)
	m.Set("Contact", strings.Replace(m.Get("Contact"), w.local.String(), as, 1))
	if everywhere {
		m.Set("From", "<sip:phone@"+as+">;tag="+random(6))
		m.Set("To", "<sip:phone@"+as+">")
	}
	return m
}

// seen gives where the server saw this socket: what its answer says, else the zero.
func (a *answered) seen() netip.AddrPort {
	if a == nil {
		return netip.AddrPort{}
	}
	via := a.back.Vias()[0]
	at := via.Received
	if at == "" && via.RPort != 0 {
		at = via.Host // RFC 3261 18.2.1: without received they are the same
	}
	ip, err := netip.ParseAddr(at)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(via.RPort))
}

// seenFrom gives the addresses under which a helper might know this socket: as the
// server sees it, and as the router's own outside address.
func (b *Bench) seenFrom(w *echo) (list []netip.AddrPort) {
	add := func(a netip.AddrPort) {
		if a.Addr().IsValid() && a.Addr() != w.local.Addr() {
			if a.Port() == 0 {
				a = netip.AddrPortFrom(a.Addr(), w.local.Port()) // most routers keep it
			}
			if !slices.Contains(list, a) {
				list = append(list, a)
			}
		}
	}
	add(w.blind.seen())
	add(w.plain.seen())
	for _, key := range []string{capture.ProbeWANAddress, capture.ProbeNAT} {
		for _, name := range []string{"wan", "mapped"} {
			if a := b.Answer(key).addr(name); a.IsValid() {
				port := w.local.Port()
				if at := w.blind.seen(); at.Port() != 0 {
					port = at.Port()
				}
				add(netip.AddrPortFrom(a, port))
			}
		}
	}
	return list[:min(len(list), 3)]
}

// addr reads an address out of an answer's details, the zero Addr where there is none.
func (a Answer) addr(name string) netip.Addr {
	for f := range strings.FieldsSeq(a.Detail) {
		value, ok := strings.CutPrefix(f, name+"=")
		if !ok {
			continue
		}
		if ap, err := netip.ParseAddrPort(value); err == nil {
			return ap.Addr().Unmap()
		}
		if ip, err := netip.ParseAddr(value); err == nil {
			return ip.Unmap()
		}
	}
	return netip.Addr{}
}
