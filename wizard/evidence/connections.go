package evidence

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
)

// Connection is one TCP or TLS connection of our test phone that its notes speak
// of: it could not be made, it was secured, or it was lost. A TCP connection that
// opened and stayed leaves no note: its messages show it.
type Connection struct {
	N      int // the note that says how it began; of one over TCP that was lost: that it was
	Time   time.Time
	Net    capture.Net
	Addr   netip.AddrPort // the server's end
	Failed string         // why it could not be opened at all, in the system's words or "timeout"; "" when it was
	TLS    *Handshake     // nil where it never came so far, and on TCP
	Closed *Closing       // nil unless it ended without our wish
}

// Open tells that messages could be sent over it.
func (c *Connection) Open() bool { return c.Failed == "" && (c.TLS == nil || len(c.TLS.Faults) == 0) }

// Handshake is how two sides agreed on encryption, or did not.
type Handshake struct {
	Name string // whom the server's certificate has to name
	// Faults are why it failed, as capture.PhoneTLS lists them; none when it did not.
	Faults          []string
	Version, Cipher string // what was agreed on, "" when it failed
	ClientCert      bool   // the server asked for a certificate of ours
	Chain           []Certificate
}

// Certificate is one of the certificates that a server showed.
type Certificate struct {
	N               int
	Subject, Issuer string
	Names           []string // host names, addresses and URIs that it is made out to
	From, Until     time.Time
	SHA256          string // of the whole certificate, in hexadecimal
}

// Closing is the unwanted end of a connection.
type Closing struct {
	N      int
	Time   time.Time
	Reason string        // as capture.PhoneClosed lists them
	After  time.Duration // how long the connection had lasted, 0 when unknown
}

// Targets are all addresses of a server, in the order in which they are tried.
type Targets struct {
	N     int
	Name  string
	Net   capture.Net
	Addrs []netip.AddrPort
}

// Fallback is a way that could not be taken, and the one that was taken instead.
type Fallback struct {
	N       int
	Time    time.Time
	Net     capture.Net
	From    netip.AddrPort
	Reason  string
	Instead capture.Net
	To      netip.AddrPort
}

// Narrowed tells that only the transport was changed, not the server.
func (f *Fallback) Narrowed() bool { return f.From == f.To }

// connections collects what the phone's notes say about connections.
type connections struct {
	list      []Connection
	chains    map[netip.AddrPort][]Certificate // shown, and not yet judged
	targets   []Targets
	fallbacks []Fallback
	cut       bool // the system said that it cannot send to a place
}

// maxConnections bounds each list: a server that closes every connection at once
// must not fill memory.
const maxConnections = 1000

// maxChain is how many certificates of one server are kept.
const maxChain = 8

// note takes one note of the phone.
func (c *connections) note(n int, note *capture.Note) {
	if len(c.list) >= maxConnections || len(c.targets) >= maxConnections || len(c.fallbacks) >= maxConnections {
		return
	}
	switch note.Key {
	case capture.PhoneUnreachable:
		c.cut = true
		if net, addr, reason, ok := systemError(note.Text); ok && net != capture.UDP && reason != "" {
			c.list = append(c.list, Connection{N: n, Time: note.Time, Net: net, Addr: addr, Failed: reason})
		}
	case capture.PhoneCertificate:
		if addr, cert, ok := readCertificate(note.Text); ok {
			cert.N = n
			if c.chains == nil {
				c.chains = make(map[netip.AddrPort][]Certificate)
			}
			if list := c.chains[addr]; len(list) < maxChain && len(c.chains) < maxConnections {
				c.chains[addr] = append(list, cert)
			}
		}
	case capture.PhoneTLS:
		if addr, hs, ok := readHandshake(note.Text); ok {
			hs.Chain = c.chains[addr]
			delete(c.chains, addr)
			c.list = append(c.list, Connection{N: n, Time: note.Time, Net: capture.TLS, Addr: addr, TLS: &hs})
		}
	case capture.PhoneClosed:
		c.closed(n, note)
	case capture.PhoneTargets:
		if t, ok := readTargets(note.Text); ok {
			t.N = n
			c.targets = append(c.targets, t)
		}
	case capture.PhoneFallback:
		if f, ok := readFallback(note.Text); ok {
			f.N, f.Time = n, note.Time
			c.fallbacks = append(c.fallbacks, f)
		}
	}
}

