package probe

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/names"
	"softphonedoctor/sipclient/wire"
)

// doorProbes ask over which ways the server answers, and what can be told of each.
var doorProbes = []Probe{
	{ID: "udp", Title: "Asking the server over UDP.", Keys: []string{capture.ProbeUDP}, Limit: doorLimit, Run: askDoor(capture.ProbeUDP)},
	{ID: "udp-port", Title: "Asking the server over UDP from another port.", Keys: []string{capture.ProbeUDPPort}, Limit: doorLimit, Run: askDoor(capture.ProbeUDPPort)},
	{ID: "tcp", Title: "Asking the server over TCP.", Keys: []string{capture.ProbeTCP}, Limit: doorLimit, Run: askDoor(capture.ProbeTCP)},
	{ID: "tls", Title: "Asking the server over TLS.", Keys: []string{capture.ProbeTLS, capture.ProbeCertificate}, Limit: doorLimit, Run: askDoor(capture.ProbeTLS)},
	{ID: "tls-versions", Title: "Looking which kinds of encryption the server takes.", Keys: []string{capture.ProbeTLSVersions}, Limit: 4500 * time.Millisecond,
		After: []string{"tls"}, Run: askVersions},
	{ID: "clock", Title: "Comparing the clocks here and there.", Keys: []string{capture.ProbeClock}, Limit: doorLimit,
		After: []string{"udp", "udp-port", "tcp", "tls"}, Run: compareClocks},
	{ID: "size-udp", Title: "Sending longer and longer messages over UDP.", Keys: []string{capture.ProbeSizeUDP, capture.ProbeFragments}, Limit: sizeLimit,
		After: []string{"udp", "udp-port"}, Run: climbUDP},
	{ID: "size-tcp", Title: "Sending longer messages over TCP.", Keys: []string{capture.ProbeSizeTCP}, Limit: sizeLimit, After: []string{"tcp"}, Run: climbTCP},
}

// doorLimit leaves time for four copies of a request over UDP (0, 0.5, 1.5, 3.5 s) and
// for three attempts to connect, and ends before a person gets impatient.
const doorLimit = 4500 * time.Millisecond

// door is one way to the server, as one small OPTIONS found it.
type door struct {
	Net    capture.Net
	Server netip.AddrPort // that answered, else the first that was asked
	From   netip.AddrPort // this end, invalid where none was had
	Open   bool           // the connection was made (TCP, TLS)
	Reply  Reply
	Err    error            // why no answer came, nil with one
	Waited time.Duration    // how long it was asked in all
	Usual  netip.AddrPort   // the transport's usual port, where only that one answered
	TLS    *wire.Handshaken // nil where it never came so far
}

// visit gives what was found over one way, by the key of its probe, and asks now where
// that probe did not run.
func (b *Bench) visit(ctx context.Context, key string) (door, error) {
	b.mu.Lock()
	d, ok := b.doors[key]
	b.mu.Unlock()
	if ok {
		return d, nil
	}
	over, ask := capture.UDP, b.knockUDP(sipPort)
	switch key {
	case capture.ProbeUDPPort:
		ask = b.knockUDP(0)
	case capture.ProbeTCP:
		over, ask = capture.TCP, b.knockTCP
	case capture.ProbeTLS:
		over, ask = capture.TLS, b.knockTLS
	}
	began := time.Now()
	d, err := b.knock(ctx, over, ask)
	d.Waited = time.Since(began)
	if err == nil {
		b.mu.Lock()
		b.doors[key] = d
		b.mu.Unlock()
	}
	return d, err
}

// askDoor is the Run of the four ways.
func askDoor(key string) func(context.Context, *Bench) {
	return func(ctx context.Context, b *Bench) {
		d, err := b.visit(ctx, key)
		switch {
		case errors.Is(err, context.Canceled), errors.Is(d.Err, context.Canceled):
			return // stopped: it is noted so
		case err != nil:
			b.NotChecked(key, "the server's name leads to no address: %s", names.Reason(err))
			return
		}
		b.sayDoor(key, d)
		if key == capture.ProbeTLS {
			b.sayCertificate(d)
		}
	}
}

