package cli

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"softphonedoctor/sipclient/capture"
)

// writeMany makes a capture of calls from a phone through one server:
//
//	many FILE ANSWER...
//
// with the final answer to each, 200 for one that is answered and hung up. It is a
// plain capture that no test phone made: its notes are left out.
func writeMany(ts *testscript.TestScript, _ bool, args []string) {
	phone, server := netip.MustParseAddrPort("192.0.2.7:5060"), netip.MustParseAddrPort("198.51.100.20:5060")
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var records []capture.Record
	add := func(out bool, data string) {
		p := &capture.Packet{Time: at, Net: capture.UDP, Src: phone, Dst: server, Hops: 64, Data: []byte(data)}
		if !out {
			p.Src, p.Dst, p.Hops = server, phone, 55
		}
		records = append(records, capture.Record{N: len(records) + 1, Packet: p})
		at = at.Add(50 * time.Millisecond)
	}
	for i, answer := range args[1:] {
		id := fmt.Sprintf("call-%d", i+1)
		head := func(tag, cseq string) string {
			return "Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK" + id + strings.ReplaceAll(cseq, " ", "") + ";rport\r\nFrom: <sip:2001@pbx.example.net>;tag=a" + id + "\r\nTo: <sip:+4930123456@pbx.example.net>" + tag +
				"\r\nCall-ID: " + id + "\r\nCSeq: " + cseq + "\r\n"
		}
		const asks = "Max-Forwards: 70\r\nContact: <sip:2001@192.0.2.7:5060>\r\n"
		const none = "Content-Length: 0\r\n\r\n"
		target := " sip:+4930123456@pbx.example.net SIP/2.0\r\n"
		add(true, "INVITE"+target+head("", "1 INVITE")+asks+"Authorization: Digest username=\"2001\", realm=\"pbx\", nonce=\"n\", uri=\"sip:x\", response=\"6629fae49393a05397450978507c4ef1\"\r\n"+none)
		add(false, "SIP/2.0 100 Trying\r\n"+head("", "1 INVITE")+none)
		if answer == "200" {
			add(false, "SIP/2.0 180 Ringing\r\n"+head(";tag=b", "1 INVITE")+none)
			body := "v=0\r\no=- 1 1 IN IP4 198.51.100.21\r\ns=-\r\nc=IN IP4 198.51.100.21\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
			add(false, "SIP/2.0 200 OK\r\n"+head(";tag=b", "1 INVITE")+"Contact: <sip:x@198.51.100.20>\r\nContent-Type: application/sdp\r\nContent-Length: "+fmt.Sprint(len(body))+"\r\n\r\n"+body)
			add(true, "ACK sip:x@198.51.100.20 SIP/2.0\r\n"+strings.Replace(head(";tag=b", "1 ACK"), "1ACK", "ack", 1)+asks+none)
			add(true, "BYE sip:x@198.51.100.20 SIP/2.0\r\n"+head(";tag=b", "2 BYE")+asks+none)
			add(false, "SIP/2.0 200 OK\r\n"+head(";tag=b", "2 BYE")+none)
		} else {
			add(false, "SIP/2.0 "+answer+" No\r\n"+head(";tag=b", "1 INVITE")+none)
			add(true, "ACK"+target+strings.Replace(head(";tag=b", "1 ACK"), "1ACK", "1INVITE", 1)+asks+none)
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), foreign(records), 0o600))
}

// foreign is a plain pcap file with raw IP, as another program would write it.
func foreign(records []capture.Record) []byte {
	var b bytes.Buffer
	put := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) }
	put(uint32(0xa1b23c4d))
	put([]uint16{2, 4})
	put([]uint32{0, 0, 65535, 101})
	for _, r := range records {
		p := r.Packet
		ip := []byte{0x45, 0, 0, 0, 0, 0, 0, 0, p.Hops, 17, 0, 0}
		ip = append(append(ip, p.Src.Addr().AsSlice()...), p.Dst.Addr().AsSlice()...)
		ip = binary.BigEndian.AppendUint16(ip, p.Src.Port())
		ip = binary.BigEndian.AppendUint16(ip, p.Dst.Port())
		ip = binary.BigEndian.AppendUint16(ip, uint16(8+len(p.Data)))
		ip = append(append(ip, 0, 0), p.Data...)
		binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
		put([]uint32{uint32(p.Time.Unix()), uint32(p.Time.Nanosecond()), uint32(len(ip)), uint32(len(ip))})
		b.Write(ip)
	}
	return b.Bytes()
}
