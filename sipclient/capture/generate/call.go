package generate

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"softphonedoctor/sipclient/sipmsg"
)

// ending is how a call goes: in which code it ends and what comes before it.
type ending struct {
	code  int
	rings time.Duration // 0: it does not ring
	cancelled,
	late bool // the first INVITEs get lost before the server
}

// endings are taken in turn. Two calls of three are answered.
var endings = []ending{
	{code: 200, rings: 1500 * time.Millisecond}, {code: 200, rings: 3 * time.Second}, {code: 486},
	{code: 200, rings: 800 * time.Millisecond}, {code: 200}, {code: 404},
	{code: 200, rings: 2 * time.Second}, {code: 200, rings: time.Second}, {code: 480, rings: 6 * time.Second},
	{code: 200, rings: 4 * time.Second}, {code: 200, rings: 1200 * time.Millisecond}, {code: 503},
	{code: 200, rings: 2500 * time.Millisecond}, {code: 200, rings: 1700 * time.Millisecond}, {code: 603, rings: 2 * time.Second},
	{code: 200, rings: 900 * time.Millisecond}, {code: 200, rings: 1100 * time.Millisecond}, {code: 487, rings: 5 * time.Second, cancelled: true},
	{code: 200, rings: 3500 * time.Millisecond, late: true}, {code: 200, rings: 600 * time.Millisecond}, {code: 408, late: true},
}

// suffering is what happens to the sound of calls, in turn.
var suffering = []faults{{}, {0.005, 0.003, 0}, {0.02, 0.002, 0.002}, {0, 0.004, 0.004}, {0.05, 0, 0}, {0.001, 0.001, 0.001}, {}}

// call makes one call of a phone, or to it, and the truth about it.
func (m *maker) call(i int) (*script, Call) {
	rng := rand.New(rand.NewPCG(m.plan.Seed, uint64(i)))
	how := endings[i%len(endings)]
	who := (i * 37) % m.plan.Phones
	incoming := i%5 == 3
	caller, callee := phone(who), server
	if incoming {
		caller, callee = server, phone(who)
	}
	d := &dialogue{id: fmt.Sprintf("%08x-%06x@%s", rng.Uint32(), i, caller.Addr()), at: m.begins(i)}
	truth := Call{ID: d.id}
	// Ports are used again by later calls, as real phones and relays do it.
	ours := netip.AddrPortFrom(phone(who).Addr(), uint16(12000+2*(i/m.plan.Phones%4)))
	theirs := netip.AddrPortFrom(relay, uint16(20000+2*(i%8000)))
	callerMedia, calleeMedia := ours, theirs
	if incoming {
		callerMedia, calleeMedia = theirs, ours
	}
	law := byte(8 * (i % 2))

	dialled := fmt.Sprintf("%d", 3000+i%977)
	a, b := user(who), dialled
	if incoming {
		a, b = dialled, user(who)
	}
	uri := fmt.Sprintf("sip:%s@%s", b, domain)
	from := fmt.Sprintf("\"Caller %s\" <sip:%s@%s>;tag=%08x", a, a, domain, rng.Uint32())
	to := "<" + uri + ">"
	contactA, contactB := fmt.Sprintf("<sip:%s@%s>", a, caller), fmt.Sprintf("<sip:%s@%s>", b, callee)
	cseq := 1
	invite := func(authorized bool) *sipmsg.Message {
		r := request("INVITE", uri, caller, from, to, d.id, cseq)
		r.Add("Contact", contactA)
		r.Add("Session-Expires", "1800")
		if authorized {
			r.Add("Proxy-Authorization", credentials(a, "INVITE", uri, i))
		}
		describe(r, callerMedia, law)
		return r
	}
	answer := func(req *sipmsg.Message, code int, pause time.Duration) *sipmsg.Message {
		contact := ""
		if code > 100 && code < 300 {
			contact = contactB
		}
		r := response(req, code, contact)
		switch {
		case code == 407:
			r.Add("Proxy-Authenticate", challenge(i))
		case code == 503:
			r.Add("Retry-After", "30")
		case code == 200 && req.Method == "INVITE":
			describe(r, calleeMedia, law)
		}
		d.say(callee, caller, r, pause)
		if req.Method == "INVITE" {
			truth.Codes = append(truth.Codes, code)
		}
		return r
	}
	acknowledge := func(inv, final *sipmsg.Message) {
		k := request("ACK", uri, caller, from, final.Get("To"), d.id, cseq)
		if final.Status >= 300 { // of the same transaction (RFC 3261 17.1.1.3)
			k.Set("Via", inv.Get("Via"))
		}
		d.say(caller, callee, k, 5*time.Millisecond)
	}

	inv := invite(false)
	d.say(caller, callee, inv, 8*time.Millisecond)
	if how.late {
		d.again(500 * time.Millisecond)
		d.again(time.Second)
	}
	if !incoming && i%2 == 0 {
		acknowledge(inv, answer(inv, 407, 6*time.Millisecond))
		cseq++
		inv = invite(true)
		d.say(caller, callee, inv, 8*time.Millisecond)
	}
	answer(inv, 100, 90*time.Millisecond)
	if how.rings > 0 {
		answer(inv, 180, how.rings)
	}
	if how.cancelled {
		c := request("CANCEL", uri, caller, from, to, d.id, cseq)
		c.Set("Via", inv.Get("Via"))
		d.say(caller, callee, c, 7*time.Millisecond)
		answer(c, 200, 6*time.Millisecond)
	}
	if how.code == 408 {
		d.at += 4 * time.Second
	}
	final := answer(inv, how.code, 11*time.Millisecond)
	if how.code == 200 && i%11 == 0 { // its ACK got lost
		d.again(500 * time.Millisecond)
	}
	acknowledge(inv, final)
	if how.code != 200 {
		return sorted(d.events), truth
	}
	d.events = append(d.events, m.talking(i, rng, d, callerMedia, calleeMedia, law, &truth)...)
	bye := request("BYE", uri, caller, from, final.Get("To"), d.id, cseq+1)
	left, right := caller, callee
	if i%3 == 0 { // the callee hangs up
		bye = request("BYE", "sip:"+a+"@"+caller.String(), callee, final.Get("To"), from, d.id, 1)
		left, right = callee, caller
	}
	d.say(left, right, bye, 10*time.Millisecond)
	if i%13 == 0 {
		d.again(500 * time.Millisecond)
	}
	d.say(right, left, response(bye, 200, ""), 0)
	return sorted(d.events), truth
}

