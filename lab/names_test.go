package lab

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient"
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/names"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
)

// judgeTape folds a tape and judges it.
func judgeTape(tape *capture.Tape) (*evidence.Evidence, diagnosis.Diagnosis) {
	var b evidence.Builder
	for _, r := range tape.From(0) {
		b.Add(r)
	}
	e := b.Evidence()
	return e, diagnosis.Of(e, diagnosis.Dictionary{})
}

// requireSignedIn wants an accepted sign-in, and nothing but facts beside it.
func requireSignedIn(t *testing.T, tape *capture.Tape) *evidence.Evidence {
	t.Helper()
	e, d := judgeTape(tape)
	accepted := false
	for _, r := range e.Registrations {
		for _, tx := range r.Transactions {
			accepted = accepted || tx.Final() != nil && tx.Final().Status == 200
		}
	}
	if !accepted {
		t.Errorf("not signed in; %s; %+v", story(e), e.Phone)
	}
	for i := range d.Findings {
		if f := &d.Findings[i]; f.Kind() != diagnosis.Hint {
			t.Errorf("%s %s: %s", f.Kind(), f.Rule.Cause, f.Why)
		}
	}
	return e
}

// nameService: a domain whose NAPTR and SRV records lead to Kamailio over every
// transport, the first target of each being dead. A real name server answers.
func nameService(t *testing.T, k *Registrar) {
	t.Parallel()
	dead := FreePort(t)
	srv := func(name string, port, priority int) string {
		return fmt.Sprintf("--srv-host=%s.pbx.lab.test,node.lab.test,%d,%d,10", name, port, priority)
	}
	main, secure := int(k.Addr.Port()), int(k.Ways.TLS[CertGood].Port())
	dns := NameServer(t, "--host-record=node.lab.test,127.0.0.1", "--host-record=pbx.lab.test,127.0.0.1",
		"--naptr-record=pbx.lab.test,10,10,s,SIPS+D2T,,_sips._tcp.pbx.lab.test",
		"--naptr-record=pbx.lab.test,20,10,s,SIP+D2T,,_sip._tcp.pbx.lab.test",
		"--naptr-record=pbx.lab.test,30,10,s,SIP+D2U,,_sip._udp.pbx.lab.test",
		srv("_sips._tcp", dead, 10), srv("_sips._tcp", secure, 20), srv("_sip._tcp", dead, 10), srv("_sip._tcp", main, 20), srv("_sip._udp", dead, 10), srv("_sip._udp", main, 20))
	for transport, port := range map[string]int{"udp": main, "tcp": main, "tls": secure} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			tape := &capture.Tape{}
			p, err := sipclient.New(t.Context(), sipclient.Config{Tape: tape, Resolver: names.NewResolver(dns), Roots: pool(t, k),
				Account: sipclient.Account{User: "names-" + transport, Domain: "pbx.lab.test", Password: Password("names-" + transport), Transport: transport, Register: true}})
			require.NoError(t, err)
			closing(t, p)
			require.NoError(t, p.Register(t.Context()))
			e := requireSignedIn(t, tape)
			require.Len(t, e.Targets, 1)
			require.Equal(t, []netip.AddrPort{netip.AddrPortFrom(k.Addr.Addr(), uint16(dead)), netip.AddrPortFrom(k.Addr.Addr(), uint16(port))}, e.Targets[0].Addrs)
			require.NotEmpty(t, e.Fallbacks)
			require.Equal(t, uint16(dead), e.Fallbacks[0].From.Port())
			require.Equal(t, uint16(port), e.Fallbacks[0].To.Port())
			wanted := ""
			for _, ev := range e.Phone {
				if ev.Key == capture.PhoneNAPTR {
					wanted = ev.Text
				}
			}
			require.Equal(t, "pbx.lab.test SIPS+D2T SIP+D2T SIP+D2U", wanted)
		})
	}
	t.Run("no such name", func(t *testing.T) {
		t.Parallel()
		tape := &capture.Tape{}
		p, err := sipclient.New(t.Context(), sipclient.Config{Tape: tape, Resolver: names.NewResolver(dns),
			Account: sipclient.Account{User: "a", Domain: "nowhere.lab.test", Password: "x", Transport: "tls", Register: true}})
		require.NoError(t, err)
		closing(t, p)
		_, d := judgeTape(tape)
		require.True(t, d.Root() != nil && d.Root().Rule.Cause == "server-name-unknown", "%+v", d.Root())
	})
}

