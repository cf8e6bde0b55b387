package sipclient

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// dialled calls the foe, which leaves the INVITE to the row.
func (f *field) dialled() (*Call, heard) {
	f.Helper()
	came := f.foe.inviteHeard()
	c, err := f.phone.Dial(f.Context(), "200")
	if err != nil {
		f.Fatal(err)
	}
	select {
	case m := <-came:
		return c, m
	case <-time.After(patience):
		f.Fatal("no INVITE came")
		return nil, heard{}
	}
}

// connected has a call that the foe answered with the tag "tt".
func (f *field) connected() (*Call, heard) {
	f.Helper()
	c, invite := f.dialled()
	f.say(f.foe.answer(invite, 200, "tt", f.foe.snd.sdp()))
	ctx, stop := context.WithTimeout(f.Context(), patience)
	defer stop()
	if s := c.Wait(ctx, Answered); s != Answered {
		f.Fatalf("the call is %s", s)
	}
	return c, invite
}

func (f *field) say(text string) { f.foe.say(f.phone, text) }

// ended waits for the end of a call, which comes by itself.
func (f *field) ended(c *Call, within time.Duration) {
	f.Helper()
	ctx, stop := context.WithTimeout(f.Context(), within)
	defer stop()
	if s := c.Wait(ctx, Ended); s != Ended {
		f.Errorf("the call is %s after %s", s, within)
	}
}

// hangsUp ends a call from our side, in 3 s whatever the foe does.
func (f *field) hangsUp(c *Call) {
	f.Helper()
	began := time.Now()
	_ = c.Hangup(f.Context())
	if s, took := c.State(), time.Since(began); s != Ended || took > 3200*time.Millisecond {
		f.Errorf("%s, %s after hanging up", s, took)
	}
}

