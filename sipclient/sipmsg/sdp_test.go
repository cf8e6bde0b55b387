package sipmsg

import (
	"encoding/csv"
	"errors"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

func mustSDP(t *testing.T, text string) *SDP {
	t.Helper()
	d, err := ParseSDP([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestParseSDPOrdinary(t *testing.T) {
	d := mustSDP(t, offer)
	m := d.Audio()
	if len(d.Problems) > 0 || m == nil {
		t.Fatalf("problems %v, audio %v", d.Problems, m)
	}
	want := []Codec{
		{0, "PCMU", 8000, 1, ""}, {8, "PCMA", 8000, 1, ""}, {9, "G722", 8000, 1, ""},
		{96, "opus", 48000, 2, ""}, {101, "telephone-event", 8000, 1, "0-16"},
	}
	if !reflect.DeepEqual(m.Codecs, want) {
		t.Errorf("codecs %+v", m.Codecs)
	}
	if m.Port != 40000 || m.RTCPPort != 40001 || m.Connection != "192.0.2.7" || m.Direction != "sendrecv" || m.PTime != 20*time.Millisecond || m.Held() {
		t.Errorf("media %+v", m)
	}
}

// session builds a description out of lines, with bare line feeds.
func session(lines ...string) string {
	return "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nt=0 0\n" + strings.Join(lines, "\n") + "\n"
}

func TestParseSDPVariants(t *testing.T) {
	tests := map[string]struct {
		lines []string
		check func(*SDP, *Media) bool
	}{
		"static types": {[]string{"c=IN IP4 h.example.net", "m=audio 4000/2 RTP/AVP 0 18 13"}, func(d *SDP, m *Media) bool {
			return m.Connection == "h.example.net" && m.Port == 4000 && m.Codecs[1].Name == "G729" && m.Codecs[2].Name == "CN"
		}},
		"media c= wins": {[]string{"c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0", "c=IN IP6 2001:db8::1"}, func(d *SDP, m *Media) bool {
			return m.Connection == "2001:db8::1" && d.Connection == "192.0.2.1"
		}},
		"direction inherited": {[]string{"c=IN IP4 192.0.2.1", "a=sendonly", "m=audio 4000 RTP/AVP 0", "m=video 4002 RTP/AVP 31", "a=inactive"}, func(d *SDP, m *Media) bool {
			return m.Direction == "sendonly" && m.Held() && d.Media[1].Direction == "inactive"
		}},
		"old hold": {[]string{"c=IN IP4 0.0.0.0", "m=audio 4000 RTP/AVP 0"}, func(d *SDP, m *Media) bool { return m.Held() && m.Direction == "sendrecv" }},
		"second audio": {[]string{"c=IN IP4 192.0.2.1", "m=audio 0 RTP/SAVP 0", "m=audio 4000 RTP/AVPF 8"}, func(d *SDP, m *Media) bool {
			return m == &d.Media[1] && m.Codecs[0].Name == "PCMA" && d.Media[0].RTCPPort == 0
		}},
		"WebRTC": {[]string{"c=IN IP4 192.0.2.1", "a=fingerprint:sha-256 AA", "a=ice-ufrag:x", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=rtpmap:111 OPUS/48000/2", "a=rtcp:9 IN IP4 0.0.0.0", "a=rtcp-mux"}, func(d *SDP, m *Media) bool {
			return m.Fingerprint && m.ICE && m.RTCPMux && m.RTCPPort == 9 && m.Codecs[0].Name == "opus"
		}},
		"SDES": {[]string{"c=IN IP4 192.0.2.1", "m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:k", "a=rtcp:4567"}, func(d *SDP, m *Media) bool {
			return len(m.Crypto) == 1 && strings.HasPrefix(m.Crypto[0], "1 AES") && m.RTCPPort == 4567
		}},
		"fax beside": {[]string{"c=IN IP4 192.0.2.1", "m=image 5000 udptl t38", "m=audio 4000 RTP/AVP 8"}, func(d *SDP, m *Media) bool { return m.Codecs[0].PayloadType == 8 }},
		"multicast":  {[]string{"c=IN IP4 224.2.1.1/127", "m=audio 4000 RTP/AVP 8"}, func(d *SDP, m *Media) bool { return m.Connection == "224.2.1.1" }},
		"odd ptime":  {[]string{"c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 8", "a=ptime:22.5"}, func(d *SDP, m *Media) bool { return m.PTime == 22500*time.Microsecond }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := mustSDP(t, session(tt.lines...))
			if m := d.Audio(); m == nil || len(d.Problems) > 0 || !tt.check(d, m) {
				t.Errorf("read as %+v", d)
			}
		})
	}
}

func TestParseSDPProblems(t *testing.T) {
	for want, text := range map[string]string{
		"says where the audio":    session("m=audio 4000 RTP/AVP 0"),
		"is no port":              session("c=IN IP4 192.0.2.1", "m=audio 70000 RTP/AVP 0"),
		"lacks a field":           session("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP"),
		"has no rtpmap":           session("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 97"),
		"is no payload type":      session("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP x"),
		"no clock rate":           session("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 97", "a=rtpmap:97 opus"),
		"not of the form x":       session("c=IN IP4 192.0.2.1", "nonsense"),
		"the t= line":             "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\n",
		"six fields":              "v=0\no=-\ns=-\nt=0 0\n",
		"but 2001:db8::1 is none": session("c=IN IP4 2001:db8::1"),
		"number of milliseconds":  session("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0", "a=ptime:0"),
		"names no port":           session("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0", "a=rtcp:x"),
		"two a=rtpmap lines":      session("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 97", "a=rtpmap:97 opus/48000/2", "a=rtpmap:97 speex/8000"),
	} {
		d := mustSDP(t, text)
		found := false
		for _, p := range d.Problems {
			found = found || strings.Contains(p.Text, want)
		}
		if !found {
			t.Errorf("no problem %q in %v", want, d.Problems)
		}
	}
	if _, err := ParseSDP([]byte("hello")); !errors.Is(err, ErrNotSDP) {
		t.Errorf("error %v", err)
	}
}

func TestSDPInMultipart(t *testing.T) {
	m := mustParse(t, base("Content-Type: multipart/mixed;boundary=b1")+
		"--b1\r\nContent-Type: application/sdp\r\n\r\n"+offer+"\r\n--b1\r\nContent-Type: application/isup\r\n\r\n\x01\x02\r\n--b1--\r\n")
	if !m.IsSDP() {
		t.Fatal("the description was not found")
	}
	if d := mustSDP(t, string(m.Body)); d.Audio() == nil || len(d.Problems) > 0 {
		t.Errorf("read as %+v", d)
	}
	if mustParse(t, base("Content-Type: text/plain")+"v=0\r\n").IsSDP() {
		t.Error("plain text was taken for a description")
	}
}

// TestStaticCodecs compares the table with the shared one.
func TestStaticCodecs(t *testing.T) {
	f, err := os.Open(shared(t, "knowledge", "rtp_payload_types.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, row := range rows {
		pt, err := strconv.ParseUint(row[0], 10, 7)
		if err != nil {
			continue
		}
		c, ok := StaticCodec(uint8(pt))
		if ok != (row[3] == "static") {
			t.Errorf("payload type %d: %+v, the table says %s", pt, c, row[3])
		}
		if !ok {
			continue
		}
		seen++
		if c.Name != row[1] || strconv.Itoa(c.ClockRate) != row[5] || row[6] != "" && strconv.Itoa(c.Channels) != row[6] {
			t.Errorf("payload type %d: %+v, the table says %q", pt, c, row[1:7])
		}
	}
	if seen != len(static) {
		t.Errorf("%d static types, the table has %d", len(static), seen)
	}
}
