package sipclient

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"softphonedoctor/sipclient/wire"
)

var dialogTricks = []hostile{
	{name: "2,000 re-INVITEs and never an ACK", alone: true, routines: crowd, sends: 4 * usual, attack: func(f *field) {
		c, invite := f.connected()
		f.fire(2_000, func(i int) string { return f.foe.within(invite, "INVITE", "tt", i+1, sdpFor(2000+2*i)) })
		f.hangsUp(c)
	}},
	{name: "5,000 UPDATEs, each with new sound", alone: true, routines: crowd, sends: 4 * usual, attack: func(f *field) {
		c, invite := f.connected()
		f.fire(5_000, func(i int) string { return f.foe.within(invite, "UPDATE", "tt", i+1, sdpFor(2000+2*i)) })
		f.hangsUp(c)
	}},
	{name: "5,000 BYEs of other dialogs in a call", alone: true, routines: crowd, sends: 4 * usual, attack: func(f *field) {
		c, invite := f.connected()
		f.fire(5_000, func(i int) string { return f.foe.within(invite, "BYE", fmt.Sprint("x", i), i+1, "") })
		if s := c.State(); s != Answered {
			f.Errorf("the call is %s", s)
		}
		f.hangsUp(c)
	}},
	{name: "CSeq numbers at and beyond the end", attack: func(f *field) {
		c, invite := f.connected()
		for _, seq := range []string{"2147483647", "2147483648", "4294967295", "4294967296", "18446744073709551616", "-1", "0", "x", ""} {
			for _, method := range []string{"INFO", "UPDATE", "INVITE"} {
				f.say(strings.Replace(f.foe.within(invite, method, "tt", 77, f.foe.snd.sdp()), "CSeq: 77", "CSeq: "+seq, 1))
			}
			f.say(strings.Replace(f.foe.invite(1, ""), "CSeq: 1", "CSeq: "+seq, 1))
			f.settle()
		}
		f.hangsUp(c)
	}},
	{name: "Record-Route with 500 entries", attack: func(f *field) {
		routes := "Record-Route: " + strings.TrimSuffix(strings.Repeat("<sip:"+f.foe.addr()+";lr>, ", 500), ", ")
		c, invite := f.dialled()
		f.say(f.foe.answer(invite, 200, "tt", f.foe.snd.sdp(), routes))
		c.Wait(f.Context(), Answered)
		f.say(f.foe.invite(1, f.foe.snd.sdp(), routes))
		in, err := f.phone.Await(f.Context())
		if err != nil {
			f.Fatal(err)
		}
		_ = in.Answer(f.Context())
		f.hangsUp(in)
		f.hangsUp(c)
	}},
	{name: "Contacts that are nobody's address", attack: func(f *field) {
		for _, host := range []string{"255.255.255.255", "224.0.1.75", "224.0.1.75:5060;transport=tcp", "0.0.0.0", "127.0.0.1:0", "[ff02::1]", "[::]:5060", "nowhere.invalid", "*", ""} {
			c, invite := f.dialled()
			text := f.foe.answer(invite, 200, "tt", f.foe.snd.sdp())
			f.say(strings.Replace(text, "<sip:peer@"+f.foe.addr(), "<sip:peer@"+host, 1))
			c.Wait(f.Context(), Answered)
			f.hangsUp(c)
		}
		for _, r := range f.phone.tape.From(0) {
			if r.Packet != nil && !r.Packet.Dst.Addr().IsLoopback() {
				f.Errorf("a packet went to %s", r.Packet.Dst)
			}
		}
	}, config: func(c *Config, _ *field) { c.Resolver = noNames{} }, dead: false},
	{name: "sound at nobody's address", attack: func(f *field) {
		for _, ip := range []string{"255.255.255.255", "224.0.1.75", "224.2.1.1/127", "0.0.0.0"} {
			c, invite := f.dialled()
			f.say(f.foe.answer(invite, 200, "tt", strings.ReplaceAll(sdpFor(4000), "127.0.0.1", ip)))
			time.Sleep(60 * time.Millisecond)
			f.hangsUp(c)
		}
		for _, r := range f.phone.tape.From(0) {
			if r.Packet != nil && !r.Packet.Dst.Addr().IsLoopback() {
				f.Errorf("a packet went to %s", r.Packet.Dst)
			}
		}
	}},
	{name: "session timers of a second", attack: func(f *field) {
		for _, refresher := range []string{"uac", "uas"} {
			c, invite := f.dialled()
			f.say(f.foe.answer(invite, 200, "tt", f.foe.snd.sdp(), "Session-Expires: 1;refresher="+refresher, "Require: timer"))
			c.Wait(f.Context(), Answered)
			f.fire(50, func(i int) string {
				return f.foe.within(invite, "UPDATE", "tt", i+1, "", "Session-Expires: 1", "Supported: timer")
			})
			time.Sleep(250 * time.Millisecond)
			f.hangsUp(c)
		}
	}},
	{name: "session descriptions without measure", routines: crowd, sends: usual, attack: func(f *field) {
		for _, body := range bombs() {
			c, invite := f.dialled()
			f.say(f.foe.answer(invite, 183, "tt", body))
			f.say(f.foe.answer(invite, 200, "tt", body))
			f.say(f.foe.invite(1, body))
			f.settle()
			if in := f.awaited(); in != nil {
				_ = in.Answer(f.Context())
				in.hangOnce.Do(func() { close(in.hang) })
			}
			f.hangsUp(c)
		}
	}},
	{name: "session descriptions that crash the stack", sends: usual, routines: crowd, attack: func(f *field) {
		for _, what := range slices.Sorted(maps.Keys(nastySDP)) {
			c, invite := f.dialled()
			f.say(f.foe.answer(invite, 200, "tt", nastySDP[what]))
			f.settle()
			f.say(f.foe.within(invite, "UPDATE", "tt", 5, nastySDP[what]))
			f.settle()
			f.hangsUp(c)
		}
	}},
}