var answerTricks = []hostile{
	{name: "10,000 provisional answers", alone: true, routines: 2 * crowd, attack: func(f *field) {
		c, invite := f.dialled()
		f.fire(10_000, func(i int) string { return f.foe.answer(invite, 100+80*(i%2)+i%4, "t", "") })
		f.hangsUp(c)
	}},
	{name: "10,000 provisional answers, each of a new branch and with new sound", alone: true, routines: 2 * crowd, attack: func(f *field) {
		c, invite := f.dialled()
		f.fire(10_000, func(i int) string { return f.foe.answer(invite, 183, fmt.Sprint("t", i), sdpFor(2000+2*i)) })
		f.hangsUp(c)
	}},
	{name: "10,000 reliable provisional answers", alone: true, routines: 2 * crowd, sends: 3 * answerBurst, attack: func(f *field) {
		c, invite := f.dialled()
		f.fire(10_000, func(i int) string {
			return f.foe.answer(invite, 183, fmt.Sprint("t", i%100), "", "Require: 100rel", fmt.Sprint("RSeq: ", i+1))
		})
		f.hangsUp(c)
	}},
	{name: "early sound at names that never resolve", config: func(c *Config, _ *field) { c.Resolver = noNames{hang: true} }, routines: crowd, attack: func(f *field) {
		c, invite := f.dialled()
		f.fire(200, func(i int) string {
			return f.foe.answer(invite, 183, fmt.Sprint("t", i), strings.ReplaceAll(sdpFor(4000), "127.0.0.1", fmt.Sprintf("x%d.test", i)))
		})
		f.hangsUp(c)
	}},
	{name: "2,000 answers of new branches", alone: true, routines: 2 * crowd, sends: answerBurst, attack: func(f *field) {
		c, invite := f.connected()
		f.fire(2_000, func(i int) string { return f.foe.answer(invite, 200, fmt.Sprint("fork", i), f.foe.snd.sdp()) })
		f.hangsUp(c)
	}},
	{name: "the same 200 for ever", alone: true, routines: 2 * crowd, sends: 6 * answerBurst, attack: func(f *field) {
		c, invite := f.connected()
		text := f.foe.answer(invite, 200, "tt", f.foe.snd.sdp())
		f.fire(10_000, func(int) string { return text })
		f.hangsUp(c)
	}},
	{name: "redirects in a circle", attack: func(f *field) {
		f.foe.act(func(m heard, say func(string)) bool {
			if m.Method == "INVITE" || m.Method == "REGISTER" || m.Method == "OPTIONS" {
				say(f.foe.answer(m, 302, "t", "", "Contact: "+repeat(50, func(i int) string { return fmt.Sprintf("<sip:r%d@%s>,", i, f.foe.addr()) })+"<sip:200@"+f.foe.addr()+">"))
			}
			return m.IsRequest()
		})
		_ = f.phone.Register(f.Context())
		c, err := f.phone.Dial(f.Context(), "200")
		if err != nil {
			f.Fatal(err)
		}
		f.ended(c, patience)
	}},
	{name: "401 and 407 for ever, each with a new nonce", attack: neverContent("nonce=\"%d\", realm=\"r\"")},
	{name: "stale nonces for ever", attack: neverContent("nonce=\"%d\", realm=\"r\", stale=true")},
	{name: "algorithms that nobody knows", attack: neverContent("nonce=\"%d\", realm=\"r\", algorithm=ROT13")},
	{name: "a realm of 60 kB", attack: neverContent("nonce=\"%d\", realm=\"" + strings.Repeat("r", 60_000) + "\"")},
	{name: "a thousand challenges at once", attack: neverContent(strings.TrimSuffix(strings.Repeat("nonce=\"%[1]d\", realm=\"r\"\r\nWWW-Authenticate: Digest ", 1000), "\r\nWWW-Authenticate: Digest "))},
	{name: "a realm of 1 MB by TCP", over: "TCP", attack: neverContent("nonce=\"%d\", realm=\"" + strings.Repeat("r", 1<<20) + "\"")},
	{name: "odd lifetimes of the registration", attack: func(f *field) {
		for _, line := range []string{"Expires: 0", "Expires: 4294967296", "Expires: -1", "Contact: <sip:doctor@x>;expires=0", "Contact: *", "Contact: <%s>;expires=1", "Contact: <%s>;expires=99999999999999999999"} {
			f.answers(200, line)
		}
		time.Sleep(100 * time.Millisecond)
	}},
	{name: "Min-Expires that grows for ever", attack: func(f *field) {
		n := 0
		f.foe.act(func(m heard, say func(string)) bool {
			if n++; m.Method == "REGISTER" {
				say(f.foe.answer(m, 423, "t", "", fmt.Sprint("Min-Expires: ", uint64(1)<<min(n+20, 40))))
			}
			return m.IsRequest()
		})
		_ = f.phone.Register(f.Context())
	}},
	{name: "Retry-After of 100 years, and of nothing", attack: func(f *field) {
		for _, line := range []string{"Retry-After: 3153600000", "Retry-After: 0", "Retry-After: -5", "Retry-After: ()"} {
			f.answers(503, line)
		}
	}},
	{name: "an echo of everything that we send", sends: 400, attack: func(f *field) {
		f.foe.act(func(m heard, say func(string)) bool { say(string(m.Bytes())); return true })
		c, err := f.phone.Dial(f.Context(), "200")
		if err != nil {
			f.Fatal(err)
		}
		ctx, stop := context.WithTimeout(f.Context(), time.Second)
		defer stop()
		_ = f.phone.Options(ctx, 0)
		_ = f.phone.Register(ctx)
		f.hangsUp(c)
	}},
}

// answers registers once, and the foe says that.
func (f *field) answers(code int, line string) {
	f.foe.act(func(m heard, say func(string)) bool {
		if m.Method == "REGISTER" {
			if strings.Contains(line, "%s") {
				line = fmt.Sprintf(line, contactOf(m))
			}
			say(f.foe.answer(m, code, "t", "", line))
		}
		return m.IsRequest()
	})
	_ = f.phone.Register(f.Context())
}

// neverContent is a server that is never content.
func neverContent(params string) func(*field) {
	return func(f *field) {
		n := 0
		f.foe.act(func(m heard, say func(string)) bool {
			n++
			switch text := fmt.Sprintf("Digest "+params, n); m.Method {
			case "REGISTER", "OPTIONS":
				say(f.foe.answer(m, 401, "t", "", "WWW-Authenticate: "+text))
			case "INVITE":
				say(f.foe.answer(m, 407, "t", "", "Proxy-Authenticate: "+strings.ReplaceAll(text, "WWW", "Proxy")))
			}
			return m.IsRequest()
		})
		ctx, stop := context.WithTimeout(f.Context(), 300*time.Millisecond)
		defer stop()
		_ = f.phone.Register(ctx)
		for range 3 {
			c, err := f.phone.Dial(ctx, "200")
			if err != nil {
				f.Fatal(err)
			}
			f.ended(c, patience)
		}
	}
}
