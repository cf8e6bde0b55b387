package probe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
)

// pathProbes ask how far packets come: to the router, behind it, to the server.
var pathProbes = []Probe{
	{ID: "interfaces", Title: "Looking at this computer's network connections.", Keys: []string{capture.ProbeInterfaces}, Limit: 2 * time.Second, Run: lookAtInterfaces},
	{ID: "gateway", Title: "Asking the router.", Keys: []string{capture.ProbeGateway}, Limit: 4 * time.Second, Run: askGateway},
	{ID: "path", Title: "Looking how far packets come.", Keys: []string{capture.ProbeServerPath, capture.ProbeInternet}, Limit: 4 * time.Second, Run: followPath},
}

// A loss of one in thirty can be told from chance with this many packets at best as a
// hint; they take two seconds.
const (
	pings     = 20
	pingEvery = 100 * time.Millisecond
	pingWait  = time.Second
)

// echoes is what came back to a series of pings.
type echoes struct {
	sent, got   int
	median      time.Duration
	worst       time.Duration
	how         string // "icmp", or "udp" where the system allows no ICMP to us
	unreachable string // what the network said instead, "" for nothing
}

// lost is in percent.
func (e echoes) lost() float64 {
	if e.sent == 0 {
		return 0
	}
	return 100 * float64(e.sent-e.got) / float64(e.sent)
}

func summarise(sent int, times []time.Duration, how string) echoes {
	e := echoes{sent: sent, got: len(times), how: how}
	if len(times) > 0 {
		slices.Sort(times)
		e.median, e.worst = times[len(times)/2], times[len(times)-1]
	}
	return e
}

// details are those of ProbeGateway and ProbeServerPath.
func (e echoes) details(name string, addr netip.Addr) []any {
	list := []any{name, addr, "how", e.how, "sent", e.sent, "got", e.got}
	if e.got > 0 {
		list = append(list, "rtt", e.median, "worst", e.worst)
	}
	return append(list, "icmp", e.unreachable)
}

func askGateway(ctx context.Context, b *Bench) {
	server, err := b.Address(ctx, b.Transport)
	if err == nil && server.Addr().IsLoopback() {
		b.NotChecked(capture.ProbeGateway, "the server is on this computer: there is no router between")
		return
	}
	router, err := defaultGateway(server.Addr())
	if err != nil {
		b.NotChecked(capture.ProbeGateway, "%s", err)
		return
	}
	e, err := ping(ctx, router, pings)
	switch {
	case err == nil && e.got > 0:
		b.Say(capture.ProbeGateway, true, e.details("gateway", router)...)
	case neighbour(router):
		b.Say(capture.ProbeGateway, true, "gateway", router, "how", "arp")
	case err != nil:
		b.NotChecked(capture.ProbeGateway, "the router at %s cannot be asked: %v", router, err)
	default:
		b.Say(capture.ProbeGateway, false, e.details("gateway", router)...)
	}
}

// followPath pings the server and looks at the same time which machine on the way is
// the last that answers.
func followPath(ctx context.Context, b *Bench) {
	server, err := b.Address(ctx, b.Transport)
	switch {
	case err != nil:
		b.NotChecked(capture.ProbeServerPath, "the server's name has no address")
		b.NotChecked(capture.ProbeInternet, "the server's name has no address")
		return
	case server.Addr().IsLoopback():
		b.NotChecked(capture.ProbeServerPath, "the server is on this computer")
		b.NotChecked(capture.ProbeInternet, "the server is on this computer")
		return
	}
	var work sync.WaitGroup
	var e echoes
	var pinged, traced error
	var hops []hop
	work.Go(func() { e, pinged = ping(ctx, server.Addr(), pings) })
	work.Go(func() { hops, traced = b.way.trace(ctx, server) })
	work.Wait()
	last := farthest(hops)
	there := e.got > 0 || last.arrived
	details := e.details("server", server.Addr())
	if last.addr.IsValid() {
		details = append(details, "reached", last.addr, "hops", last.distance)
	}
	if last.said != "" {
		details = append(details, "icmp", last.said)
	}
	switch {
	case there:
		b.Say(capture.ProbeServerPath, true, details...)
	case pinged != nil && traced != nil:
		b.NotChecked(capture.ProbeServerPath, "this system lets no program look: %v", errors.Join(traced, pinged))
	case last.said != "" || last.addr.IsValid():
		b.Say(capture.ProbeServerPath, false, details...)
	default:
		// Nobody on the way says anything, which firewalls do as well as dead lines.
		b.Say(capture.ProbeServerPath, false, append(details, "reached", "nobody")...)
	}
	b.tellInternet(hops, there, server)
}