// closed ends the connection that was secured last to the same address, or is the
// first that is heard of one over TCP.
func (c *connections) closed(n int, note *capture.Note) {
	net, addr, text, ok := systemError(note.Text)
	if !ok || net == capture.UDP {
		return
	}
	end := &Closing{N: n, Time: note.Time, Reason: text}
	if i := strings.LastIndex(text, " after "); i >= 0 {
		if d, err := time.ParseDuration(text[i+len(" after "):]); err == nil && d >= 0 {
			end.Reason, end.After = text[:i], d
		}
	}
	for i := len(c.list) - 1; i >= 0 && net == capture.TLS; i-- {
		if k := &c.list[i]; k.Net == net && k.Addr == addr && k.Open() && k.Closed == nil {
			k.Closed = end
			return
		}
	}
	c.list = append(c.list, Connection{N: n, Time: note.Time.Add(-end.After), Net: net, Addr: addr, Closed: end})
}

// readHandshake reads the text of a capture.PhoneTLS note.
func readHandshake(text string) (addr netip.AddrPort, hs Handshake, ok bool) {
	at, rest, found := strings.Cut(text, " ")
	if !found {
		return addr, hs, false
	}
	addr, err := netip.ParseAddrPort(at)
	if err != nil {
		return addr, hs, false
	}
	// The name may be an IPv6 address, but never holds a blank.
	name, result, found := strings.Cut(rest, ": ")
	if !found {
		return addr, hs, false
	}
	hs.Name = name
	if agreed, good := strings.CutPrefix(result, "ok"); good {
		words := strings.Split(strings.TrimPrefix(agreed, ", "), ", ")
		hs.Version = words[0]
		if len(words) > 1 {
			hs.Cipher = words[1]
		}
		hs.ClientCert = slices.Contains(words, "asked for a client certificate")
		return plain(addr), hs, true
	}
	for _, fault := range strings.Split(result, ", ") {
		if fault = strings.TrimSpace(fault); fault != "" {
			hs.Faults = append(hs.Faults, fault)
		}
	}
	hs.ClientCert = slices.Contains(hs.Faults, "client-certificate")
	return plain(addr), hs, len(hs.Faults) > 0
}

// readCertificate reads the text of a capture.PhoneCertificate note.
func readCertificate(text string) (addr netip.AddrPort, c Certificate, ok bool) {
	at, rest, _ := strings.Cut(text, " ")
	addr, err := netip.ParseAddrPort(at)
	if err != nil {
		return addr, c, false
	}
	_, rest, _ = strings.Cut(rest, " ") // which one it is of how many: the order says it
	for rest != "" {
		key, value, found := strings.Cut(rest, "=")
		if !found {
			break
		}
		if quoted, err := strconv.QuotedPrefix(value); err == nil {
			rest = strings.TrimPrefix(value[len(quoted):], " ")
			value, _ = strconv.Unquote(quoted)
		} else {
			value, rest, _ = strings.Cut(value, " ")
		}
		switch key {
		case "subject":
			c.Subject = value
		case "issuer":
			c.Issuer = value
		case "names":
			c.Names = strings.Fields(value)
		case "from":
			c.From, _ = time.Parse(time.RFC3339, value)
		case "until":
			c.Until, _ = time.Parse(time.RFC3339, value)
		case "sha256":
			c.SHA256 = value
		}
	}
	return plain(addr), c, true
}

// readTargets reads the text of a capture.PhoneTargets note.
func readTargets(text string) (t Targets, ok bool) {
	words := strings.Fields(text)
	if len(words) < 3 {
		return t, false
	}
	t.Name, t.Net = words[0], netOf(words[1])
	for _, w := range words[2:] {
		if addr, err := netip.ParseAddrPort(w); err == nil {
			t.Addrs = append(t.Addrs, plain(addr))
		}
	}
	return t, t.Net != 0 && len(t.Addrs) > 0
}

// readFallback reads the text of a capture.PhoneFallback note.
func readFallback(text string) (f Fallback, ok bool) {
	i := strings.LastIndex(text, ", using ")
	if i < 0 {
		return f, false
	}
	instead := strings.Fields(text[i+len(", using "):])
	first, reason, found := strings.Cut(text[:i], ": ")
	from := strings.Fields(first)
	if !found || len(from) != 2 || len(instead) != 2 {
		return f, false
	}
	a, err1 := netip.ParseAddrPort(from[1])
	b, err2 := netip.ParseAddrPort(instead[1])
	f = Fallback{Net: netOf(from[0]), From: plain(a), Reason: reason, Instead: netOf(instead[0]), To: plain(b)}
	return f, err1 == nil && err2 == nil && f.Net != 0 && f.Instead != 0
}

// netOf reads a transport as notes spell it, 0 for others.
func netOf(s string) capture.Net {
	switch s {
	case "udp":
		return capture.UDP
	case "tcp":
		return capture.TCP
	case "tls":
		return capture.TLS
	}
	return 0
}

// overConnection tells that our phone sent a message over TCP or TLS.
func overConnection(m *Message) bool { return m.Out && (m.Net == capture.TCP || m.Net == capture.TLS) }
