package sipmsg

import (
	"bytes"
	"reflect"
	"testing"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(invite))
	f.Add([]byte(base("Contact: *", "Warning: 399 a \"b\"", "Reason: Q.850;cause=16")))
	f.Add([]byte("SIP/2.0 401 No\nWWW-Authenticate: Digest realm=\"a\",nonce=b, Basic\n\n"))
	f.Add([]byte("SIP/2.0 4294967301\r\nl:-1\r\n \r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil {
			if LooksLikeSIP(bytes.TrimLeft(b, "\r\n")) {
				t.Fatal("it looks like SIP, but was not read")
			}
			return
		}
		// What was kept while the message was checked is what its lines say.
		bare := *m
		bare.known = known{}
		for _, same := range [][2]any{{m.Vias(), bare.Vias()}, {m.Branch(), bare.Branch()}, {m.Contacts(), bare.Contacts()},
			{m.Routes(), bare.Routes()}, {m.FromAddr(), bare.FromAddr()}, {m.ToAddr(), bare.ToAddr()}} {
			if !reflect.DeepEqual(same[0], same[1]) {
				t.Fatalf("%v was kept, %v stands there", same[0], same[1])
			}
		}
		// Every accessor must survive whatever stands there.
		m.CSeq()
		m.Vias()
		m.Branch()
		m.Contacts()
		m.Routes()
		m.Challenges()
		m.Credentials()
		m.Reasons()
		m.Warnings()
		m.RetryAfter()
		m.SessionExpires()
		_ = m.FromAddr().String()
		m.IsSDP()
		NewResponse(m, 180, "").Bytes()
		// What is written can be read again, and means the same.
		again, err := Parse(m.Bytes())
		if err != nil {
			if m.Version != "" { // a request line without a version may hold anything
				t.Fatalf("%v in %q", err, m.Bytes())
			}
			return
		}
		if again.Method != m.Method || again.Status != m.Status || again.CallID() != trim(lineEnds.Replace(m.CallID())) || !bytes.Equal(again.Body, m.Body) {
			t.Fatalf("%q became %q", b, m.Bytes())
		}
	})
}

func FuzzParseSDP(f *testing.F) {
	f.Add([]byte(offer))
	f.Add([]byte("v=0\nc=IN IP4 0.0.0.0\nm=audio 0/2 RTP/SAVP 0 101 999\na=rtpmap:101 x/0/0\na=rtcp:\na=ptime:1e9\n"))
	f.Add([]byte("--b\r\n\r\nv=0\r\nm=\r\nc=\r\na=\r\n--b--"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ParseSDP(b)
		if err != nil {
			return
		}
		for i := range d.Media {
			m := &d.Media[i]
			m.Held()
			if m.Port < 0 || m.Port > 65535 || m.RTCPPort < 0 || m.RTCPPort > 65535 || m.PTime < 0 || m.Direction == "" {
				t.Fatalf("impossible media %+v", m)
			}
			for _, c := range m.Codecs {
				if c.PayloadType > 127 || c.ClockRate < 0 {
					t.Fatalf("impossible codec %+v", c)
				}
			}
		}
		if a := d.Audio(); a != nil && a.Port == 0 {
			t.Fatal("refused audio was taken for usable")
		}
	})
}

func FuzzFramer(f *testing.F) {
	f.Add([]byte(options(1)+"\r\n\r\n"+invite), 7)
	f.Add([]byte("garbage\n"+options(1)+base("l: 99999999")+options(2)), 1)
	f.Add([]byte(base("l: x")+"\n\n"+options(2)), 100)
	f.Add([]byte("junk\r\n\r"+options(1)), 1) // a lone line end behind junk, whole or in pieces
	f.Fuzz(func(t *testing.T, stream []byte, size int) {
		if size < 1 {
			size = 1
		}
		var whole, pieces Framer
		whole.Write(stream)
		want := drain(&whole)
		var got []string
		for at := 0; at < len(stream); at += size {
			pieces.Write(stream[at:min(at+size, len(stream))])
			got = append(got, drain(&pieces)...)
		}
		if len(got) != len(want) {
			t.Fatalf("%d messages in chunks of %d, %d at once", len(got), size, len(want))
		}
		total := 0
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("message %d is %q in chunks of %d, %q at once", i, got[i], size, want[i])
			}
			if _, err := Parse([]byte(got[i])); err != nil {
				t.Fatalf("message %d: %v", i, err)
			}
			total += len(got[i])
		}
		if total+whole.Skipped()+whole.Pending() > len(stream) {
			t.Fatal("more bytes came out than went in")
		}
	})
}
