package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"softphonedoctor/sipclient/capture"
)

// nameProbes ask the name service about the server.
var nameProbes = []Probe{
	{ID: "dns", Title: "Looking up the server's name.", Keys: []string{capture.ProbeDNS, capture.ProbeDNSAgree}, Limit: 4 * time.Second, Run: lookUp},
	{ID: "dns-targets", Title: "Asking each machine behind the server's name.", Keys: []string{capture.ProbeDNSTargets}, Limit: 4500 * time.Millisecond, Run: askTargets},
}

// slowLookup is from when on a look-up is felt: the phone says nothing meanwhile.
const slowLookup = 2 * time.Second

// query is one question to one name server.
type query struct {
	server netip.AddrPort
	name   string
	kind   uint16

	answers []string // in one form, sorted
	none    bool     // the name does not exist
	err     error
	took    time.Duration
}

// ask puts the question over UDP, and over TCP what does not fit.
func (q *query) ask(ctx context.Context) {
	began := time.Now()
	m := new(dns.Msg)
	m.SetQuestion(dns.Fqdn(q.name), q.kind)
	m.SetEdns0(1232, false)
	reply, _, err := (&dns.Client{Net: "udp", UDPSize: 1232, Timeout: 3 * time.Second}).ExchangeContext(ctx, m, q.server.String())
	if err == nil && reply.Truncated {
		reply, _, err = (&dns.Client{Net: "tcp", Timeout: 3 * time.Second}).ExchangeContext(ctx, m, q.server.String())
	}
	q.took = time.Since(began)
	switch {
	case err != nil:
		q.err = err
	case reply.Rcode == dns.RcodeNameError:
		q.none = true
	case reply.Rcode != dns.RcodeSuccess:
		q.err = errors.New("it answered " + dns.RcodeToString[reply.Rcode])
	default:
		for _, rr := range reply.Answer {
			if text := record(rr); text != "" {
				q.answers = append(q.answers, text)
			}
		}
		slices.Sort(q.answers)
	}
}

// record is an answer in the form in which two servers' are compared; "" for what is
// only on the way to one.
func record(rr dns.RR) string {
	switch r := rr.(type) {
	case *dns.A:
		return r.A.String()
	case *dns.AAAA:
		return r.AAAA.String()
	case *dns.SRV:
		return fmt.Sprintf("%d %s:%d", r.Priority, strings.ToLower(r.Target), r.Port)
	case *dns.NAPTR:
		return r.Service
	}
	return ""
}

// nameServers are those that this computer asks.
func (b *Bench) nameServers() []netip.AddrPort {
	if len(b.NameServers) > 0 {
		return b.NameServers
	}
	config, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil {
		return nil
	}
	var list []netip.AddrPort
	for _, s := range config.Servers {
		if ip, err := netip.ParseAddr(s); err == nil {
			list = append(list, netip.AddrPortFrom(ip, 53))
		}
	}
	return list
}

func lookUp(ctx context.Context, b *Bench) {
	host, port := b.hostPort()
	if _, err := netip.ParseAddr(host); err == nil {
		b.NotChecked(capture.ProbeDNS, "the account names an address, so that no name is looked up")
		b.NotChecked(capture.ProbeDNSAgree, "the account names an address, so that no name is looked up")
		return
	}
	servers := b.nameServers()
	if len(servers) == 0 || !strings.Contains(host, ".") {
		b.lookUpBySystem(ctx, host)
		return
	}
	var all []*query
	add := func(server netip.AddrPort, name string, kind uint16) *query {
		q := &query{server: server, name: name, kind: kind}
		all = append(all, q)
		return q
	}
	first := servers[0]
	a, aaaa := add(first, host, dns.TypeA), add(first, host, dns.TypeAAAA)
	var naptr, udp, tcp, tls *query
	if port == 0 {
		naptr, udp = add(first, host, dns.TypeNAPTR), add(first, "_sip._udp."+host, dns.TypeSRV)
		tcp, tls = add(first, "_sip._tcp."+host, dns.TypeSRV), add(first, "_sips._tcp."+host, dns.TypeSRV)
	}
	type rest struct{ a, udp *query }
	others := map[netip.AddrPort]rest{}
	for _, s := range servers[1:min(len(servers), 4)] {
		r := rest{a: add(s, host, dns.TypeA)}
		if port == 0 {
			r.udp = add(s, "_sip._udp."+host, dns.TypeSRV)
		}
		others[s] = r
	}
	var work sync.WaitGroup
	for _, q := range all {
		work.Go(func() { q.ask(ctx) })
	}
	work.Wait()

	details := []any{"name", host, "a", len(a.answers), "aaaa", len(aaaa.answers)}
	found := len(a.answers)+len(aaaa.answers) > 0
	slowest := max(a.took, aaaa.took)
	if port == 0 {
		details = append(details, "naptr", strings.Join(naptr.answers, ","), "srv-udp", len(udp.answers), "srv-tcp", len(tcp.answers), "srv-tls", len(tls.answers))
		found = found || len(udp.answers)+len(tcp.answers)+len(tls.answers) > 0
		slowest = max(slowest, udp.took)
	}
	details = append(details, "slowest", slowest)
	switch {
	case found:
		b.Say(capture.ProbeDNS, slowest <= slowLookup, details...)
	case a.err != nil && aaaa.err != nil:
		b.Say(capture.ProbeDNS, false, append(details, "reason", nameTrouble(a.err))...)
	default:
		b.Say(capture.ProbeDNS, false, append(details, "reason", "no such host")...)
	}

	if len(others) == 0 {
		b.NotChecked(capture.ProbeDNSAgree, "this computer asks one name server only")
		return
	}
	asked, compared := []string{first.Addr().String()}, 0
	for _, s := range servers[1:min(len(servers), 4)] {
		r := others[s]
		asked = append(asked, s.Addr().String())
		for _, pair := range [][2]*query{{a, r.a}, {udp, r.udp}} {
			if pair[0] == nil || pair[1] == nil || pair[0].err != nil || pair[1].err != nil {
				continue
			}
			compared++
			if text := differ(pair[0], pair[1]); text != "" {
				b.Say(capture.ProbeDNSAgree, false, "servers", asked, "differ", text)
				return
			}
		}
	}
	if compared == 0 {
		b.NotChecked(capture.ProbeDNSAgree, "no two name servers answered")
		return
	}
	b.Say(capture.ProbeDNSAgree, true, "servers", asked)
}

