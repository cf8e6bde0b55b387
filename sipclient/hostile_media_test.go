package sipclient

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"strings"
)

// plainRTPPacket is a plain RTP packet of 20 ms.
func plainRTPPacket(ssrc uint32, seq uint16) []byte {
	b := make([]byte, 172)
	b[0], b[1] = 0x80, 8
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[4:], uint32(seq)*160)
	binary.BigEndian.PutUint32(b[8:], ssrc)
	return b
}

// sounding has a call and gives the addresses of the phone's RTP and RTCP sockets.
func (f *field) sounding() (c *Call, rtp, rtcp *net.UDPAddr) {
	f.Helper()
	c, _ = f.connected()
	rtp = net.UDPAddrFromAddrPort(c.line().Local())
	return c, rtp, &net.UDPAddr{IP: rtp.IP, Port: rtp.Port + 1}
}

// brokenRTP are packets whose headers lie.
func brokenRTP() [][]byte {
	var list [][]byte
	for n := range 13 {
		list = append(list, plainRTPPacket(1, 1)[:n])
	}
	change := func(f func(b []byte)) {
		b := plainRTPPacket(7, 9)
		f(b)
		list = append(list, b, b[:12], b[:16])
	}
	for version := range 4 {
		change(func(b []byte) { b[0] = byte(version<<6) | b[0]&0x3f })
	}
	change(func(b []byte) { b[0] |= 0x0f })                                                // 15 CSRCs
	change(func(b []byte) { b[0] |= 0x10; binary.BigEndian.PutUint16(b[14:], 0xffff) })    // an extension beyond the end
	change(func(b []byte) { b[0] |= 0x10; copy(b[12:], []byte{0xbe, 0xde, 0, 1, 0xff}) })  // an element beyond its extension
	change(func(b []byte) { b[0] |= 0x10; copy(b[12:], []byte{0x10, 0x00, 0, 2, 5, 99}) }) // the same with two-byte heads
	change(func(b []byte) { b[0] |= 0x20; b[len(b)-1] = 0xff })                            // more padding than packet
	change(func(b []byte) { b[0] |= 0x20; b[len(b)-1] = 0 })                               // no padding
	change(func(b []byte) { b[0] |= 0x3f })
	for range 200 {
		b := plainRTPPacket(rand.Uint32(), uint16(rand.Uint32()))
		for range 4 {
			b[rand.IntN(20)] = byte(rand.Uint32())
		}
		list = append(list, b[:rand.IntN(len(b))])
	}
	return list
}

// brokenRTCP are reports whose lengths and counts lie, alone and in compounds.
func brokenRTCP() [][]byte {
	sr := []byte{0x80, 200, 0, 6, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}
	var list [][]byte
	for kind := 192; kind < 214; kind++ {
		for _, words := range []uint16{0, 1, 5, 6, 7, 0x7fff, 0xffff} {
			for _, first := range []byte{0x80, 0x9f, 0xa0, 0xbf, 0x00, 0xff} {
				b := append([]byte(nil), sr...)
				b[0], b[1] = first, byte(kind)
				binary.BigEndian.PutUint16(b[2:], words)
				list = append(list, b, append(append([]byte(nil), sr...), b...))
			}
		}
	}
	empty := []byte{0x80, 203, 0, 0}
	list = append(list, []byte(strings.Repeat(string(empty), 16_000)), []byte(strings.Repeat(string(sr), 2_300)))
	for n := range sr {
		list = append(list, sr[:n])
	}
	return list
}

var mediaTricks = []hostile{
	{name: "100,000 RTP packets in a burst", alone: true, attack: func(f *field) {
		c, rtp, _ := f.sounding()
		for i := range 100_000 {
			_, _ = f.foe.snd.rtp.WriteToUDP(plainRTPPacket(1, uint16(i)), rtp)
		}
		f.settle()
		f.hangsUp(c)
	}},
	{name: "RTP of 10,000 sources", alone: true, attack: func(f *field) {
		c, rtp, _ := f.sounding()
		for i := range 30_000 {
			_, _ = f.foe.snd.rtp.WriteToUDP(plainRTPPacket(uint32(i%10_000), uint16(i)), rtp)
		}
		f.settle()
		f.hangsUp(c)
	}},
	{name: "RTP with broken headers", alone: true, attack: func(f *field) {
		c, rtp, rtcp := f.sounding()
		for range 20 {
			for _, b := range brokenRTP() {
				_, _ = f.foe.snd.rtp.WriteToUDP(b, rtp)
				_, _ = f.foe.snd.rtp.WriteToUDP(b, rtcp)
			}
		}
		f.settle()
		f.hangsUp(c)
	}},
	{name: "RTCP with broken lengths", alone: true, attack: func(f *field) {
		c, rtp, rtcp := f.sounding()
		for _, b := range brokenRTCP() {
			_, _ = f.foe.snd.rtp.WriteToUDP(b, rtcp)
			_, _ = f.foe.snd.rtp.WriteToUDP(b, rtp)
		}
		f.settle()
		f.hangsUp(c)
	}},
	{name: "SIP, RTP and garbage at each other's ports", alone: true, attack: func(f *field) {
		c, rtp, rtcp := f.sounding()
		for i := range 2_000 {
			for _, b := range []string{f.foe.options(i), garbage(i), string(plainRTPPacket(5, uint16(i)))} {
				_, _ = f.foe.snd.rtp.WriteToUDP([]byte(b), rtp)
				_, _ = f.foe.snd.rtp.WriteToUDP([]byte(b), rtcp)
			}
			f.foe.sendTo(f.phone.Local(), string(plainRTPPacket(5, uint16(i))))
		}
		f.settle()
		f.hangsUp(c)
	}},
	{name: "RTP from a stranger", alone: true, attack: func(f *field) {
		c, rtp, rtcp := f.sounding()
		conn := stranger(f.T)
		defer conn.Close()
		for i := range 20_000 {
			_, _ = conn.WriteToUDP(plainRTPPacket(uint32(i), uint16(i)), rtp)
			_, _ = conn.WriteToUDP(plainRTPPacket(uint32(i), uint16(i)), rtcp)
		}
		f.settle()
		f.hangsUp(c)
		f.silent(conn)
	}},
}