// talking makes the sound of an answered call and moves on to its end.
func (m *maker) talking(i int, rng *rand.Rand, d *dialogue, callerMedia, calleeMedia netip.AddrPort, law byte, truth *Call) []event {
	n := max(4*safe, int(time.Duration(float64(m.talk)*(0.5+rng.Float64()))/spacing))
	tail := m.tail
	if m.up < m.rest {
		tail++
	}
	m.up++
	start := d.at
	f := suffering[i/3%len(suffering)]
	speak := func(from, to netip.AddrPort, tail int) (*speaker, []event) {
		s := &speaker{Stream: Stream{From: from, To: to, SSRC: rng.Uint32()}, pt: law,
			firstSeq: uint16(rng.Uint32()), firstTS: rng.Uint32(), phase: rng.IntN(1000)}
		// Luck of its own: a longer tail must not change what comes after it.
		luck := rand.New(rand.NewPCG(m.plan.Seed, uint64(s.SSRC)))
		return s, s.speak(luck, f, start, n, tail)
	}
	a, events := speak(callerMedia, calleeMedia, tail/2+tail%2)
	b, more := speak(calleeMedia, callerMedia, tail/2)
	events = append(events, more...)
	up := time.Duration(n) * spacing
	const every = 5 * time.Second
	for at := every / 2; at < up; at += every {
		bye := at+every >= up && i%4 == 0
		events = append(events,
			event{at: start + at, src: above(a.From), dst: above(a.To), data: a.report(b, at, false)},
			event{at: start + at + 20*time.Millisecond, src: above(b.From), dst: above(b.To), data: b.report(a, at, bye)})
	}
	truth.Streams = []Stream{a.Stream, b.Stream}
	d.at = start + up + time.Duration(tail)*spacing + 30*time.Millisecond
	return events
}
