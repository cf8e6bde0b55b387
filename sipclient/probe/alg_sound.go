package probe

import (
	"context"
	"encoding/hex"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/sipclient/wire"
)

// The times of a sound test.
const (
	soundFor   = 3 * time.Second        // each way
	soundPause = 250 * time.Millisecond // for what comes before the first packet, as ringing tones do
	soundDrain = 400 * time.Millisecond // for what is still on its way
)

// soundSocket opens the socket of a call's sound, at an even port as RTP has it; nil
// where that cannot be had.
func (b *Bench) soundSocket(ctx context.Context, at netip.AddrPort) (*net.UDPConn, uint16) {
	var d net.Dialer
	probe, err := d.DialContext(ctx, "udp", at.String()) // sends nothing, and tells which address is used
	if err != nil {
		return nil, 0
	}
	here := wire.AddrPort(probe.LocalAddr()).Addr()
	_ = probe.Close()
	for range 20 {
		c, err := listenUDP(here, 0)
		if err != nil {
			return nil, 0
		}
		if port := wire.AddrPort(c.LocalAddr()).Port(); port%2 == 0 {
			return c, port
		}
		_ = c.Close()
	}
	return nil, 0
}

// ear hears the sound of a test.
type ear struct {
	mu          sync.Mutex
	id          soundID
	token       [16]byte
	back, early bitmap
}

func (e *ear) listen(c *net.UDPConn, only netip.Addr) {
	buf := make([]byte, 2048)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		if err != nil {
			return // closed, or its time is over
		}
		id, token, source, seq, ok := readSound(buf[:n])
		if !ok || wire.Unmap(from).Addr() != only {
			continue
		}
		e.mu.Lock()
		if id == e.id && token == e.token {
			switch source {
			case soundBack:
				e.back.set(int(seq))
			case soundEarly:
				e.early.set(int(seq))
			}
		}
		e.mu.Unlock()
	}
}

func (e *ear) heard() (back, early bitmap) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.back, e.early
}

// testSound sends sound to the mirror and lets it send some, and says how much came
// each way, by sequence numbers. It calls the mirror over a way on which that answered.
func (b *Bench) testSound(ctx context.Context, over *mirrorWay, media *net.UDPConn) {
	if media == nil {
		sayNoSound(b, "this computer gives no socket for sound")
		return
	}
	w := &mirrorWay{bench: b, over: over.over, to: over.to, name: over.name}
	err := w.open(ctx)
	if err == nil {
		defer w.close()
		err = w.hello(ctx)
	}
	if err != nil {
		sayNoSound(b, "the mirror does not answer any more: "+reason(err))
		return
	}
	invite := w.request("INVITE", writeWord(saySound, "cookie", w.ready.values["cookie"], "at", w.to.Addr().String()))
	here := wire.AddrPort(media.LocalAddr())
	invite.SetBody("application/sdp", mirrorMedia(here.Addr(), here.Port()))
	// What comes before the answer waits in the socket: its number is not known yet.
	reply, said, err := w.ask(ctx, helloLimit, invite)
	if err != nil {
		sayNoSound(b, "the mirror did not answer the call that begins the test of sound: "+reason(err))
		return
	}
	w.ack(invite, reply.SIP)
	var e ear
	id, err1 := hex.DecodeString(said.values["id"])
	token, err2 := hex.DecodeString(said.values["token"])
	if said.verb != saySound || err1 != nil || err2 != nil || len(id) != len(e.id) || len(token) != len(e.token) {
		sayNoSound(b, "the mirror is busy with other tests: try again in half a minute")
		return
	}
	copy(e.id[:], id)
	copy(e.token[:], token)
	target, answer := soundTarget(w.to.Addr(), said, reply.SIP)

	var listening sync.WaitGroup
	listening.Go(func() { e.listen(media, w.to.Addr()) })
	sent := sendSound(ctx, media, target, e.id, e.token, b.soundPackets())
	wait(ctx, soundDrain)
	count, err := w.count(ctx, said.values["id"])
	_ = media.SetReadDeadline(time.Now())
	listening.Wait()
	w.bye(ctx, invite, reply.SIP)

	if ctx.Err() != nil && err != nil {
		return // stopped: not checked
	}
	if err != nil {
		sayNoSound(b, "the mirror did not say how much came: "+reason(err))
		return
	}
	sayLost(b, capture.ProbeMirrorOut, sent, count.Came, "from", here, "to", target, "seen", count.Media, "asked", count.Asked, "answer", answer, "mirror", w.to)
	back, early := e.heard()
	switch {
	case count.Sent > 0:
		sayLost(b, capture.ProbeMirrorIn, count.Sent, back, "early-sent", count.Early, "early-got", early.count(), "seen", count.Media, "mirror", w.to)
	case count.Early > 0:
		sayLost(b, capture.ProbeMirrorIn, count.Early, early, "early-sent", count.Early, "early-got", early.count(), "mirror", w.to)
	default:
		b.NotChecked(capture.ProbeMirrorIn, "no sound came to the mirror, so it did not know where to send any")
	}
}

