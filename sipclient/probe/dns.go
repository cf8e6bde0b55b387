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

	"github.com/miekg/dns"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/names"
)

// nameProbes ask the name service about the server.
var nameProbes = []Probe{
	{ID: "dns", Title: "Looking up the server's name.", Keys: []string{capture.ProbeDNS, capture.ProbeDNSAgree}, Limit: 4 * time.Second, Run: lookUp},
	{ID: "dns-targets", Title: "Asking each machine behind the server's name.", Keys: []string{capture.ProbeDNSTargets}, Limit: 4500 * time.Millisecond, Run: askTargets},
}

const (
	// slowLookup is from when on a look-up is felt: the phone says nothing meanwhile.
	slowLookup = 2 * time.Second
	// askPatience bounds one question to one name server; programs give up after 5 s,
	// people sooner.
	askPatience = 3 * time.Second
	// askAgain is when a question that may have been lost is asked once more.
	askAgain = time.Second
	// mostServers is how many name servers systems ask (resolv.conf(5)).
	mostServers = 3
)

// query is one question to one name server.
type query struct {
	server netip.AddrPort
	name   string
	kind   uint16

	answers []string // in one form, sorted
	best    string   // of service records: the machine to ask first
	err     error
	took    time.Duration
}

// ask puts the question over UDP, once more where nothing comes for a while, and over TCP
// what does not fit.
func (q *query) ask(ctx context.Context) {
	began := time.Now()
	reply, err := q.exchange(ctx)
	if err == nil && reply.Truncated {
		reply, _, err = (&dns.Client{Net: "tcp", Timeout: askPatience}).ExchangeContext(ctx, q.message(), q.server.String())
	}
	if q.took, q.err = time.Since(began), err; err == nil {
		q.read(reply)
	}
}

func (q *query) message() *dns.Msg {
	m := new(dns.Msg)
	m.SetQuestion(dns.Fqdn(q.name), q.kind)
	m.SetEdns0(1232, false)
	return m
}

// exchange takes the first answer to either copy of the question.
func (q *query) exchange(ctx context.Context) (*dns.Msg, error) {
	ctx, stop := context.WithTimeout(ctx, askPatience)
	defer stop()
	type result struct {
		reply *dns.Msg
		err   error
	}
	const copies = 2
	results := make(chan result, copies)
	ask := func() {
		client := &dns.Client{Net: "udp", UDPSize: 1232, Timeout: askPatience}
		conn, err := client.DialContext(ctx, q.server.String())
		if err != nil {
			results <- result{nil, err}
			return
		}
		defer conn.Close()
		defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // the client heeds deadlines only
		reply, _, err := client.ExchangeWithConnContext(ctx, q.message(), conn)
		if err != nil && ctx.Err() != nil {
			err = ctx.Err()
		}
		results <- result{reply, err}
	}
	var asking sync.WaitGroup
	defer asking.Wait()
	defer stop()
	asking.Go(ask)
	again := time.NewTimer(askAgain)
	defer again.Stop()
	for open := 1; ; {
		select {
		case r := <-results:
			if open--; r.err == nil || open == 0 {
				return r.reply, r.err
			}
		case <-again.C:
			open++
			asking.Go(ask)
		}
	}
}

// read takes what a name server answered.
func (q *query) read(reply *dns.Msg) {
	switch {
	case reply.Rcode == dns.RcodeNameError: // there is no such name
	case reply.Rcode != dns.RcodeSuccess:
		q.err = errors.New("it answered " + dns.RcodeToString[reply.Rcode])
	default:
		const most = 64 // an answer with more is a trick
		for _, rr := range reply.Answer[:min(len(reply.Answer), most)] {
			if text := record(rr); text != "" && rr.Header().Rrtype == q.kind && !slices.Contains(q.answers, text) {
				q.answers = append(q.answers, text)
			}
		}
		slices.Sort(q.answers)
		lowest := 1 << 16
		for _, rr := range reply.Answer[:min(len(reply.Answer), most)] {
			if r, ok := rr.(*dns.SRV); ok && q.kind == dns.TypeSRV && r.Target != "." && int(r.Priority) < lowest {
				lowest, q.best = int(r.Priority), r.Target
			}
		}
	}
}

