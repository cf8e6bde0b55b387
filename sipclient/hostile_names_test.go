package sipclient

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"softphonedoctor/sipclient/names"
	"softphonedoctor/sipclient/wire"
)

// badNames is a name server that answers each question as a row says; the phone's
// account names a domain that only it knows.
func badNames(answer func(ask *dns.Msg, foe *foe) []byte) func(*Config, *field) {
	return func(c *Config, f *field) {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			f.Fatal(err)
		}
		f.foe.work.Go(func() {
			buf := make([]byte, 4096)
			for {
				n, from, err := conn.ReadFromUDPAddrPort(buf)
				if err != nil {
					return
				}
				ask := new(dns.Msg)
				if ask.Unpack(buf[:n]) != nil || len(ask.Question) != 1 {
					continue
				}
				if b := answer(ask, f.foe); b != nil {
					_, _ = conn.WriteToUDPAddrPort(b, from)
				}
			}
		})
		f.Cleanup(func() { conn.Close() })
		c.Resolver = names.NewResolver(wire.AddrPort(conn.LocalAddr()))
		c.Domain = "pbx.hostile.test"
	}
}

// packed gives an answer on the wire, cut to what UDP carries.
func packed(ask *dns.Msg, records ...dns.RR) []byte {
	m := new(dns.Msg)
	m.SetReply(ask)
	m.Answer = records
	b, _ := m.Pack()
	return b
}

func rr(format string, args ...any) dns.RR {
	r, err := dns.NewRR(fmt.Sprintf(format, args...))
	if err != nil {
		panic(err)
	}
	return r
}

// opens waits for nothing: that the phone opened in time, and is told to do things at
// a server without an address, is what these rows are about.
func opens(f *field) {
	ctx, stop := context.WithTimeout(f.Context(), 300*time.Millisecond)
	defer stop()
	_ = f.phone.Register(ctx)
	if c, err := f.phone.Dial(ctx, "200"); err == nil {
		wait := time.Now()
		_ = c.Hangup(f.Context())
		if took := time.Since(wait); took > 3200*time.Millisecond {
			f.Errorf("hanging up took %s", took)
		}
	}
}

var nameTricks = []hostile{
	{name: "DNS: no answer", dead: true, attack: opens, config: badNames(func(*dns.Msg, *foe) []byte { return nil })},
	{name: "DNS: garbage", dead: true, attack: opens, config: badNames(func(ask *dns.Msg, _ *foe) []byte { return []byte(garbage(0)) })},
	{name: "DNS: garbage behind a good head", dead: true, attack: opens, config: badNames(func(ask *dns.Msg, _ *foe) []byte {
		b := packed(ask)
		b[7] = 0xff // so many answers
		return append(b, garbage(0)...)
	})},
	{name: "DNS: aliases in a circle", dead: true, attack: opens, config: badNames(func(ask *dns.Msg, _ *foe) []byte {
		name := ask.Question[0].Name
		return packed(ask, rr("%s 1 IN CNAME loop.test.", name), rr("loop.test. 1 IN CNAME %s", name))
	})},
	{name: "DNS: 10,000 service records, each with a new name", attack: opens, dead: true, config: func(c *Config, _ *field) {
		c.Resolver, c.Domain = manyNames{}, "pbx.hostile.test"
	}},
	{name: "DNS: 10,000 addresses", attack: func(f *field) {
		if n := len(f.phone.targets); n > 64 {
			f.Errorf("%d addresses are taken for the server's", n)
		}
	}, config: func(c *Config, f *field) {
		c.Resolver, c.Domain = manyNames{}, "pbx.hostile.test:"+portOf(f.foe.addr())
	}},
}

// manyNames is a resolver that finds more than anybody has.
type manyNames struct{}

func (manyNames) LookupSRV(context.Context, string, string, string) (string, []*net.SRV, error) {
	var list []*net.SRV
	for i := range 10_000 {
		list = append(list, &net.SRV{Target: fmt.Sprintf("x%d.hostile.test.", i), Port: 9})
	}
	return "", list, nil
}

func (manyNames) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	var list []netip.Addr
	for i := range 10_000 {
		list = append(list, netip.AddrFrom4([4]byte{127, 0, byte(i / 250), byte(1 + i%250)}))
	}
	return list, nil
}

func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}
