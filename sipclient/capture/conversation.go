package capture

import (
	"net/netip"
	"time"
)

// A TCP connection can carry SIP as it is, or wrapped: in TLS, in a WebSocket, as
// copies that a server sends to a collector (HEP), and in one inside the other. What
// a connection carries is told by its first bytes, whatever its ports.

// chunk is bytes of one direction of a connection, next in line.
type chunk struct {
	data []byte
	n    int
	time time.Time
	gap  bool // bytes before these are missing
}

// unwrapper takes what one direction (0 or 1) carries and gives on what is inside.
type unwrapper interface {
	take(dir int, c chunk)
	// close forgets what still waits, or passes it on where nothing is known of it.
	close()
}

// conversation is a connection, or what one carries inside.
type conversation struct {
	d       *decoder
	net     Net        // how what comes here travelled
	ends    way        // direction 0 goes from from to to
	depth   int        // of wrappings around this one
	inside  unwrapper  // nil as long as nothing is known to be wrapped
	fresh   [2]bool    // the direction's beginning was seen
	talked  [2]bool    // bytes came this way, and no wrapping begins with them
	waiting [2]pending // the first few bytes, while they do not tell yet
	looks   [2]int     // how often a wrapping was looked for behind the beginning
}

const (
	// maxWrapped bounds how often a connection is wrapped.
	maxWrapped = 3
	// maxLooks bounds how often the middle of a direction is looked at.
	maxLooks = 1 << 16
)

// What wrapped connections begin with: TLS with a handshake, or with
// data where the capture began later (RFC 8446 5.1), WebSockets with HTTP (RFC 6455 4), and HEP's own word.
var beginnings = [...]string{"\x16\x03", "\x17\x03", "GET /", "HTTP/1.1 101", hepMagic}

// beginning gives the wrapping that begins with these bytes, nil for
// none. more: further bytes could tell.
func (c *conversation) beginning(data []byte) (u unwrapper, more bool) {
	for _, b := range beginnings {
		switch {
		case len(data) < len(b):
			more = more || b[:len(data)] == string(data)
		case string(data[:len(b)]) != b:
		case b[1] == 3:
			return newTLS(c), false
		case b == hepMagic:
			return newHEPStream(c), false
		default:
			return newWebSocket(c), false
		}
	}
	return nil, more
}

// begin says that a new connection begins in this direction.
func (c *conversation) begin(dir int) {
	if c.fresh[dir] || c.talked[dir] {
		c.close()
		*c = conversation{d: c.d, net: c.net, ends: c.ends, depth: c.depth}
	}
	c.fresh[dir] = true
}

// close ends the connection: what waited in vain is given on as it is.
func (c *conversation) close() {
	if c.inside != nil {
		c.inside.close()
	}
	for dir := range c.waiting {
		c.giveUp(dir, &c.waiting[dir])
	}
}

// giveUp passes on what waited in a direction.
func (c *conversation) giveUp(dir int, w *pending) {
	k := chunk(*w)
	if k.data = w.take(c.d); len(k.data) > 0 {
		c.plain(dir, k)
	}
}

// take takes the next bytes of a direction.
func (c *conversation) take(dir int, k chunk) {
	switch {
	case c.inside != nil:
		c.inside.take(dir, k)
		return
	case c.depth >= maxWrapped:
		c.plain(dir, k)
		return
	case c.talked[dir]:
		if !c.resume(dir, k) {
			c.plain(dir, k)
		}
		return
	}
	w := &c.waiting[dir]
	if len(w.data) > 0 {
		k.gap = k.gap || w.gap
		k.data = append(w.take(c.d), k.data...)
	}
	inside, more := c.beginning(k.data)
	switch {
	case inside != nil:
		c.unwrap(inside, dir, k)
	case more && w.add(c.d, k):
		w.gap = k.gap
	default:
		c.talked[dir] = true
		if !c.resume(dir, k) {
			c.plain(dir, k)
		}
	}
}

// unwrap hands what came and what comes to the wrapping that was recognised. What
// waited in the other direction belongs to it, too.
func (c *conversation) unwrap(u unwrapper, dir int, k chunk) {
	c.inside = u
	if w := &c.waiting[1-dir]; len(w.data) > 0 {
		first := chunk(*w)
		first.data = w.take(c.d)
		u.take(1-dir, first)
	}
	u.take(dir, k)
}

// resume recognises a WebSocket that was opened before the capture began, by a whole
// SIP line in a frame.
func (c *conversation) resume(dir int, k chunk) bool {
	if c.looks[dir]++; c.looks[dir] > maxLooks || !beginsWithSIPFrame(k.data) {
		return false
	}
	w := newWebSocket(c)
	w.open = [2]bool{true, true}
	c.unwrap(w, dir, k)
	return true
}

// plain emits bytes as they are.
func (c *conversation) plain(dir int, k chunk) {
	src, dst := c.way(dir)
	c.d.put(Packet{Time: k.time, Net: c.net, Hops: c.d.hops, Src: src, Dst: dst, Data: c.d.room.keep(k.data), Gap: k.gap}, k.n)
}

// way gives the addresses of a direction.
func (c *conversation) way(dir int) (src, dst netip.AddrPort) {
	if dir == 0 {
		return c.ends.from, c.ends.to
	}
	return c.ends.to, c.ends.from
}

// pending is bytes that wait for more of their kind, with the frame and the time of
// the latest of them. What all of them take together is bounded: see decoder.hold.
type pending chunk

// add appends bytes and tells whether there was room for them.
func (p *pending) add(d *decoder, k chunk) bool {
	if !d.hold(len(k.data)) {
		p.reset(d)
		return false
	}
	p.data, p.n, p.time = append(p.data, k.data...), k.n, k.time
	return true
}

// drop removes n bytes from the front.
func (p *pending) drop(d *decoder, n int) {
	d.held -= n
	if n == len(p.data) {
		p.data = nil
		return
	}
	p.data = p.data[n:]
}

// take gives all bytes away.
func (p *pending) take(d *decoder) []byte {
	data := p.data
	p.reset(d)
	return data
}

func (p *pending) reset(d *decoder) {
	d.held -= len(p.data)
	p.data = nil
}