// differ says in words what two name servers answer differently. Sets that have
// anything in common do not differ: many names turn their answers round.
func differ(a, b *query) string {
	say := func(q *query) string {
		if len(q.answers) == 0 {
			return q.server.Addr().String() + " knows nothing"
		}
		return q.server.Addr().String() + " says " + strings.Join(q.answers[:min(3, len(q.answers))], " and ")
	}
	switch {
	case len(a.answers) == 0 && len(b.answers) == 0:
		return ""
	case len(a.answers) > 0 && len(b.answers) > 0 && slices.ContainsFunc(a.answers, func(x string) bool { return slices.Contains(b.answers, x) }):
		return ""
	}
	return say(a) + ", " + say(b)
}

// lookUpBySystem is for systems that do not say which name servers they ask.
func (b *Bench) lookUpBySystem(ctx context.Context, host string) {
	b.NotChecked(capture.ProbeDNSAgree, "this system does not say which name servers it asks")
	began := time.Now()
	ips, err := b.resolver().LookupNetIP(ctx, "ip", host)
	took := time.Since(began)
	if err != nil || len(ips) == 0 {
		b.Say(capture.ProbeDNS, false, "name", host, "reason", nameTrouble(err), "slowest", took)
		return
	}
	b.Say(capture.ProbeDNS, took <= slowLookup, "name", host, "addresses", len(ips), "slowest", took)
}

func nameTrouble(err error) string {
	var d *net.DNSError
	var timeout net.Error
	switch {
	case err == nil, errors.As(err, &d) && d.IsNotFound:
		return "no such host"
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "no answer from the name server"
	}
	return err.Error()
}

// maxTargets bounds how many machines behind a name are asked.
const maxTargets = 6

// askTargets asks every machine to which the server's name leads.
func askTargets(ctx context.Context, b *Bench) {
	list, err := b.Addresses(ctx, b.Transport)
	switch {
	case err != nil:
		b.NotChecked(capture.ProbeDNSTargets, "the server's name has no address")
		return
	case len(list) == 1:
		b.NotChecked(capture.ProbeDNSTargets, "there is one machine only")
		return
	}
	list = list[:min(len(list), maxTargets)]
	answered := make([]bool, len(list))
	var work sync.WaitGroup
	limited, stop := context.WithTimeout(ctx, 3800*time.Millisecond)
	defer stop()
	for i, at := range list {
		work.Go(func() { answered[i] = b.takes(limited, at) })
	}
	work.Wait()
	var dead, alive []string
	for i, at := range list {
		if answered[i] {
			alive = append(alive, at.String())
		} else {
			dead = append(dead, at.String())
		}
	}
	first := "dead"
	if answered[0] {
		first = "alive"
	}
	b.Say(capture.ProbeDNSTargets, len(dead) == 0, "alive", alive, "dead", dead, "first", first)
}

// takes tells whether a machine takes the account's transport: an answer over UDP, a
// connection over TCP or TLS.
func (b *Bench) takes(ctx context.Context, at netip.AddrPort) bool {
	if b.Transport != capture.UDP {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", at.String())
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(at))
	if err != nil {
		return false
	}
	defer conn.Close()
	local, _ := netip.ParseAddrPort(conn.LocalAddr().String())
	_, err = askUDP(ctx, conn, b.options(local, capture.UDP, 0).Bytes())
	return err == nil
}