func sayNoSound(b *Bench, why string) {
	b.NotChecked(capture.ProbeMirrorOut, "%s", why)
	b.NotChecked(capture.ProbeMirrorIn, "%s", why)
}

// sayLost answers whether sound comes through: where not even a tenth does, it does not.
func sayLost(b *Bench, key string, sent int, came bitmap, more ...any) {
	got := came.count()
	b.Say(key, sent > 0 && 10*got >= sent, append([]any{"sent", sent, "got", got, "lost", sent - got, "longest", came.longestGap(sent)}, more...)...)
}

// soundPackets is how many packets each way has.
func (b *Bench) soundPackets() int {
	if b.sound != 0 {
		return b.sound
	}
	return int(soundFor / soundEvery)
}

// soundTarget is where the mirror's description wants the sound, as it came here:
// that is where a phone would send it. answer is that place where it is not what the
// mirror wrote. Sound goes to the mirror's own address only.
func soundTarget(mirror netip.Addr, said word, m *sipmsg.Message) (target netip.AddrPort, answer string) {
	port := uint16(max(0, said.number("port", 65535)))
	target = netip.AddrPortFrom(mirror, port)
	sdp, err := sipmsg.ParseSDP(m.Body)
	if err != nil || sdp.Audio() == nil {
		return target, "none"
	}
	a := sdp.Audio()
	to, err := netip.ParseAddr(a.Connection)
	if err == nil && to.Unmap() == mirror && a.Port == int(port) {
		return target, ""
	}
	if err == nil && to.Unmap() == mirror && a.Port >= 1024 && a.Port <= 65535 {
		target = netip.AddrPortFrom(mirror, uint16(a.Port))
	}
	return target, net.JoinHostPort(a.Connection, strconv.Itoa(a.Port))
}

// sendSound sends packets in time, and gives how many were to leave: what this computer
// keeps back is lost as well.
func sendSound(ctx context.Context, c *net.UDPConn, to netip.AddrPort, id soundID, token [16]byte, packets int) int {
	wait(ctx, soundPause)
	began := time.Now()
	for n := range packets {
		wait(ctx, time.Until(began.Add(time.Duration(n)*soundEvery)))
		if ctx.Err() != nil {
			return n
		}
		_, _ = c.WriteToUDPAddrPort(soundPacket(id, token, soundOut, uint16(n), soundLength), to)
	}
	return packets
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// count asks the mirror how much came.
func (w *mirrorWay) count(ctx context.Context, id string) (soundCount, error) {
	m := w.request("OPTIONS", writeWord(sayCount, "cookie", w.ready.values["cookie"], "id", id))
	reply, said, err := w.ask(ctx, helloLimit, m)
	if err != nil {
		return soundCount{}, err
	}
	if said.verb != saySeen {
		return soundCount{}, errNoMirror
	}
	body, err := unpackReport(reply.SIP.Body, said.values["sha256"])
	if err != nil {
		return soundCount{}, err
	}
	_, _, text, err := splitReport(body)
	if err != nil {
		return soundCount{}, err
	}
	c, ok := readCount(string(text))
	if !ok {
		return soundCount{}, errReport
	}
	return c, nil
}

// bye ends the call of a test; the mirror forgets it by itself as well.
func (w *mirrorWay) bye(ctx context.Context, invite, answer *sipmsg.Message) {
	m := w.request("BYE", writeWord(sayLook, "cookie", w.ready.values["cookie"]))
	m.Set("From", invite.Get("From"))
	m.Set("To", answer.Get("To"))
	m.Set("Call-ID", invite.CallID())
	m.Set("CSeq", "2 BYE")
	_, _, _ = w.ask(ctx, lookLimit, m) // nothing depends on it
}