// sayDoor notes what was found over one way.
func (b *Bench) sayDoor(key string, d door) {
	details := []any{"server", d.Server, "from", d.From}
	switch {
	case d.Net != b.Transport:
	case b.told:
		details = append(details, "wanted", true)
	default:
		details = append(details, "wanted", "usual")
	}
	if d.Err == nil {
		details = append(details, "code", d.Reply.SIP.Status)
	} else {
		reason, said := why(d)
		details = append(details, "reason", reason, "said", said, "waited", d.Waited)
		if d.Open {
			details = append(details, "open", true)
		}
		if d.Usual.IsValid() {
			details = append(details, "usual", d.Usual)
		}
	}
	if h := d.TLS; h != nil {
		details = append(details, "name", b.Host(), "faults", strings.Join(h.Faults, ", "))
		if h.Shown {
			details = append(details, "version", versionName(h.Version), "cipher", cipherName(h.Cipher))
		}
	}
	if d.Err == nil {
		details = append(details, "in", d.Reply.Took)
	}
	b.Say(key, d.Err == nil, details...)
}

// errInsecure: the handshake came to an end, and not to a good one.
var errInsecure = errors.New("the encryption could not be agreed on")

// why says in one of the words of capture.ProbeUDP why a way brought no answer, and
// what the system or the server said.
func why(d door) (reason, said string) {
	err := d.Err
	text := wire.StreamReason(err)
	switch {
	case errors.Is(err, errInsecure):
		return insecure(d.TLS.Faults)
	case d.Reply.Odd > 0:
		return "garbage", ""
	case errors.Is(err, errSilent), text == "timeout":
		return "silent", ""
	case errors.Is(err, io.EOF):
		return "closed", ""
	case text == "connection reset":
		return "reset", ""
	case text == wire.Refused:
		return "refused", ""
	case errors.Is(err, syscall.EPERM), strings.Contains(text, "forbidden"):
		return "denied", text
	case errors.Is(err, syscall.EMSGSIZE):
		return "too-long", ""
	}
	return "unreachable", text
}

// insecure tells the faults of a handshake apart.
func insecure(faults []string) (reason, said string) {
	first := faults[0]
	word, text, _ := strings.Cut(first, ": ")
	switch word {
	case "timeout":
		return "silent", ""
	case "closed", "reset", "not-tls", "protocol-version":
		return word, ""
	case "refused", "failed":
		return "handshake", text
	case "client-certificate":
		return "handshake", "a certificate of this phone is asked for"
	}
	return "certificate", ""
}

// Where a server has several addresses, the next one is asked when the one before has
// failed, or has said nothing for so long (RFC 3263 4.3); no more than that many.
const (
	nextAfter     = 1500 * time.Millisecond
	mostAddresses = 3
)

// knock asks the server's addresses over one transport and gives the first that
// answered, else the first of all. Where the account or the name service name another
// port than the usual one and nobody answers there, the usual one is tried as well.
func (b *Bench) knock(ctx context.Context, over capture.Net, ask func(context.Context, netip.AddrPort) door) (door, error) {
	list, err := b.Addresses(ctx, over)
	if err != nil {
		return door{}, err
	}
	list = list[:min(len(list), mostAddresses):min(len(list), mostAddresses)]
	named := len(list)
	if usual := netip.AddrPortFrom(list[0].Addr(), names.DefaultPort(over)); usual != list[0] {
		list = append(list, usual)
	}
	type result struct {
		at int
		door
	}
	var asking sync.WaitGroup
	defer asking.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	results := make(chan result, len(list))
	next := 0
	start := func() {
		if next < len(list) {
			i := next
			next++
			asking.Go(func() { results <- result{i, ask(ctx, list[i])} })
		}
	}
	start()
	patience := time.NewTicker(nextAfter)
	defer patience.Stop()
	found := make([]*door, len(list))
	for ended := 0; ended < len(list); {
		select {
		case <-patience.C:
			start()
		case r := <-results:
			ended++
			found[r.at] = &r.door
			if r.Err == nil && r.at < named {
				return r.door, nil
			}
			start()
		}
	}
	first := *found[0]
	if named < len(list) && found[named].Err == nil {
		first.Usual = list[named]
	}
	return first, nil
}