// record is an answer in the form in which two servers' are compared; "" for what is
// only on the way to one, and for the word that there is nothing (RFC 2782: target ".").
func record(rr dns.RR) string {
	switch r := rr.(type) {
	case *dns.A:
		return r.A.String()
	case *dns.AAAA:
		return r.AAAA.String()
	case *dns.SRV:
		if r.Target == "." {
			return ""
		}
		return fmt.Sprintf("%d %s:%d", r.Priority, strings.ToLower(strings.TrimSuffix(r.Target, ".")), r.Port)
	case *dns.NAPTR:
		return strings.ToUpper(r.Service)
	}
	return ""
}

// nameServers are those that this computer asks.
func (b *Bench) nameServers() []netip.AddrPort {
	list := b.NameServers
	if len(list) == 0 {
		list = names.Servers()
	}
	return list[:min(len(list), mostServers)]
}

// book is what one name server says about the server's name.
type book struct {
	server           netip.AddrPort
	a, aaaa          *query
	naptr            *query // nil, like the next three, where the account names a port
	udp, tcp, secure *query
	target           *query // the address of the best machine that the records above name, nil without one
}

func (k *book) all() []*query {
	return slices.DeleteFunc([]*query{k.naptr, k.udp, k.tcp, k.secure, k.a, k.aaaa}, func(q *query) bool { return q == nil })
}

// answered tells that the server answered anything at all.
func (k *book) answered() bool {
	return slices.ContainsFunc(k.all(), func(q *query) bool { return q.err == nil })
}

// found tells that the name leads somewhere.
func (k *book) found() bool {
	return slices.ContainsFunc(k.all(), func(q *query) bool { return q != k.naptr && len(q.answers) > 0 })
}

// open puts all questions about the server's name to one name server.
func open(server netip.AddrPort, host string, port uint16) *book {
	ask := func(name string, kind uint16) *query { return &query{server: server, name: name, kind: kind} }
	k := &book{server: server, a: ask(host, dns.TypeA), aaaa: ask(host, dns.TypeAAAA)}
	if port == 0 {
		k.naptr = ask(host, dns.TypeNAPTR)
		k.udp, k.tcp, k.secure = ask(names.Service(capture.UDP, host), dns.TypeSRV), ask(names.Service(capture.TCP, host), dns.TypeSRV), ask(names.Service(capture.TLS, host), dns.TypeSRV)
	}
	return k
}

// follow gives the question where the service records lead, those of the account's
// transport first; nil where there are none.
func (k *book) follow(over capture.Net) *query {
	list := []*query{k.udp, k.tcp, k.secure}
	switch over {
	case capture.TCP:
		list = []*query{k.tcp, k.secure, k.udp}
	case capture.TLS:
		list = []*query{k.secure, k.tcp, k.udp}
	}
	for _, q := range list {
		if q != nil && q.best != "" {
			return &query{server: k.server, name: q.best, kind: dns.TypeA}
		}
	}
	return nil
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
	var books []*book
	var work sync.WaitGroup
	for _, s := range servers {
		k := open(s, host, port)
		books = append(books, k)
		for _, q := range k.all() {
			work.Go(func() { q.ask(ctx) })
		}
	}
	work.Wait()
	for _, k := range books {
		if k.target = k.follow(b.Transport); k.target != nil {
			work.Go(func() { k.target.ask(ctx) })
		}
	}
	work.Wait()
	b.sayFound(host, books)
	b.sayAgree(books)
}

// sayFound tells what the first name server that answers says, as programs take it; a
// dead one before it costs each of them its time.
func (b *Bench) sayFound(host string, books []*book) {
	var dead []string
	first := books[0]
	for _, k := range books {
		if k.answered() {
			first = k
			break
		}
		dead = append(dead, k.server.Addr().String())
	}
	details := []any{"name", host, "by", first.server.Addr()}
	slowest := time.Duration(0)
	for _, row := range []struct {
		name string
		*query
	}{{"naptr", first.naptr}, {"srv-udp", first.udp}, {"srv-tcp", first.tcp}, {"srv-tls", first.secure}, {"a", first.a}, {"aaaa", first.aaaa}} {
		switch {
		case row.query == nil:
			continue
		case row.err != nil:
			details = append(details, row.name, "failed")
		case row.name == "naptr":
			details = append(details, row.name, slices.Compact(row.answers))
		default:
			details = append(details, row.name, len(row.answers))
		}
		details = append(details, row.name+"-took", row.took)
		slowest = max(slowest, row.took)
	}
	details = append(details, "slowest", slowest, "dead", dead)
	switch {
	case first.found():
		b.Say(capture.ProbeDNS, slowest <= slowLookup && first == books[0], details...)
	case !first.answered():
		b.Say(capture.ProbeDNS, false, append(details, "reason", nameTrouble(first.a.err))...)
	case first.a.err != nil && first.aaaa.err != nil:
		b.Say(capture.ProbeDNS, false, append(details, "reason", nameTrouble(first.a.err))...)
	default:
		b.Say(capture.ProbeDNS, false, append(details, "reason", "no such host")...)
	}
}

