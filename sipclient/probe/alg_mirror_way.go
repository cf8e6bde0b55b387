package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/sipclient/wire"
)

// mirrorWay is one way to a mirror.
type mirrorWay struct {
	over   capture.Net
	to     netip.AddrPort
	port   uint16        // here, where it gets free; 0: any
	wait   time.Duration // how long it may take to get free: another measurement may have it
	name   string        // that a certificate must name
	bench  *Bench
	conn   net.Conn
	local  netip.AddrPort
	ready  word // what the mirror said of itself
	looked []reflection
	err    error // why the mirror gave no answer
}

// reflection is one request, and how it arrived.
type reflection struct {
	way      string
	method   string
	sent     []byte
	received []byte         // nil where no report came
	from     netip.AddrPort // as the mirror saw this end
	hidden   bool           // what came back looked as if nothing had been changed
	damaged  bool           // the report was changed on the way back
}

// errNoMirror: something answered, but no mirror.
var errNoMirror = errors.New("what answers there is no mirror")

// String names the way as a mirror does.
func (w *mirrorWay) String() string { return wayName(w.over, w.to.Port()) }

// open connects.
func (w *mirrorWay) open(ctx context.Context) error {
	conn, err := w.dial(ctx)
	if err != nil {
		return orEnded(ctx, err)
	}
	w.local = endOf(conn.LocalAddr())
	if w.over == capture.TLS {
		secure := tls.Client(conn, &tls.Config{ServerName: w.name, RootCAs: w.bench.Roots, MinVersion: tls.VersionTLS12})
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return orEnded(ctx, err)
		}
		conn = secure
	}
	w.conn = conn
	return nil
}

// dial takes the wanted port, and any where a phone on this computer keeps that.
func (w *mirrorWay) dial(ctx context.Context) (net.Conn, error) {
	if w.over != capture.UDP {
		return w.bench.dialTCP(ctx, w.to)
	}
	until := time.Now().Add(w.wait)
	for {
		conn, err := dialUDP(w.port, w.to)
		if err != nil {
			return nil, err
		}
		if w.port == 0 || wire.AddrPort(conn.LocalAddr()).Port() == w.port || time.Now().After(until) || ctx.Err() != nil {
			return conn, nil
		}
		_ = conn.Close()
		wait(ctx, 50*time.Millisecond)
	}
}

func (w *mirrorWay) close() {
	if w.conn != nil {
		_ = w.conn.Close()
	}
}

// ask sends a request and waits for its answer.
func (w *mirrorWay) ask(ctx context.Context, limit time.Duration, m *sipmsg.Message) (Reply, word, error) {
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	var reply Reply
	var err error
	if u, ok := w.conn.(*net.UDPConn); ok {
		reply, err = askUDP(ctx, u, m.Bytes())
	} else {
		reply, err = askStream(ctx, w.conn, m.Bytes())
	}
	if err != nil {
		return reply, word{}, err
	}
	said, ok := readWord(reply.SIP.Get(mirrorHeader))
	if !ok {
		return reply, word{}, errNoMirror
	}
	return reply, said, nil
}

// request is what a phone with this socket would send, marked for the mirror.
func (w *mirrorWay) request(method, mark string) *sipmsg.Message {
	uri := "sip:mirror@" + w.to.String()
	m := sipmsg.NewRequest(method, uri)
	contact := "<sip:test@" + w.local.String()
	if w.over != capture.UDP {
		contact += ";transport=" + strings.ToLower(w.over.String())
	}
	host := w.local.Addr().String()
	if w.local.Addr().Is6() {
		host = "[" + host + "]"
	}
	for _, h := range [][2]string{
		{"Via", "SIP/2.0/" + w.over.String() + " " + w.local.String() + ";rport;branch=z9hG4bK" + random(10)}, {"Max-Forwards", "70"},
		{"From", "<sip:test@" + w.to.Addr().String() + ">;tag=" + random(6)}, {"To", "<" + uri + ">"},
		{"Call-ID", random(12) + "@" + host}, {"CSeq", "1 " + method}, {"Contact", contact + ">"},
		{mirrorHeader, mark}, {"X-Address", w.local.String()}, {"User-Agent", "SoftphoneDoctor"},
	} {
		m.Add(h[0], h[1])
	}
	if w.to.Addr().Is6() {
		m.Set("From", strings.Replace(m.Get("From"), w.to.Addr().String(), "["+w.to.Addr().String()+"]", 1))
	}
	if method == "REGISTER" {
		m.Add("Expires", "60")
	}
	return m
}

// hello finds out whether a mirror is there; nothing that looks like a call is sent to
// anything else.
func (w *mirrorWay) hello(ctx context.Context) error {
	m := w.request("OPTIONS", sayHello)
	const enough = 900 // a mirror answers with no more than it got
	m.Add("X-Padding", strings.Repeat("x", max(1, enough-len(m.Bytes()))))
	_, said, err := w.ask(ctx, helloLimit, m)
	switch {
	case err != nil:
		return err
	case said.verb != sayReady || said.values["cookie"] == "":
		return errNoMirror
	}
	w.ready = said
	return nil
}

// look sends one request of each kind and hears how it arrived.
func (w *mirrorWay) look(ctx context.Context, sound uint16) {
	for _, method := range []string{"OPTIONS", "REGISTER", "INVITE"} {
		m := w.request(method, writeWord(sayLook, "cookie", w.ready.values["cookie"]))
		if method == "INVITE" {
			m.SetBody("application/sdp", mirrorMedia(w.local.Addr(), sound))
		}
		r := reflection{way: w.String(), method: method}
		reply, said, err := w.ask(ctx, lookLimit, m)
		if r.sent = reply.Sent; err == nil && said.verb == saySeen {
			r.read(reply, said)
		}
		if method == "INVITE" && reply.SIP != nil {
			w.ack(m, reply.SIP)
		}
		w.looked = append(w.looked, r)
	}
}

// ack ends the exchange of an INVITE.
func (w *mirrorWay) ack(invite, final *sipmsg.Message) {
	ack := sipmsg.NewRequest("ACK", invite.URI)
	via := invite.Get("Via")
	if final.Status < 300 { // a transaction of its own (RFC 3261 13.2.2.4)
		via, _, _ = strings.Cut(via, ";branch=")
		via += ";branch=z9hG4bK" + random(10)
	}
	for _, h := range [][2]string{{"Via", via}, {"Max-Forwards", "70"}, {"From", invite.Get("From")}, {"To", final.Get("To")},
		{"Call-ID", invite.CallID()}, {"CSeq", "1 ACK"}, {mirrorHeader, sayLook}} {
		ack.Add(h[0], h[1])
	}
	_, _ = w.conn.Write(ack.Bytes()) // nobody answers it
}

// read takes a mirror's report.
func (r *reflection) read(reply Reply, said word) {
	body, err := unpackReport(reply.SIP.Body, said.values["sha256"])
	if err == nil {
		r.from, _, r.received, err = splitReport(body)
	}
	r.damaged = err != nil
	sent, e := sipmsg.Parse(r.sent)
	if e != nil || len(reply.SIP.Vias()) == 0 {
		return
	}
	back, was := reply.SIP.Vias()[0], sent.Vias()[0]
	r.hidden = back.Host == was.Host && back.Port == was.Port && reply.SIP.CallID() == sent.CallID()
}
