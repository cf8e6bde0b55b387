package sipclient

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

const goodHead = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"

var nastySDP = map[string]string{
	"bare LF":          strings.ReplaceAll(goodHead, "\r\n", "\n") + "m=audio 4000 RTP/AVP 8\n\n",
	"blank line":       goodHead + "m=audio 4000 RTP/AVP 8\r\n\n",
	"short c=":         "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n",
	"empty c=":         "v=0\r\nc=\r\nm=audio 4000 RTP/AVP 8\r\n",
	"duplicate rtpmap": goodHead + "m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:96 H264/90000\r\n",
	"many rtpmaps":     goodHead + "m=audio 4000 RTP/AVP 8\r\n" + strings.Repeat("a=rtpmap:8 PCMA/8000\r\n", 500),
	"no port":          goodHead + "m=audio\r\n",
	"huge port":        goodHead + "m=audio 99999999999 RTP/AVP 8\r\n",
	"huge ids":         strings.Replace(goodHead, "1 1", "99999999999999999999999 x", 1) + "m=audio 4000 RTP/AVP 8\r\n",
	"only v=":          "v=0\r\n",
	"equals":           "v=0\r\n=\r\n=x\r\nm\r\n",
}

// usable are those that hold all that a call needs.
var usable = map[string]bool{"bare LF": true, "blank line": true, "many rtpmaps": true, "huge ids": true}

// Without the cure (diago's handlers and SDP reader): each of these messages from
// a server ends the program with an index or nil panic.
func TestTrap02Answers(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	for what, body := range nastySDP {
		t.Run(what, func(t *testing.T) {
			c, inv := dial(t, p, srv)
			srv.reply(inv, 183, "t1", body)
			srv.reply(inv, 200, "t1", body)
			srv.until("ACK") // taken or not, it is acknowledged
			if want := usable[what]; want {
				ctx, stop := context.WithTimeout(context.Background(), patience)
				if s := c.Wait(ctx, Answered); s != Answered {
					t.Error("any phone can use this description, but the call is", s)
				}
				stop()
			}
			done := background(func() error { return c.Hangup(context.Background()) })
			srv.reply(srv.until("BYE"), 200, "", "")
			_ = result(t, done)
			alive(t, p, srv)
		})
	}
}

func TestTrap02Requests(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	for what, body := range nastySDP {
		t.Run(what, func(t *testing.T) {
			id := "n-" + randomHex(4)
			srv.send(p.Local(), srv.build("INVITE", "sip:alice@x", "<sip:b@x>;tag=b", "<sip:alice@x>", id, 1, body))
			ctx, stop := context.WithTimeout(context.Background(), patience)
			defer stop()
			c, err := p.Await(ctx)
			if err != nil {
				t.Fatal(err)
			}
			_ = c.Answer(ctx)
			for {
				m := srv.next()
				if m.Status < 200 {
					continue
				}
				srv.send(p.Local(), srv.build("ACK", "sip:alice@x", m.Get("From"), m.Get("To"), id, 1, ""))
				if m.Status == 200 {
					srv.send(p.Local(), srv.build("BYE", "sip:alice@x", m.Get("From"), m.Get("To"), id, 2, ""))
					srv.until("200 BYE")
				}
				break
			}
			c.Wait(ctx, Ended)
		})
	}
	c, inv := connect(t, p, srv, newSound(t).sdp())
	good := srv.within(inv, "INFO", "tt", 5, "")
	for what, text := range map[string]string{
		"INFO without Content-Type":  strings.Replace(good, "Content-Length: 0\r\n\r\n", "Content-Length: 4\r\n\r\nabcd", 1),
		"INVITE without From":        strings.Replace(srv.build("INVITE", "sip:a@x", "<sip:b@x>;tag=1", "<sip:a@x>", "x1", 1, ""), "From:", "X-From:", 1),
		"INVITE without To":          strings.Replace(srv.build("INVITE", "sip:a@x", "<sip:b@x>;tag=1", "<sip:a@x>", "x2", 1, ""), "To:", "X-To:", 1),
		"BYE without Call-ID":        strings.Replace(srv.within(inv, "BYE", "tt", 6, ""), "Call-ID:", "X-Call-ID:", 1),
		"BYE without CSeq":           strings.Replace(srv.within(inv, "BYE", "tt", 6, ""), "CSeq:", "X-CSeq:", 1),
		"re-INVITE without Contact":  strings.Replace(srv.within(inv, "INVITE", "tt", 7, newSound(t).sdp()), "Contact:", "X-Contact:", 1),
		"negative length":            strings.Replace(good, "Content-Length: 0", "Content-Length: -5", 1),
		"huge length":                strings.Replace(good, "Content-Length: 0", "Content-Length: 99999999999", 1),
		"star Contact":               strings.Replace(good, "Contact: <sip:peer@", "Contact: *\r\nX: <sip:peer@", 1),
		"empty Via":                  "INVITE sip:a@x SIP/2.0\r\nVia: \r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:a@x>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n",
		"Via without a host":         "OPTIONS sip:a@x SIP/2.0\r\nVia: SIP/2.0/UDP ;branch=z9hG4bKq\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:a@x>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n",
		"only a start line":          "INVITE sip:a@x SIP/2.0\r\n\r\n",
		"answer to nothing":          "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bKnone\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:a@x>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n",
		"answer with code 0":         "SIP/2.0 000 OK\r\nVia: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bKnone\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:a@x>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n",
		"no SIP at all":              "GET / HTTP/1.1\r\n\r\n",
		"zeros":                      strings.Repeat("\x00", 300),
		"keep-alive":                 "\r\n\r\n",
		"quotes without end":         strings.Replace(good, "From: ", `From: "`, 1),
		"CANCEL of nothing":          srv.build("CANCEL", "sip:a@x", "<sip:b@x>;tag=1", "<sip:a@x>", "x3", 1, ""),
		"PRACK, NOTIFY, REFER":       srv.build("REFER", "sip:a@x", "<sip:b@x>;tag=1", "<sip:a@x>", "x4", 1, ""),
		"invented method":            srv.build("FOO", "sip:a@x", "<sip:b@x>;tag=1", "<sip:a@x>", "x5", 1, ""),
		"ACK of nothing":             srv.build("ACK", "sip:a@x", "<sip:b@x>;tag=1", "<sip:a@x>;tag=9", "x6", 1, ""),
		"Require of something":       srv.build("INVITE", "sip:a@x", "<sip:b@x>;tag=1", "<sip:a@x>", "x7", 1, "", "Require: 100rel"),
		"Record-Route that is waste": strings.Replace(srv.build("INVITE", "sip:a@x", "<sip:b@x>;tag=1", "<sip:a@x>", "x8", 1, ""), "Contact:", "Record-Route: <<<>,\"\r\nContact:", 1),
	} {
		srv.send(p.Local(), text)
		t.Log(what)
		alive(t, p, srv)
	}
	if c.State() != Answered {
		t.Error("the call did not survive")
	}
	if hasNote(p, capture.PhoneLimit+" this test phone stumbled") {
		t.Error("one of them got as far as a handler:", notes(p))
	}
	end := background(func() error { return c.Hangup(context.Background()) })
	srv.reply(srv.until("BYE"), 200, "", "")
	_ = result(t, end)
}