// awaited gives an incoming call that rings, nil without one.
func (f *field) awaited() *Call {
	select {
	case c := <-f.phone.ringing:
		return c
	default:
		return nil
	}
}

// bombs are descriptions that a careless reader chokes on.
func bombs() []string {
	audio := func(lines ...string) string { return sdpFor(4000, lines...) }
	list := []string{
		goodHead + strings.Repeat("m=audio 4000 RTP/AVP 8\r\n", 2_500),
		goodHead + strings.Repeat("m=video 0 RTP/AVP 99\r\n", 2_500) + "m=audio 4000 RTP/AVP 8\r\n",
		audio(strings.TrimSuffix(strings.Repeat("a=rtpmap:8 PCMA/8000\r\n", 2_500), "\r\n")),
		audio("a=fmtp:101 " + strings.Repeat("0-16,", 11_000)),
		audio("a=rtpmap:8 " + strings.Repeat("P", 60_000) + "/8000"),
		goodHead + "m=audio 4000 RTP/AVP" + strings.Repeat(" 8", 28_000) + "\r\n",
		strings.Repeat("c=IN IP4 127.0.0.1\r\n", 2_800),
		strings.Repeat("=", 60_000),
		strings.Repeat("v=0\r\n", 12_000),
	}
	for _, value := range []string{"0", "-1", "1000000000", "99999999999999999999", "0.001", "x"} {
		list = append(list, audio("a=ptime:"+value), audio("a=maxptime:"+value), audio("a=rtpmap:8 PCMA/"+value), audio("a=rtcp:"+value), strings.Replace(audio(), "audio 4000", "audio "+value, 1))
	}
	return append(list, strings.Replace(audio(), "audio 4000", "audio 70000", 1), strings.Replace(audio(), "audio 4000", "audio 4000/100000", 1), audio("a=rtpmap:101 opus/48000/2", "a=rtpmap:101 H264/90000"))
}

var oddRequests = []hostile{
	{name: "Via that names somebody else", attack: func(f *field) {
		victim, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 3)})
		if err != nil {
			f.Fatal(err)
		}
		defer victim.Close()
		port := wire.AddrPort(victim.LocalAddr()).Port()
		for i, via := range []string{"127.0.0.3:%d;branch=z9hG4bK%s", "127.0.0.3:%d;branch=z9hG4bK%s;rport", "127.0.0.1:9;maddr=127.0.0.3;rport=%d;branch=z9hG4bK%s",
			"127.0.0.1:9;received=127.0.0.3;rport=%d;branch=z9hG4bK%s", "127.0.0.3:%d;maddr=255.255.255.255;ttl=255;branch=z9hG4bK%s"} {
			for _, method := range []string{"OPTIONS", "INVITE", "CANCEL", "BYE", "FOO"} {
				text := f.foe.build(method, "<sip:b@x>;tag=b", "<sip:alice@x>", fmt.Sprint("v", i, method), 1, "")
				head, rest, _ := strings.Cut(text, "Via: ")
				_, rest, _ = strings.Cut(rest, "\r\n")
				f.say(head + "Via: SIP/2.0/UDP " + fmt.Sprintf(via, port, randomHex(4)) + "\r\n" + rest)
			}
		}
		f.settle()
		if b := read(victim, 50*time.Millisecond); b != nil {
			f.Errorf("somebody else got %q", short(string(b)))
		}
	}},
	{name: "requests that crash the stack", attack: func(f *field) {
		base := f.foe.invite(1, "")
		for _, drop := range []string{"From", "To", "Call-ID", "CSeq", "Via", "Contact", "Max-Forwards", "Content-Length"} {
			f.say(strings.Replace(base, drop+":", "X-"+drop+":", 1))
		}
		info := f.foe.build("INFO", "<sip:b@x>;tag=b", "<sip:alice@x>;tag=a", "x", 1, "")
		f.say(strings.Replace(info, "Content-Length: 0\r\n\r\n", "Content-Length: 4\r\n\r\nabcd", 1))
		f.say(strings.Replace(base, "Contact: <", "Contact: <<<", 1))
		f.say(strings.Replace(base, "Contact: <", "Contact: *, <", 1))
		f.settle()
	}},
	{name: "extensions required for ever", alone: true, routines: crowd, sends: usual, attack: func(f *field) {
		f.fire(3_000, func(i int) string { return f.foe.invite(i, "", fmt.Sprint("Require: x", i, strings.Repeat("x", 900))) })
	}},
	{name: "calls that nobody awaits", routines: crowd, sends: usual, attack: func(f *field) {
		came := make(chan string, 100)
		f.foe.act(func(m heard, _ func(string)) bool { came <- name(m); return false })
		for i := range 3 * maxRinging {
			invite := f.foe.invite(i, f.foe.snd.sdp())
			f.say(invite)
			for result(f.T, came) != "180 INVITE" {
			}
			f.say(strings.ReplaceAll(strings.Replace(invite, "INVITE", "CANCEL", 1), "1 INVITE", "1 CANCEL"))
			for result(f.T, came) != "487 INVITE" {
			}
		}
		f.foe.act(nil)
		f.say(f.foe.invite(99, f.foe.snd.sdp(), "Subject: last"))
		for {
			c, err := f.phone.Await(f.Context())
			if err != nil {
				f.Error(err)
				return
			}
			if strings.HasPrefix(c.ID(), "i99-") {
				f.hangsUp(c)
				return
			}
			f.ended(c, patience) // the stack's 487 was out before the call knew of its end
		}
	}},
}