// tellInternet tells whether anything behind the router answers.
func (b *Bench) tellInternet(hops []hop, there bool, server netip.AddrPort) {
	for _, h := range hops {
		if h.addr.IsValid() && h.distance > 1 {
			b.Say(capture.ProbeInternet, true, "by", h.addr, "hops", h.distance)
			return
		}
	}
	switch {
	case there && !local(server.Addr()):
		b.Say(capture.ProbeInternet, true, "by", server.Addr())
	case there:
		b.NotChecked(capture.ProbeInternet, "the server is in this network")
	case len(hops) == 0:
		b.NotChecked(capture.ProbeInternet, "nobody on the way says anything")
	default:
		b.Say(capture.ProbeInternet, false, "by", "nobody", "hops", 1)
	}
}

// local tells addresses of private networks, which need not be behind a router.
func local(a netip.Addr) bool { return a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsLoopback() }

// hop is one machine on the way that gave a sign of life.
type hop struct {
	distance int
	addr     netip.Addr // whoever answered
	arrived  bool       // it is the server itself
	said     string     // why it sends the packet no further: "admin prohibited" ...
	took     time.Duration
}

// farthest is the last machine that answered; the zero hop where none did.
func farthest(hops []hop) (last hop) {
	for _, h := range hops {
		if h.distance > last.distance || h.arrived && !last.arrived || h.said != "" && last.said == "" && !last.arrived {
			last = h
		}
	}
	return last
}

// way is who answers on the way to the server, looked for once.
type way struct {
	once sync.Once
	hops []hop
	err  error
}

func (w *way) trace(ctx context.Context, server netip.AddrPort) ([]hop, error) {
	w.once.Do(func() {
		// The ways to the server are asked at the same time: their packets go first.
		pauseFor(ctx, traceLater)
		w.hops, w.err = trace(ctx, server)
	})
	return w.hops, w.err
}

// traceLater is how long following the way waits for others to have asked.
const traceLater = 700 * time.Millisecond

// maxHops is how far a packet is followed; ways through the internet are shorter.
const maxHops = 24

// errNoTrace says that the system shows nobody on the way to a program without rights.
var errNoTrace = errors.New("this system shows no machines on the way")

func lookAtInterfaces(ctx context.Context, b *Bench) {
	server, err := b.Address(ctx, b.Transport)
	if err != nil {
		server = netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 1}), 5060) // only asked for the route: nothing is sent
	}
	list, err := connections()
	if err != nil {
		b.NotChecked(capture.ProbeInterfaces, "the system does not list its connections: %v", err)
		return
	}
	used, ok := usedFor(server, list)
	if !ok {
		b.Say(capture.ProbeInterfaces, false, "reason", "no way leads to the server")
		return
	}
	if used.kind == kindLoopback {
		b.NotChecked(capture.ProbeInterfaces, "the server is on this computer")
		return
	}
	var others []string
	for _, c := range list {
		if c.name != used.name && c.kind != kindLoopback && c.kind != kindVirtual {
			others = append(others, fmt.Sprintf("%s/%s", c.name, c.kind))
		}
	}
	b.Say(capture.ProbeInterfaces, len(others) == 0 && used.kind != kindVPN, "used", used.name, "addr", used.addr, "kind", used.kind,
		"others", strings.Join(others, ","))
}

// pauseFor sleeps, but not beyond the context.
func pauseFor(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