// A handler that trips answers 500 and leaves the program standing.
func TestTrap02Handler(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	f := p.guarded(func(req *sip.Request, _ sip.ServerTransaction) { _ = *req.Contact() })
	req, err := sip.ParseMessage([]byte("OPTIONS sip:a@x SIP/2.0\r\nVia: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bKq\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:a@x>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	tx := &answers{}
	f(req.(*sip.Request), tx)
	if len(tx.codes) != 1 || tx.codes[0] != 500 {
		t.Error(tx.codes)
	}
}

// answers is a server transaction that keeps the codes of its answers.
type answers struct {
	sip.ServerTransaction
	codes []int
}

func (a *answers) Respond(res *sip.Response) error {
	a.codes = append(a.codes, res.StatusCode)
	return nil
}

// What the guard lets through must not trip the stack; what trips the guard itself is caught.
func FuzzGuard(f *testing.F) {
	f.Add([]byte("OPTIONS sip:a@x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKq\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:a@x>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n"))
	f.Add([]byte("SIP/2.0 200 OK\r\nv: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKq;rport\r\nf: <sip:a@x>;tag=1\r\nt: <sip:a@x>;tag=2\r\ni: 1\r\nCSeq: 1 INVITE\r\nm: <sip:b@y>;expires=3\r\n\r\n"))
	f.Add([]byte("INVITE sip:a@x SIP/2.0\r\nRecord-Route: <<>,\"\r\nContact: *\r\n\r\n"))
	from := mustAddr("127.0.0.1:5060")
	f.Fuzz(func(t *testing.T, b []byte) {
		p := &Phone{cfg: Config{Resolver: noNames{}}, peers: map[string]bool{"127.0.0.1": true}, calls: map[string]*Call{}, past: map[string]time.Time{}, sources: map[string]bool{}, asked: valve{burst: 100}, told: valve{burst: 100}, net: capture.UDP, home: mustAddr("127.0.0.1:1"), ctx: context.Background(), tape: &capture.Tape{}}
		p.conn = p.newSIPConn(new(wire.Socket))
		wire.Safely(func(b []byte, from netip.AddrPort, _ time.Time) { p.admit(p.conn, b, from) }, b, from, time.Now())
		if len(p.conn.queue) == 0 {
			return
		}
		msg, err := sip.ParseMessage(b)
		if err != nil {
			t.Fatal("admitted, but", err)
		}
		handle(p, msg, from)
	})
}
