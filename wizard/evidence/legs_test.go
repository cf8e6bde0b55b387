package evidence

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"

	"github.com/stretchr/testify/require"
)

// placed is an INVITE of a call, with any further lines of its head.
type placed struct {
	after    time.Duration
	from, to string
	id       string
	caller   string
	callee   string
	more     string
}

func legsOf(t *testing.T, invites ...placed) map[string]string {
	t.Helper()
	var b Builder
	for i, p := range invites {
		text := fmt.Sprintf("INVITE sip:%s@x SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%d\r\nCall-ID: %s\r\nCSeq: 1 INVITE\r\nFrom: <sip:%s@x>;tag=%d\r\nTo: <sip:%s@x>\r\nContact: <sip:a@%s>\r\nMax-Forwards: 70\r\n%s\r\n",
			p.callee, p.from, i, p.id, p.caller, i, p.callee, p.from, p.more)
		b.Add(capture.Record{N: i + 1, Packet: &capture.Packet{Time: began.Add(p.after), Net: capture.UDP, Src: netip.MustParseAddrPort(p.from), Dst: netip.MustParseAddrPort(p.to), Data: []byte(text)}})
	}
	got := map[string]string{}
	for c, first := range Legs(b.Evidence().Calls) {
		got[c.ID] = first.ID
	}
	return got
}

func TestLegs(t *testing.T) {
	const phone, server, other, third = "192.0.2.10:5060", "198.51.100.5:5060", "203.0.113.7:5060", "203.0.113.8:5060"
	first := placed{0, phone, server, "one", "100", "200", ""}
	onward := placed{time.Second, server, other, "two", "100", "200", ""}
	for _, c := range []struct {
		name string
		also []placed
		want map[string]string
	}{
		{"passed on", []placed{onward}, map[string]string{"two": "one"}},
		{"passed on twice", []placed{onward, {2 * time.Second, other, third, "three", "100", "200", ""}}, map[string]string{"two": "one", "three": "one"}},
		{"two devices ring", []placed{onward, {time.Second, server, third, "three", "100", "200", ""}}, map[string]string{"two": "one", "three": "one"}},
		{"other people", []placed{{time.Second, server, other, "two", "101", "200", ""}}, map[string]string{}},
		{"from another machine", []placed{{time.Second, other, third, "two", "100", "200", ""}}, map[string]string{}},
		{"much later", []placed{{time.Minute, server, other, "two", "100", "200", ""}}, map[string]string{}},
		{"before", []placed{{-time.Second, server, other, "two", "100", "200", ""}}, map[string]string{}},
		{"called again", []placed{{time.Second, phone, server, "two", "100", "200", ""}}, map[string]string{}},
		{"another number, the same session", []placed{{0, phone, server, "three", "5", "6", "Session-ID: AB12;remote=00\r\n"}, {time.Second, server, other, "four", "7", "8", "Session-ID: ab12;remote=77\r\n"}}, map[string]string{"four": "three"}},
	} {
		require.Equal(t, c.want, legsOf(t, append([]placed{first}, c.also...)...), c.name)
	}
	// On one computer only the port tells who was called.
	require.Equal(t, map[string]string{}, legsOf(t, placed{0, "127.0.0.1:5080", "127.0.0.1:5060", "one", "100", "200", ""}, placed{time.Second, "127.0.0.1:5080", "127.0.0.1:5060", "two", "100", "200", ""}))
	require.Equal(t, map[string]string{"two": "one"}, legsOf(t, placed{0, "127.0.0.1:5080", "127.0.0.1:5060", "one", "100", "200", ""}, placed{time.Second, "127.0.0.1:5060", "127.0.0.1:5090", "two", "100", "200", ""}))
}

// The description that a server hands on unchanged names the call as well.
func TestLegsByDescription(t *testing.T) {
	var b Builder
	for _, r := range readScript(t, "testdata/b2bua.txtar").records {
		b.Add(r)
	}
	calls := b.Evidence().Calls
	legs := Legs(calls)
	require.Len(t, legs, 1)
	for c, first := range legs {
		require.Equal(t, "leg-b", c.ID)
		require.Equal(t, "call-1", first.ID)
	}
}

// Many calls cost no more than their number.
func TestLegsOfMany(t *testing.T) {
	var b Builder
	for i := range 5000 {
		p := placed{from: "192.0.2.10:5060", to: "198.51.100.5:5060"}
		text := fmt.Sprintf("INVITE sip:200@x SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK%d\r\nCall-ID: %d\r\nCSeq: 1 INVITE\r\nFrom: <sip:1@x>;tag=%d\r\nTo: <sip:200@x>\r\n\r\n", i, i, i)
		b.Add(capture.Record{N: i, Packet: &capture.Packet{Time: began.Add(time.Duration(i) * time.Millisecond), Net: capture.UDP, Src: netip.MustParseAddrPort(p.from), Dst: netip.MustParseAddrPort(p.to), Data: []byte(text)}})
	}
	calls := b.Evidence().Calls
	require.Empty(t, Legs(calls))
	require.Len(t, calls, 5000)
}

func TestPhones(t *testing.T) {
	var b Builder
	n := 0
	add := func(from, to, text string) {
		n++
		b.Add(capture.Record{N: n, Packet: &capture.Packet{Time: began, Net: capture.UDP, Src: netip.MustParseAddrPort(from), Dst: netip.MustParseAddrPort(to), Data: []byte(text)}})
	}
	request := func(method, user, id string, vias int) string {
		return method + " sip:x SIP/2.0\r\n" + strings.Repeat("Via: SIP/2.0/UDP a;branch=z9hG4bK"+id+"\r\n", vias) + "Call-ID: " + id + "\r\nCSeq: 1 " + method + "\r\nFrom: <sip:" + user + "@x>;tag=1\r\nTo: <sip:" + user + "@x>\r\n\r\n"
	}
	add("192.0.2.10:5060", "198.51.100.5:5060", request("REGISTER", "100", "a", 1))
	add("192.0.2.11:5060", "198.51.100.5:5060", request("REGISTER", "101", "b", 1))
	add("192.0.2.11:5060", "198.51.100.5:5060", request("INVITE", "101", "c", 1))
	add("198.51.100.5:5060", "192.0.2.10:5060", request("INVITE", "101", "c", 2))
	add("192.0.2.11:5060", "198.51.100.5:5060", request("INVITE", "101", "d", 1))
	var got []string
	for _, p := range Phones(b.Evidence()) {
		got = append(got, fmt.Sprintf("%s %s %d sign-ins %d calls", p.Addr, p.AOR, p.SignIns, p.Calls))
	}
	require.Equal(t, []string{"192.0.2.10 100@x 1 sign-ins 1 calls", "192.0.2.11 101@x 1 sign-ins 2 calls"}, got)
}