// sayAgree compares what the name servers say.
func (b *Bench) sayAgree(books []*book) {
	if len(books) == 1 {
		b.NotChecked(capture.ProbeDNSAgree, "this computer asks one name server only")
		return
	}
	var asked []string
	var answering []*book
	for _, k := range books {
		asked = append(asked, k.server.Addr().String())
		if k.answered() {
			answering = append(answering, k)
		}
	}
	if len(answering) < 2 {
		b.NotChecked(capture.ProbeDNSAgree, "no two name servers answered")
		return
	}
	for i, one := range answering {
		for _, other := range answering[i+1:] {
			if text := differ(one, other); text != "" {
				b.Say(capture.ProbeDNSAgree, false, "servers", asked, "differ", text)
				return
			}
		}
	}
	b.Say(capture.ProbeDNSAgree, true, "servers", asked)
}

// differ says in words what two name servers answer differently: one does not know the
// name that leads somewhere at the other, or both lead to places that have nothing in
// common. Sets that overlap do not differ: many names turn their answers round.
func differ(a, b *book) string {
	if a.found() != b.found() {
		for _, k := range []*book{a, b} {
			if !k.found() && slices.ContainsFunc(k.all(), func(q *query) bool { return q.err != nil }) {
				return "" // it did not answer all
			}
		}
	}
	say := func(q *query) string {
		if len(q.answers) == 0 {
			return q.server.Addr().String() + " knows no such name"
		}
		return q.server.Addr().String() + " says " + strings.Join(q.answers[:min(3, len(q.answers))], " and ")
	}
	both := a.found() && b.found()
	for _, pair := range [][2]*query{{a.udp, b.udp}, {a.tcp, b.tcp}, {a.secure, b.secure}, {a.target, b.target}, {a.a, b.a}, {a.aaaa, b.aaaa}} {
		one, other := pair[0], pair[1]
		switch {
		case one == nil || other == nil || one.err != nil || other.err != nil, len(one.answers)+len(other.answers) == 0:
		case slices.ContainsFunc(one.answers, func(x string) bool { return slices.Contains(other.answers, x) }):
			if one.kind != dns.TypeSRV {
				return "" // a phone goes to the same place by both
			}
		case both && (len(one.answers) == 0 || len(other.answers) == 0):
			// One of them lacks this kind of record; the name leads somewhere all the same.
		default:
			return say(one) + ", " + say(other)
		}
	}
	return ""
}

// lookUpBySystem is for systems that do not say which name servers they ask.
func (b *Bench) lookUpBySystem(ctx context.Context, host string) {
	b.NotChecked(capture.ProbeDNSAgree, "this system does not say which name servers it asks")
	began := time.Now()
	ips, err := b.resolver().LookupNetIP(ctx, "ip", host)
	took := time.Since(began)
	if err != nil || len(ips) == 0 {
		b.Say(capture.ProbeDNS, false, "name", host, "slowest", took, "reason", nameTrouble(err))
		return
	}
	four := 0
	for _, ip := range ips {
		if ip.Unmap().Is4() {
			four++
		}
	}
	b.Say(capture.ProbeDNS, took <= slowLookup, "name", host, "a", four, "aaaa", len(ips)-four, "slowest", took)
}

// nameTrouble says why a name server's answer leads nowhere.
func nameTrouble(err error) string {
	if err != nil && strings.Contains(err.Error(), "refused") {
		return "the name server turns questions away"
	}
	return names.Reason(err)
}
