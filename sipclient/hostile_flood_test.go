package sipclient

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// fire sends the phone n datagrams of its registrar as fast as the system takes them.
func (f *field) fire(n int, text func(i int) string) {
	f.Helper()
	to := f.phone.Local()
	for i := range n {
		f.foe.sendTo(to, text(i))
	}
	f.settle()
}

// fireFrom is fire from a socket of one's own.
func (f *field) fireFrom(conn *net.UDPConn, n int, text func(i int) string) {
	to := f.phone.Local()
	for i := range n {
		_, _ = conn.WriteToUDPAddrPort([]byte(text(i)), to)
	}
	f.settle()
}

// settle waits until the phone has read what has arrived: nothing more that is not
// its own comes onto its tape.
func (f *field) settle() {
	f.Helper()
	mine := map[netip.AddrPort]bool{f.phone.Local(): true}
	for _, c := range f.phone.everyCall() {
		if m := c.line(); m != nil {
			at := m.Local()
			mine[at], mine[netip.AddrPortFrom(at.Addr(), at.Port()+1)] = true, true
		}
	}
	last, since := 0, time.Now()
	for end := time.Now().Add(patience); time.Now().Before(end) && time.Since(since) < 20*time.Millisecond; time.Sleep(2 * time.Millisecond) {
		for _, r := range f.phone.tape.From(last) {
			if last = r.N; r.Packet != nil && !mine[r.Packet.Src] {
				since = time.Now()
			}
		}
	}
}

// silent fails when a stranger heard anything.
func (f *field) silent(conn *net.UDPConn) {
	f.Helper()
	if b := read(conn, 20*time.Millisecond); b != nil {
		f.Errorf("the phone answered a stranger: %q", short(string(b)))
	}
}

func garbage(int) string {
	b := make([]byte, 20+rand.IntN(400))
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return string(b)
}

// usual is how many packets a flood of requests may draw: the valve's burst, what
// passes it in the time that the flood takes under the race detector, and repeats.
const usual = 3 * requestBurst

// crowd is how many goroutines the stack may have for a moment: one for each message
// that passed a valve and waits for its turn.
const crowd = requestBurst + 200

var floods = []hostile{
	{name: "50,000 datagrams of garbage", alone: true, sends: 5, attack: func(f *field) { f.fire(50_000, garbage) }},
	{name: "50,000 datagrams of garbage from a stranger", alone: true, sends: 5, attack: func(f *field) {
		conn := stranger(f.T)
		defer conn.Close()
		f.fireFrom(conn, 50_000, garbage)
		f.silent(conn)
	}},
	{name: "50,000 empty and tiny datagrams", alone: true, sends: 5, attack: func(f *field) {
		f.fire(50_000, func(i int) string { return "INVITE sip:"[:i%12] })
	}},
	{name: "500 datagrams of 64 kB", alone: true, grows: 48, sends: usual, routines: crowd, attack: func(f *field) {
		lines := "X: y"
		many := strings.Repeat("\r\nX: y", 10_500)
		vias := "Via: SIP/2.0/UDP 127.0.0.1:9"
		for _, extra := range []string{lines + many, "X: " + strings.Repeat("z", 64_000), vias + strings.Repeat(", SIP/2.0/UDP 127.0.0.1:9", 2_400),
			"Contact: <sip:a@b>" + strings.Repeat(",<sip:a@b>", 6_000), "Subject: " + strings.Repeat("\"<", 31_000)} {
			f.fire(100, func(i int) string { return f.foe.options(i, extra) })
		}
	}},
	{name: "50,000 OPTIONS", alone: true, sends: usual, routines: crowd, attack: func(f *field) { f.fire(50_000, func(i int) string { return f.foe.options(i) }) }},
	{name: "50,000 OPTIONS and INVITEs from a stranger", alone: true, sends: 5, attack: func(f *field) {
		conn := stranger(f.T)
		defer conn.Close()
		f.fireFrom(conn, 50_000, func(i int) string {
			if i%2 == 0 {
				return f.foe.options(i)
			}
			return f.foe.invite(i, "")
		})
		f.silent(conn)
		if n := len(notes(f.phone)); n > 2*maxStrangers {
			f.Errorf("%d notes about strangers", n)
		}
	}},
	{name: "1,000 INVITEs of different calls", alone: true, sends: usual, routines: crowd, attack: func(f *field) {
		f.fire(1000, func(i int) string { return f.foe.invite(i, f.foe.snd.sdp()) })
	}},
	{name: "1,000 calls at once to a phone that answers each", alone: true, sends: 2 * usual, grows: 80, routines: crowd + 12*maxCalls, attack: func(f *field) {
		go func() {
			for {
				c, err := f.phone.Await(f.Context())
				if err != nil {
					return
				}
				go c.Answer(f.Context())
			}
		}()
		f.fire(1000, func(i int) string { return f.foe.invite(i, f.foe.snd.sdp()) })
		var work sync.WaitGroup
		for _, c := range f.phone.everyCall() {
			work.Go(func() { _ = c.Hangup(f.Context()) }) // no ACK ever comes
		}
		work.Wait()
	}},
	{name: "NOTIFY, MESSAGE and INFO storm", alone: true, sends: usual, routines: crowd, attack: func(f *field) {
		f.fire(9_000, func(i int) string {
			return f.foe.build([]string{"NOTIFY", "MESSAGE", "INFO"}[i%3], "<sip:s@x>;tag=s", "<sip:alice@x>", fmt.Sprint("n", i), 1, "", "Event: message-summary")
		})
	}},
	{name: "CANCEL storm", alone: true, sends: usual, routines: crowd, attack: func(f *field) {
		f.fire(5_000, func(i int) string {
			return f.foe.build("CANCEL", "<sip:s@x>;tag=s", "<sip:alice@x>", fmt.Sprint("n", i), 1, "")
		})
	}},
	{name: "INVITE and CANCEL by turns", alone: true, sends: usual, routines: crowd, attack: func(f *field) {
		f.fire(3_000, func(i int) string {
			invite := f.foe.invite(i, f.foe.snd.sdp())
			f.foe.sendTo(f.phone.Local(), invite)
			return strings.ReplaceAll(strings.Replace(invite, "INVITE", "CANCEL", 1), "1 INVITE", "1 CANCEL")
		})
	}},
	{name: "BYE and ACK storm", alone: true, sends: usual, routines: crowd, attack: func(f *field) {
		f.fire(6_000, func(i int) string {
			return f.foe.build([]string{"BYE", "ACK"}[i%2], "<sip:s@x>;tag=s", "<sip:alice@x>;tag=x", fmt.Sprint("n", i), 1, "")
		})
	}},
	{name: "20,000 answers to nothing", alone: true, sends: 5, routines: crowd, attack: func(f *field) {
		f.fire(20_000, func(i int) string {
			return f.foe.answer(heard{}.as(f.foe.options(i)), 200+i%400, "t", "")
		})
	}},
	{name: "20,000 requests by TCP", alone: true, over: "TCP", usable: 5 * time.Second, routines: crowd, sends: 2 * usual, attack: func(f *field) {
		_ = f.phone.Options(f.Context(), 0)
		for i := range 200 {
			f.foe.say(f.phone, repeat(100, func(k int) string { return f.foe.options(100*i + k) }))
		}
		f.settle()
	}},
}

// everyCall lists the phone's calls.
func (p *Phone) everyCall() []*Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []*Call
	for _, c := range p.calls {
		list = append(list, c)
	}
	return list
}
