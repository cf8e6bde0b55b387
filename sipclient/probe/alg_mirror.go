package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/sipclient/wire"
)

// The ports of a mirror that says nothing else.
const (
	MirrorPort  = 5060  // SIP over UDP and TCP
	MirrorOther = 5080  // SIP over UDP
	MirrorTLS   = 5061  // SIP over TLS
	MirrorSound = 10000 // sound
)

// How long one question to a mirror may take.
const (
	helloLimit = 2200 * time.Millisecond // three copies over UDP
	lookLimit  = 1300 * time.Millisecond // two
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

// lookIntoMirror is the Run of the probe that asks a mirror.
func lookIntoMirror(ctx context.Context, b *Bench) {
	if b.Mirror == "" {
		notMirrored(b, "no mirror was named")
		return
	}
	at, name, err := b.mirrorAddress(ctx)
	if err != nil {
		notMirrored(b, "the mirror's name leads nowhere: %s", reason(err))
		return
	}
	main := &mirrorWay{bench: b, over: capture.UDP, to: at, port: sipPort, wait: time.Second, name: name}
	stream := &mirrorWay{bench: b, over: capture.TCP, to: at, name: name}
	other := &mirrorWay{bench: b, over: capture.UDP, to: netip.AddrPortFrom(at.Addr(), MirrorOther), name: name}
	secure := &mirrorWay{bench: b, over: capture.TLS, to: netip.AddrPortFrom(at.Addr(), MirrorTLS), name: name}
	ways := []*mirrorWay{main, other, stream, secure}
	defer func() {
		for _, w := range ways {
			w.close()
		}
	}()
	media, port := b.soundSocket(ctx, at)
	if media != nil {
		defer media.Close()
	}

	var work sync.WaitGroup
	met := make(chan word, len(ways))
	meet := func(w *mirrorWay) {
		if w.err = w.open(ctx); w.err == nil {
			w.err = w.hello(ctx)
		}
		met <- w.ready
		if w.err == nil {
			w.look(ctx, port)
		}
	}
	work.Go(func() { meet(main) })
	work.Go(func() { meet(stream) })
	ready := <-met
	if ready.verb == "" {
		ready = <-met
	}
	if list := ready.ports("udp"); len(list) > 1 {
		other.to = netip.AddrPortFrom(at.Addr(), list[1])
	}
	if list := ready.ports("tls"); len(list) > 0 {
		secure.to = netip.AddrPortFrom(at.Addr(), list[0])
	} else if ready.verb != "" {
		ways = ways[:3] // it has no certificate
	}
	for _, w := range ways[1:] {
		if w != stream {
			work.Go(func() { meet(w) })
		}
	}
	work.Wait()
	b.sayMirrored(at, ways)
	for _, w := range ways {
		w.close() // the port that phones use is free for others again
		if w.err == nil && w.over != capture.TLS {
			b.testSound(ctx, w, media)
			return
		}
	}
	notMirrored(b, "the mirror at %s does not answer: %s", at, reason(main.err))
}

// notMirrored answers all questions to a mirror that have no answer yet.
func notMirrored(b *Bench, format string, args ...any) {
	for _, key := range []string{capture.ProbeALGMirror, capture.ProbeMirrorOut, capture.ProbeMirrorIn} {
		if b.Answer(key).Result == "" {
			b.NotChecked(key, format, args...)
		}
	}
}

// mirrorAddress finds the mirror.
func (b *Bench) mirrorAddress(ctx context.Context) (at netip.AddrPort, name string, err error) {
	name, port := splitHostPort(b.Mirror)
	if port == 0 {
		port = MirrorPort
	}
	if a, err := netip.ParseAddr(name); err == nil {
		return netip.AddrPortFrom(a.Unmap(), port), name, nil
	}
	list, err := b.resolver().LookupNetIP(ctx, "ip", name)
	if err != nil {
		return at, name, err
	}
	if len(list) == 0 {
		return at, name, errors.New("no address")
	}
	best := slices.MinFunc(list, func(a, b netip.Addr) int { return a.Unmap().BitLen() - b.Unmap().BitLen() })
	return netip.AddrPortFrom(best.Unmap(), port), name, nil
}

// sayMirrored answers whether everything arrived as it was sent.
func (b *Bench) sayMirrored(at netip.AddrPort, ways []*mirrorWay) {
	var v mirrorView
	for _, w := range ways {
		if w.err != nil {
			v.silent = append(v.silent, w.String())
			continue
		}
		for _, r := range w.looked {
			v.add(r)
		}
	}
	if v.reports == 0 {
		if len(v.lost) > 0 {
			b.NotChecked(capture.ProbeALGMirror, "the mirror answers, but not to what looks like a phone's request")
		}
		return
	}
	details := []any{"what", v.whats()}
	if len(v.changes) > 0 {
		c := v.changes[0]
		details = append(details, "sent", c.sent, "received", c.received, "to", v.to())
	}
	back := ""
	if v.hidden {
		back = "hidden"
	}
	length := ""
	if v.misfit {
		length = "wrong"
	}
	b.Say(capture.ProbeALGMirror, len(v.changes) == 0, append(details, "outside", v.outside, "method", v.methods, "over", v.changed,
		"clean", v.clean, "lost", v.lost, "silent", v.silent, "length", length, "back", back, "mirror", at)...)
}

// mirrorView is what all requests to a mirror say together.
type mirrorView struct {
	reports             int
	changes             []change
	outside             netip.AddrPort
	methods, changed    []string
	clean, lost, silent []string
	hidden, misfit      bool
}

func (v *mirrorView) add(r reflection) {
	list := compare(r.sent, r.received)
	switch {
	case r.damaged:
		list = []change{{what: "report"}}
	case r.received == nil:
		v.lost = append(v.lost, strings.ToLower(r.method)+"/"+r.way)
		return
	}
	v.reports++
	if !v.outside.IsValid() {
		v.outside = r.from
	}
	if len(list) == 0 {
		if v.clean = appendNew(v.clean, r.way); slices.Contains(v.changed, r.way) {
			v.clean = v.clean[:len(v.clean)-1]
		}
		return
	}
	v.changes = append(v.changes, list...)
	slices.SortStableFunc(v.changes, func(a, b change) int { return rank(a.what) - rank(b.what) })
	v.methods, v.changed = appendNew(v.methods, r.method), appendNew(v.changed, r.way)
	v.clean = slices.DeleteFunc(v.clean, func(w string) bool { return w == r.way })
	v.hidden = v.hidden || r.hidden
	v.misfit = v.misfit || r.received != nil && !lengthFits(r.received)
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// whats names everything that was changed, once.
func (v *mirrorView) whats() (list []string) {
	for _, c := range v.changes {
		list = appendNew(list, c.what)
	}
	return list
}

// to is the address that was written in place of ours.
func (v *mirrorView) to() netip.Addr {
	for _, c := range v.changes {
		if a := c.changedTo(); a.IsValid() {
			return a
		}
	}
	return netip.Addr{}
}
