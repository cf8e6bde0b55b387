package evidence

import (
	"net/netip"
	"slices"
)

// subject is the phone whose view is taken. It can have several addresses: one
// for each socket, or an address whose port is not known (0).
type subject struct {
	addrs []netip.AddrPort // signalling
	media []netip.AddrPort
	peers []netip.AddrPort // those that exact addresses of ours talked with
	how   string
}

func (s *subject) add(a netip.AddrPort) {
	if a = plain(a); a.Addr().IsValid() && !slices.Contains(s.addrs, a) {
		s.addrs = append(s.addrs, a)
	}
}

func (s *subject) addMedia(a netip.AddrPort) {
	if a = plain(a); a.Addr().IsValid() && !slices.Contains(s.media, a) {
		s.media = append(s.media, a)
	}
}

// equal tells that two views are the same.
func (s *subject) equal(o *subject) bool {
	return s.how == o.how && slices.Equal(s.addrs, o.addrs) && slices.Equal(s.media, o.media) && slices.Equal(s.peers, o.peers)
}

// hasIP tells whether one of our addresses, signalling or media, has this IP.
func (s *subject) hasIP(ip netip.Addr) bool {
	same := func(a netip.AddrPort) bool { return a.Addr() == ip }
	return slices.ContainsFunc(s.addrs, same) || slices.ContainsFunc(s.media, same)
}

// side tells which way a message goes, None when it does not touch our phone.
// The exact address decides; else the IP, because phones use other ports and
// TCP connections too. Where both ends share the IP (a test on one computer),
// the end that our known addresses talk with is the other side.
func (s *subject) side(from, to netip.AddrPort) Direction {
	switch {
	case slices.Contains(s.addrs, from):
		return Out
	case slices.Contains(s.addrs, to):
		return In
	}
	ours, theirs := s.hasIP(from.Addr()), s.hasIP(to.Addr())
	switch {
	case ours && !theirs:
		return Out
	case theirs && !ours:
		return In
	case ours && slices.Contains(s.peers, to):
		return Out
	case ours && slices.Contains(s.peers, from):
		return In
	}
	return None
}

// witnessed is what all messages together tell of whose view to take.
type witnessed struct {
	register, invite *Message // the first of each
	pairs            []flow   // who talked with whom, in order
	known            map[flow]bool
	settled          bool // a phone that signs in only now is not the subject any more
}

// maxPairs bounds those that are remembered.
const maxPairs = 1 << 14

// witness looks at a new message.
func (b *Builder) witness(m *Message) {
	w := &b.seen
	switch {
	case m.Method == "REGISTER" && w.register == nil && !w.settled:
		w.register = m
	case m.Method == "INVITE" && w.invite == nil:
		w.invite = m
	}
	if f := (flow{m.From, m.To}); !w.known[f] && len(w.pairs) < maxPairs {
		if w.known == nil {
			w.known = make(map[flow]bool)
		}
		w.known[f] = true
		w.pairs = append(w.pairs, f)
	}
}

// meet remembers whom the subject's exact addresses talk with.
func (s *subject) meet(pairs []flow) {
	s.peers = nil
	for _, f := range pairs {
		other := netip.AddrPort{}
		switch {
		case slices.Contains(s.addrs, f.from):
			other = f.to
		case slices.Contains(s.addrs, f.to):
			other = f.from
		default:
			continue
		}
		if s.hasIP(other.Addr()) && !slices.Contains(s.peers, other) && !slices.Contains(s.addrs, other) {
			s.peers = append(s.peers, other)
		}
	}
}

// subject works out whose view to take: what was told, else the sender of the
// first REGISTER, else of the first INVITE.
func (b *Builder) subject() subject {
	s := subject{how: "unknown", media: b.told.media}
	if len(b.told.addrs) > 0 {
		s.addrs, s.how = b.told.addrs, "told"
	} else {
		s.addrs, s.how = b.inferred()
	}
	s.meet(b.seen.pairs)
	return s
}

func (b *Builder) inferred() (addrs []netip.AddrPort, how string) {
	switch w := &b.seen; {
	case w.register != nil:
		return []netip.AddrPort{w.register.From}, "registered"
	case w.invite == nil:
		return nil, "unknown"
	case len(w.invite.Vias()) > 1:
		// It came through a proxy already, so the capture was taken where it arrives.
		return []netip.AddrPort{w.invite.To}, "was called"
	default:
		return []netip.AddrPort{w.invite.From}, "called"
	}
}

// addrPort is the subject's address for the Evidence: the first with a port.
func (s *subject) addrPort() netip.AddrPort {
	for _, a := range s.addrs {
		if a.Port() != 0 {
			return a
		}
	}
	if len(s.addrs) > 0 {
		return s.addrs[0]
	}
	return netip.AddrPort{}
}
