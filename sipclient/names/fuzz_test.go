package names

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/miekg/dns"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

// FuzzAnswer answers every question with the same bytes behind the question's own
// number: whatever a name server says, a look-up ends in time and finds no more than it
// may.
func FuzzAnswer(f *testing.F) {
	for _, text := range []string{"x.test. 1 IN A 192.0.2.1", "x.test. 1 IN AAAA 2001:db8::1", "_sip._udp.x.test. 1 IN SRV 1 1 5060 y.test.",
		`x.test. 1 IN NAPTR 1 1 "s" "SIP+D2U" "" _sip._udp.y.test.`, "x.test. 1 IN CNAME x.test."} {
		m := new(dns.Msg)
		m.SetQuestion("x.test.", dns.TypeA)
		m.Response = true
		rr, err := dns.NewRR(text)
		if err != nil {
			f.Fatal(err)
		}
		m.Answer = []dns.RR{rr}
		b, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte{0, 0, 0x84, 3})
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		f.Fatal(err)
	}
	answers := make(chan []byte, 1)
	answers <- nil
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			b := <-answers
			answers <- b
			if n < 2 || len(b) < 2 {
				continue
			}
			_, _ = conn.WriteToUDPAddrPort(append(append([]byte{}, buf[:2]...), b[2:]...), from)
		}
	}()
	f.Cleanup(func() { _ = conn.Close(); <-done })
	r := NewResolver(wire.AddrPort(conn.LocalAddr()))
	f.Fuzz(func(t *testing.T, answer []byte) {
		if len(answer) > 4096 {
			return
		}
		<-answers
		answers <- answer
		ctx, stop := context.WithTimeout(context.Background(), 200*time.Millisecond)
		defer stop()
		began := time.Now()
		found, err := Find(ctx, r, "x.test", 0, capture.UDP, false)
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("it took %s", took)
		}
		if len(found.Addrs) > 2*most*most || err == nil && len(found.Addrs) == 0 {
			t.Errorf("%d addresses, %v", len(found.Addrs), err)
		}
	})
}
