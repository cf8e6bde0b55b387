package evidence

import (
	"net/netip"
	"strings"
	"testing"

	"softphonedoctor/sipclient/capture"

	"github.com/stretchr/testify/require"
)

// Routers take one off the TTL: who has not passed one yet is near.
func TestVantage(t *testing.T) {
	phone, server := netip.MustParseAddrPort("192.0.2.10:5060"), netip.MustParseAddrPort("198.51.100.5:5060")
	for _, c := range []struct {
		name    string
		out, in []uint8
		want    Place
		says    string
	}{
		{"at the phone", []uint8{64, 64, 64}, []uint8{55, 55}, AtPhone, "phone's packets had not passed"},
		{"at a phone with Windows", []uint8{128}, []uint8{245}, AtPhone, ""},
		{"at the server", []uint8{57, 57}, []uint8{64, 64}, AtServer, "those of the phone had"},
		{"in between", []uint8{62, 61}, []uint8{253}, Between, "at least 2"},
		{"the same network", []uint8{64}, []uint8{255}, PlaceUnknown, "no router"},
		{"nothing came back, at the phone", []uint8{64, 64}, nil, AtPhone, ""},
		{"nothing came back, elsewhere", []uint8{60, 60}, nil, Between, "nothing came back"},
		{"one stray packet", append([]uint8{63}, []uint8(strings.Repeat("\x40", 20))...), []uint8{50}, AtPhone, ""},
		{"as many as not", []uint8{64, 63, 64, 63}, []uint8{50}, PlaceUnknown, ""},
		{"not known", []uint8{0, 0}, []uint8{0}, PlaceUnknown, ""},
	} {
		var b Builder
		b.SetSubject(phone)
		n := 0
		add := func(from, to netip.AddrPort, hops uint8) {
			n++
			text := strings.ReplaceAll("OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKN\r\nCall-ID: N\r\nCSeq: 1 OPTIONS\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n\r\n", "N", strings.Repeat("n", n))
			b.Add(capture.Record{N: n, Packet: &capture.Packet{Time: began, Net: capture.UDP, Src: from, Dst: to, Hops: hops, Data: []byte(text)}})
		}
		for _, h := range c.out {
			add(phone, server, h)
		}
		for _, h := range c.in {
			add(server, phone, h)
		}
		got := b.Evidence().Vantage
		require.Equal(t, c.want, got.Place, c.name)
		require.Contains(t, got.Why, c.says, c.name)
	}
	var b Builder
	b.Add(capture.Record{N: 1, Note: &capture.Note{Time: began, Kind: capture.KindPhone, Key: capture.PhoneAccount, Text: "a b udp"}})
	require.Equal(t, AtPhone, b.Evidence().Vantage.Place, "the test phone's own tape")
}
