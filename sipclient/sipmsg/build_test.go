package sipmsg

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestBytesRoundTrip(t *testing.T) {
	m := mustParse(t, invite)
	again := mustParse(t, string(m.Bytes()))
	if len(again.Problems) > 0 || !reflect.DeepEqual(withoutLength(m), withoutLength(again)) {
		t.Errorf("written and read again:\n%s", m.Bytes())
	}
}

func withoutLength(m *Message) Message {
	c := *m
	c.Headers = append([]Header(nil), m.Headers...)
	c.Del("Content-Length")
	return c
}

func TestBytesContentLength(t *testing.T) {
	m := NewRequest("INFO", "sip:a@b")
	m.Set("Content-Length", "99")
	m.SetBody("text/plain", []byte("four"))
	if text := string(m.Bytes()); !strings.Contains(text, "Content-Length: 4\r\n\r\nfour") || strings.Contains(text, "99") {
		t.Errorf("wrote %q", text)
	}
	m.KeepLength = true
	if text := string(m.Bytes()); strings.Count(text, "Content-Length") != 1 || !strings.Contains(text, "Content-Length: 99\r\n") {
		t.Errorf("wrote %q", text)
	}
}

func TestBytesNoInjection(t *testing.T) {
	m := NewRequest("INFO", "sip:a@b\r\nX: y")
	m.Add("Subject", "one\r\nEvil: two\nthree\rfour")
	if got := mustParse(t, string(m.Bytes())); got.Has("Evil") || got.Has("X") || got.Get("Subject") != "one Evil: two three four" {
		t.Errorf("wrote %q", m.Bytes())
	}
}

func TestNewResponse(t *testing.T) {
	req := mustParse(t, strings.Replace(invite, "Max-Forwards", "Via: SIP/2.0/UDP second;branch=z9hG4bK2\r\nRecord-Route: <sip:p;lr>\r\nMax-Forwards", 1))
	if trying := NewResponse(req, 100, ""); trying.ToTag() != "" || trying.Reason != "Trying" || trying.Has("Record-Route") {
		t.Errorf("100: %+v", trying)
	}
	ringing, ok := NewResponse(req, 180, ""), NewResponse(req, 200, "Fine")
	if ringing.ToTag() == "" || ringing.ToTag() != ok.ToTag() {
		t.Errorf("tags %q and %q", ringing.ToTag(), ok.ToTag())
	}
	if ok.Reason != "Fine" || len(ok.Vias()) != 2 || len(ok.RecordRoutes()) != 1 || ok.Get("CSeq") != "2 INVITE" || ok.CallID() != req.CallID() {
		t.Errorf("200: %s", ok.Bytes())
	}
	if NewResponse(req, 486, "").Has("Record-Route") {
		t.Error("a refusal has a Record-Route")
	}
	req.Set("To", "<sip:echo@example.net>;tag=mine")
	if got := NewResponse(req, 200, "").Get("To"); got != "<sip:echo@example.net>;tag=mine" {
		t.Errorf("To %q", got)
	}
}

func TestSetAddDel(t *testing.T) {
	m := mustParse(t, base("Contact: <sip:a@b>", "m: <sip:c@d>"))
	before := len(m.Headers)
	m.Set("contact", "<sip:e@f>")
	if got := m.All("Contact"); len(got) != 1 || got[0] != "<sip:e@f>" || len(m.Headers) != before-1 {
		t.Errorf("after Set: %q", got)
	}
	m.Add("k", "timer")
	m.Set("X-New", "1")
	m.Del("CONTACT")
	if m.Has("Contact") || m.Get("Supported") != "timer" || m.Get("x-new") != "1" {
		t.Errorf("headers %+v", m.Headers)
	}
}

func TestBuildAudio(t *testing.T) {
	pcma, _ := StaticCodec(8)
	codecs := []Codec{pcma, {PayloadType: 96, Name: "opus", ClockRate: 48000, Channels: 2}, {PayloadType: 101, Name: "telephone-event", ClockRate: 8000, Channels: 1, Fmtp: "0-16"}}
	b := BuildAudio(AudioSpec{Addr: "2001:db8::1", Port: 4000, Codecs: codecs, Direction: "sendonly", PTime: 20 * time.Millisecond, RTCPPort: 4005, Session: 7, Version: 8, Crypto: []string{"1 X inline:k"}, Proto: "RTP/SAVP", Extra: []string{"rtcp-mux"}})
	d := mustSDP(t, string(b))
	m := d.Audio()
	if len(d.Problems) > 0 || m == nil || !reflect.DeepEqual(m.Codecs, codecs) {
		t.Fatalf("wrote %s\nread as %+v", b, d)
	}
	if m.Connection != "2001:db8::1" || m.Direction != "sendonly" || m.PTime != 20*time.Millisecond || m.RTCPPort != 4005 || len(m.Crypto) != 1 || !m.RTCPMux || m.Proto != "RTP/SAVP" {
		t.Errorf("wrote %s", b)
	}
	if !bytes.Contains(b, []byte("o=- 7 8 IN IP6 2001:db8::1\r\n")) {
		t.Errorf("wrote %s", b)
	}
}
