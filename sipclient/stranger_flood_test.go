package sipclient

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
)

// Whoever forges addresses wins nothing: what the phone sends to strangers is never
// more than three times what they sent, and only some challenges each second. Most
// rows are so short that even one challenge would be more.
func TestStrangersAreNoAmplifier(t *testing.T) {
	p := challengingPhone(t)
	began := time.Now()
	s := newPeerAt(t, "127.0.0.2")
	uri := "sip:a@x"
	brief := func(id string) string {
		return "INVITE " + uri + " SIP/2.0\r\nv:SIP/2.0/UDP h;branch=z9hG4bK" + id + "\r\nf:<sip:b@x>;tag=1\r\nt:<sip:a@x>\r\ni:" + id + "\r\nCSeq:1 INVITE\r\n\r\n"
	}
	rows := map[string]func(id string) string{
		"brief":        brief,
		"brief, rport": func(id string) string { return strings.Replace(brief(id), "UDP h;", "UDP h;rport;", 1) },
		"usual":        func(id string) string { return invitation(s, p, id, 1) },
		"many Vias": func(id string) string {
			return strings.Replace(brief(id), "f:<", strings.Repeat("v:SIP/2.0/UDP h\r\n", 40)+"f:<", 1)
		},
		"wrong proof": func(id string) string {
			return strings.Replace(brief(id), "\r\n\r\n", "\r\nAuthorization: Digest nonce=1\r\n\r\n", 1)
		},
	}
	// What the phone read and sent, by Call-ID: an answer may stand on the tape after
	// the first request of the next row.
	crossed := func(toStranger bool) map[string]int {
		sizes := map[string]int{}
		for _, r := range p.tape.From(0) {
			if r.Packet == nil || toStranger && r.Packet.Dst != mustAddr(s.addr()) || !toStranger && r.Packet.Src != mustAddr(s.addr()) {
				continue
			}
			m, err := sipmsg.Parse(r.Packet.Data)
			if err != nil {
				t.Fatal(err)
			}
			sizes[m.CallID()] += len(r.Packet.Data)
		}
		return sizes
	}
	const each = 100
	rowOf := map[string]string{} // by Call-ID
	for name, text := range rows {
		p.door.mu.Lock()
		p.door.rate.used = 0
		p.door.mu.Unlock()
		key := string(rune('a' + len(rowOf)/each)) // a short one, for short requests
		for n := range each {
			id := fmt.Sprint(key, n)
			rowOf[id] = name
			s.send(p.Local(), text(id))
		}
		eventually(t, "the phone has read them all", func() bool { return len(crossed(false)) == len(rowOf) })
	}
	// The phone reads one after the other: behind this one, all are decided.
	s.send(p.Local(), brief("end"))
	eventually(t, "the phone has read the last", func() bool { return len(crossed(false)) == len(rowOf)+1 })
	answered := map[string]int{}
	total := 0
	in := crossed(false)
	for id, out := range crossed(true) {
		name, ours := rowOf[id]
		if !ours {
			t.Errorf("an answer for %s", id)
		}
		answered[name]++
		if total++; out > 3*in[id] {
			t.Errorf("%s: %d bytes for %d", name, out, in[id])
		}
	}
	if most := len(rows)*challenges + 2*int(time.Since(began).Seconds()+1); total > most {
		t.Errorf("%d challenges, want %d at most", total, most)
	}
	if answered["usual"] == 0 || answered["many Vias"] == 0 {
		t.Errorf("a usual caller is not asked: %v", answered)
	}
	if !hasNote(p, capture.PhoneStranger) {
		t.Error("what is not answered stands nowhere")
	}
	t.Log(answered)
}