// outboundProxy: the domain is no address of anybody, and everything goes to the
// proxy, which finds it its own way.
func outboundProxy(t *testing.T, k *Registrar) {
	t.Parallel()
	for transport, at := range map[string]netip.AddrPort{"udp": k.Addr, "tcp": k.Addr, "tls": k.Ways.TLS[CertGood]} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			tape := &capture.Tape{}
			user := "behind-" + transport
			p, err := sipclient.New(t.Context(), sipclient.Config{Tape: tape, Roots: pool(t, k), Account: sipclient.Account{
				User: user, Domain: k.Domain(), Proxy: at.String(), Password: Password(user), Transport: transport, Register: true}})
			require.NoError(t, err)
			closing(t, p)
			require.NoError(t, p.Register(t.Context()))
			e := requireSignedIn(t, tape)
			first := e.Registrations[0].Transactions[0].Request
			require.Equal(t, at, first.To)
			require.Contains(t, first.Get("Route"), at.String())
			require.Equal(t, "sip:"+k.Domain(), first.URI)
		})
	}
}

// largeInvite: a call whose INVITE is too large for UDP goes over TCP by itself
// (RFC 3261 18.1.1), and Kamailio leads it on.
func largeInvite(t *testing.T, k *Registrar) {
	t.Parallel()
	tape := &capture.Tape{}
	user := "large"
	p, err := sipclient.New(t.Context(), sipclient.Config{Tape: tape, Account: sipclient.Account{
		User: user, Domain: k.Domain(), Password: Password(user), Transport: "udp", CallerID: strings.Repeat("9", 700), Register: true}})
	require.NoError(t, err)
	closing(t, p)
	require.NoError(t, p.Register(t.Context()))
	c, err := p.Dial(t.Context(), "code-486")
	require.NoError(t, err)
	c.Wait(t.Context(), sipclient.Ended)
	e, d := judgeTape(tape)
	wide := 0
	for _, m := range e.Messages {
		if m.Out && m.Method == "INVITE" {
			require.Greater(t, m.Size, 1300)
			require.Equal(t, capture.TCP, m.Net)
			wide++
		}
	}
	require.Positive(t, wide, story(e))
	require.True(t, d.Root() != nil && d.Root().Rule.Cause == "callee-busy", "%+v; %s", d.Root(), story(e))
}

// connectionCut: something on the way kills the connection, and the phone signs in
// again by itself, over a new one and with its new address only.
func connectionCut(t *testing.T, k *Registrar) {
	t.Parallel()
	relay := newCutter(t, k.Addr.String())
	tape := &capture.Tape{}
	p, err := sipclient.New(t.Context(), sipclient.Config{Tape: tape, Account: sipclient.Account{
		User: "cut", Domain: relay.addr(), Password: Password("cut"), Transport: "tcp", Register: true}})
	require.NoError(t, err)
	closing(t, p)
	require.NoError(t, p.Register(t.Context()))
	before := p.Local()
	relay.cut()
	if !eventually(10*time.Second, func() bool {
		e, _ := judgeTape(tape)
		for _, r := range e.Registrations {
			if f := r.Last().Final(); f != nil && f.Status == 200 && r.Last().Request.From != before {
				return true
			}
		}
		return false
	}) {
		e, _ := judgeTape(tape)
		t.Fatalf("not signed in again; %s; %+v", story(e), e.Phone)
	}
	e, d := judgeTape(tape)
	root := d.Root()
	require.True(t, root != nil && root.Rule.Cause == "inbound-tcp-connection-lost" && root.Kind() == diagnosis.Hint, "%+v", root)
	last := e.Registrations[len(e.Registrations)-1].Last()
	require.Len(t, last.Final().Contacts(), 1, "the lost address is still stored")
}
