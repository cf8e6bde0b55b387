package evidence

import (
	"bytes"
	"io"
	"iter"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"

	"github.com/pion/rtcp"
	"github.com/pion/srtp/v3"
	"github.com/stretchr/testify/require"
)

func secureStream(t testing.TB, s *Stream, packets int) {
	t.Helper()
	require.NotNil(t, s)
	require.True(t, s.Encrypted)
	require.EqualValues(t, []uint64{uint64(packets), 0, 0}, []uint64{s.Verified, s.Unverified, s.Plain}, "verified, not verified, plain")
	require.True(t, s.Level.Known)
	require.InDelta(t, -20, s.Level.DBFS, 0.2)
}

func TestSecureSoundIsMeasured(t *testing.T) {
	for suite := range sdesSuites {
		t.Run(suite, func(t *testing.T) {
			c := newSecureCall(t)
			c.invite(false, sdpOf(secureA, "RTP/SAVP", keyLine(1, "AES_CM_128_HMAC_SHA1_80", 1), keyLine(2, suite, 2), keyLine(3, suite, 3)),
				sdpOf(secureB, "RTP/SAVP", keyLine(2, suite, 9)), "")
			out, in := c.voice(secureA, secureB, suite, 2), c.voice(secureB, secureA, suite, 9)
			out.talk(60)
			in.ssrc = 8
			in.talk(60)
			secureStream(t, c.call().Out, 60)
			secureStream(t, c.call().In, 60)
		})
	}
}

func TestSecureDigits(t *testing.T) {
	c := newSecureCall(t)
	c.invite(false, sdpOf(secureA, "RTP/SAVP", keyLine(1, suite80, 1)), sdpOf(secureB, "RTP/SAVP", keyLine(1, suite80, 2)), "")
	v := c.voice(secureA, secureB, suite80, 1)
	v.talk(5)
	for _, key := range []byte{4, 11} {
		for i := range 4 {
			v.c.raw(v.from, v.to, v.packet(101, []byte{key, 10, 0, byte(i+1) * 60}))
		}
		v.ts += 400
	}
	require.Equal(t, "4#", c.call().Out.Digits)
}

const suite80, suite32 = "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"

// What does not verify with the agreed key is counted, and nothing is heard of it.
func TestSecureWithTheWrongKey(t *testing.T) {
	for name, seed := range map[string]byte{"a strange key": 77, "the key of a line that was not chosen": 1, "the other side's key": 9} {
		t.Run(name, func(t *testing.T) {
			c := newSecureCall(t)
			c.invite(false, sdpOf(secureA, "RTP/SAVP", keyLine(1, suite80, 1), keyLine(2, suite80, 2)), sdpOf(secureB, "RTP/SAVP", keyLine(2, suite80, 9)), "")
			first := c.n
			c.voice(secureA, secureB, suite80, seed).talk(30)
			s := c.call().Out
			require.EqualValues(t, []uint64{0, 30, 0}, []uint64{s.Verified, s.Unverified, s.Plain})
			require.Equal(t, first+1, s.UnverifiedN)
			require.EqualValues(t, 30, s.Packets)
			require.False(t, s.Level.Known, "what cannot be read is not silence")
		})
	}
}

func TestPlainSoundInASecureCall(t *testing.T) {
	c := newSecureCall(t)
	c.invite(false, sdpOf(secureA, "RTP/SAVP", keyLine(1, suite80, 1)), sdpOf(secureB, "RTP/SAVP", keyLine(1, suite80, 9)), "")
	c.voice(secureA, secureB, suite80, 1).talk(30)
	first := c.n
	c.voice(secureB, secureA, "", 0).talk(30)
	secureStream(t, c.call().Out, 30)
	s := c.call().In
	require.EqualValues(t, []uint64{0, 0, 30}, []uint64{s.Verified, s.Unverified, s.Plain})
	require.Equal(t, first+1, s.PlainN)
	require.False(t, s.Level.Known, "the receiver takes no plain sound")
}

// Where no key can be known, nothing is said, and least of all silence.
func TestSecureWithoutKey(t *testing.T) {
	blank := "1 " + suite80 + " inline:" + strings.Repeat("0", 40)
	for name, lines := range map[string][2]string{
		"blanked when saved":    {blank, blank},
		"a suite nobody knows":  {"1 F8_128_HMAC_SHA1_80 inline:" + strings.Repeat("A0", 20), "1 F8_128_HMAC_SHA1_80 inline:" + strings.Repeat("B0", 20)},
		"without protection":    {keyLine(1, suite80, 1) + " UNAUTHENTICATED_SRTP", keyLine(1, suite80, 9) + " UNAUTHENTICATED_SRTP"},
		"a key that is none":    {"1 " + suite80 + " inline:????", "1 " + suite80 + " inline:"},
		"a key of another size": {"1 " + suite80 + " inline:QUJD", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newSecureCall(t)
			c.invite(false, sdpOf(secureA, "RTP/SAVP", lines[0]), sdpOf(secureB, "RTP/SAVP", lines[1]), "")
			c.voice(secureA, secureB, suite80, 1).talk(30)
			s := c.call().Out
			require.True(t, s.Encrypted)
			require.EqualValues(t, []uint64{0, 0, 0}, []uint64{s.Verified, s.Unverified, s.Plain})
			require.False(t, s.Level.Known)
			require.EqualValues(t, 30, s.Packets)
		})
	}
}

// A capture that begins late does not show how often the numbers went round, and
// in a long call they go round.
func TestSecureRollover(t *testing.T) {
	for _, roc := range []uint32{0, 1, 5} {
		c := newSecureCall(t)
		c.invite(false, sdpOf(secureA, "RTP/SAVP", keyLine(1, suite80, 1)), sdpOf(secureB, "RTP/SAVP", keyLine(1, suite80, 9)), "")
		v := c.voice(secureA, secureB, suite80, 1)
		v.ctx.SetROC(v.ssrc, roc)
		v.seq = 65500
		v.talk(80)
		secureStream(t, c.call().Out, 80)
	}
}

func TestSecureReinviteWithNewKeys(t *testing.T) {
	c := newSecureCall(t)
	c.invite(false, sdpOf(secureA, "RTP/SAVP", keyLine(1, suite80, 1)), sdpOf(secureB, "RTP/SAVP", keyLine(1, suite80, 9)), "")
	out, in := c.voice(secureA, secureB, suite80, 1), c.voice(secureB, secureA, suite80, 9)
	in.ssrc = 8
	out.talk(20)
	in.talk(20)
	// The callee asks again: a new key for its own sound, the same one of ours.
	c.invite(true, sdpOf(secureB, "RTP/SAVP", keyLine(1, suite32, 10)), sdpOf(secureA, "RTP/SAVP", keyLine(1, suite80, 1)), "")
	out.talk(20)
	next := c.voice(secureB, secureA, suite32, 10)
	next.ssrc, next.seq, next.ts = 8, in.seq, in.ts
	next.talk(20)
	in.seq, in.ts = next.seq, next.ts
	in.talk(2) // and it is slow to change
	secureStream(t, c.call().Out, 40)
	secureStream(t, c.call().In, 42)
}

func TestSecureLateOffer(t *testing.T) {
	c := newSecureCall(t)
	c.invite(false, "", sdpOf(secureB, "RTP/SAVP", keyLine(1, suite80, 1), keyLine(2, suite80, 2)), sdpOf(secureA, "RTP/SAVP", keyLine(2, suite80, 9)))
	c.voice(secureA, secureB, suite80, 9).talk(20)
	in := c.voice(secureB, secureA, suite80, 2)
	in.ssrc = 8
	in.talk(20)
	secureStream(t, c.call().Out, 20)
	secureStream(t, c.call().In, 20)
}

// Behind a NAT the descriptions name other addresses than the packets have.
func TestSecureBehindNAT(t *testing.T) {
	c := newSecureCall(t)
	inside := netip.MustParseAddrPort("10.0.0.5:4000")
	c.invite(false, sdpOf(inside, "RTP/SAVP", keyLine(1, suite80, 1)), sdpOf(secureB, "RTP/SAVP", keyLine(1, suite80, 9)), "")
	c.voice(secureA, secureB, suite80, 1).talk(20)
	secureStream(t, c.call().Out, 20)
}

func TestSecureWithMarkedKeys(t *testing.T) {
	c := newSecureCall(t)
	two := keyLine(1, suite80, 1) + "|2^20|1:4;" + strings.Fields(keyLine(1, suite80, 2))[2] + "|2^20|2:4"
	c.invite(false, sdpOf(secureA, "RTP/SAVP", two), sdpOf(secureB, "RTP/SAVP", keyLine(1, suite80, 9)+"|2^31 WSH=64"), "")
	c.voice(secureA, secureB, suite80, 2, srtp.MasterKeyIndicator([]byte{0, 0, 0, 2})).talk(20)
	secureStream(t, c.call().Out, 20)
}

// An offer of encryption that is not taken leaves the call plain, a refused
// re-INVITE too.
func TestOptionalEncryptionNotTaken(t *testing.T) {
	c := newSecureCall(t)
	c.invite(false, sdpOf(secureA, "RTP/AVP", keyLine(1, suite80, 1)), sdpOf(secureB, "RTP/AVP"), "")
	v := c.voice(secureA, secureB, "", 0)
	v.talk(20)
	c.send(true, "INVITE", 0, 2, sdpOf(secureB, "RTP/SAVP", keyLine(1, suite80, 5)))
	c.send(true, "INVITE", 488, 2, "")
	v.talk(20)
	s := c.call().Out
	require.False(t, s.Encrypted)
	require.EqualValues(t, []uint64{0, 0, 0}, []uint64{s.Verified, s.Unverified, s.Plain})
	require.InDelta(t, -20, s.Level.DBFS, 0.2)
}

func TestSecureReports(t *testing.T) {
	c := newSecureCall(t)
	c.invite(false, sdpOf(secureA, "RTP/SAVP", keyLine(1, suite32, 1)), sdpOf(secureB, "RTP/SAVP", keyLine(1, suite32, 9)), "")
	out, in := c.voice(secureA, secureB, suite32, 1), c.voice(secureB, secureA, suite32, 9)
	in.ssrc = 8
	out.talk(20)
	in.talk(20)
	clear, err := rtcp.Marshal([]rtcp.Packet{&rtcp.SenderReport{SSRC: 8, PacketCount: 20, OctetCount: 3200,
		Reports: []rtcp.ReceptionReport{{SSRC: 7, FractionLost: 32, TotalLost: 3}}}})
	require.NoError(t, err)
	sealed, err := in.ctx.EncryptRTCP(nil, clear, nil)
	require.NoError(t, err)
	a, b := netip.AddrPortFrom(secureA.Addr(), secureA.Port()+1), netip.AddrPortFrom(secureB.Addr(), secureB.Port()+1)
	c.raw(b, a, sealed)
	require.EqualValues(t, 3, c.call().Out.PeerSays.Lost)
	c.raw(secureB, secureA, sealed) // on one port with the sound (RFC 5761)
	require.Len(t, c.call().Out.Reported, 2)
	c.raw(b, a, clear) // some leave reports plain
	require.Len(t, c.call().Out.Reported, 3)
	strange := c.voice(secureB, secureA, suite32, 50)
	sealed, err = strange.ctx.EncryptRTCP(nil, clear, nil)
	require.NoError(t, err)
	c.raw(b, a, sealed)
	require.Len(t, c.call().Out.Reported, 3, "a report under another key says nothing")
	require.Len(t, c.call().Reports, 4)
}

// A call that is described anew for ever keeps a bounded number of keys.
func TestKeysAreBounded(t *testing.T) {
	c := newSecureCall(t)
	for i := range 200 {
		c.invite(false, sdpOf(secureA, "RTP/SAVP", keyLine(1, suite80, byte(i))), sdpOf(secureB, "RTP/SAVP", keyLine(1, suite80, byte(i+100))), "")
	}
	many := make([]string, 100)
	for i := range many {
		many[i] = keyLine(i+1, suite80, byte(i))
	}
	c.send(false, "INVITE", 0, c.cseq, sdpOf(secureA, "RTP/SAVP", many...))
	require.LessOrEqual(t, len(c.b.ordered[0].protected), maxKeys)
	require.LessOrEqual(t, len(c.b.ordered[0].keysFor(flow{secureA, secureB})), maxKeys*maxKeys)
	c.voice(secureA, secureB, suite80, 199).talk(10)
	secureStream(t, c.call().Out, 10)
}

// FuzzSecure throws any packets and any key lines at a secure call.
func FuzzSecure(f *testing.F) {
	f.Add([]byte("\x80\x00\x00\x01"), "1 "+suite80+" inline:QUJD")
	f.Add(bytes.Repeat([]byte{0x80, 0xc8, 0, 1}, 12), keyLine(1, suite32, 1)+"|1:4 KDR=1")
	f.Add(bytes.Repeat([]byte{0x90}, 40), keyLine(1, "AEAD_AES_128_GCM", 1)+"|2^20|7:1;inline:x")
	f.Fuzz(func(t *testing.T, data []byte, key string) {
		if strings.ContainsAny(key, "\r\n") || len(data) > 1500 {
			return
		}
		c := newSecureCall(t)
		c.invite(false, sdpOf(secureA, "RTP/SAVP", keyLine(1, suite80, 1), keyLine(2, "AEAD_AES_128_GCM", 1)), sdpOf(secureB, "RTP/SAVP", key), "")
		for _, way := range [][2]netip.AddrPort{{secureA, secureB}, {secureB, secureA}} {
			c.raw(way[0], way[1], data)
			if len(data) > 1 {
				data[0] = 0x80 | data[0]&0x3f
				c.raw(way[0], way[1], data)
			}
		}
		for _, s := range c.call().Streams {
			if s.Verified+s.Unverified+s.Plain > s.Packets+s.Events {
				t.Fatalf("%+v", s)
			}
		}
	})
}

// BenchmarkAddSRTP is BenchmarkAddRTP for a stream with SRTP.
func BenchmarkAddSRTP(b *testing.B) {
	c := newSecureCall(b)
	c.invite(false, sdpOf(secureA, "RTP/SAVP", keyLine(1, suite80, 1)), sdpOf(secureB, "RTP/SAVP", keyLine(1, suite80, 9)), "")
	v := c.voice(secureA, secureB, suite80, 1)
	packets := make([][]byte, 4096)
	for i := range packets {
		packets[i] = v.packet(0, make([]byte, 160))
		v.ts += 160
	}
	p := capture.Packet{Net: capture.UDP, Src: secureA, Dst: secureB}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		p.Data = packets[i%len(packets)]
		p.Time = c.at.Add(time.Duration(i) * 20 * time.Millisecond)
		c.b.Add(capture.Record{N: i, Packet: &p})
		i++
	}
}

// reread writes the call's records with write and folds what is read again.
func (c *secureCall) reread(write func(io.Writer, iter.Seq[capture.Record]) (int64, error)) *Evidence {
	var file bytes.Buffer
	_, err := write(&file, slices.Values(c.records))
	require.NoError(c.t, err)
	var b Builder
	for r, err := range capture.Read(&file) {
		require.NoError(c.t, err)
		b.Add(r)
	}
	return b.Evidence()
}

// A secure call that was saved and read again is the same; without its sound it
// can no longer be judged, which is another thing than silence or a wrong key.
func TestSecureCallFromAFile(t *testing.T) {
	c := newSecureCall(t)
	c.invite(false, sdpOf(secureA, "RTP/SAVP", keyLine(1, suite80, 1)), sdpOf(secureB, "RTP/SAVP", keyLine(1, suite80, 9)), "")
	c.voice(secureA, secureB, suite80, 1).talk(40)
	in := c.voice(secureB, secureA, suite80, 77)
	in.ssrc = 8
	in.talk(40)
	live, file := c.b.Evidence(), c.reread(capture.Write)
	require.Equal(t, live.Calls[0].Out, file.Calls[0].Out)
	require.Equal(t, live.Calls[0].In, file.Calls[0].In)
	secureStream(t, file.Calls[0].Out, 40)
	require.EqualValues(t, 40, file.Calls[0].In.Unverified)

	muted := c.reread(capture.WriteMuted)
	require.NotEmpty(t, muted.Muted)
	require.Empty(t, muted.Limits)
	for _, s := range muted.Calls[0].Streams {
		require.True(t, s.Encrypted)
		require.EqualValues(t, 40, s.Packets)
		require.Equal(t, Level{}, s.Level)
		require.Zero(t, s.Verified+s.Unverified+s.Plain)
	}
	require.False(t, muted.Have.Has(HaveLevels))
}

// The same of a call without encryption: its packets are counted, its sound is not
// judged, and its digits are gone.
func TestMutedCall(t *testing.T) {
	c := plainCall(t, true)
	v := c.voice(secureB, secureA, "", 0)
	v.talk(40)
	v.c.raw(v.from, v.to, v.packet(101, []byte{7, 0x8a, 1, 0}))
	require.Equal(t, "7", c.call().In.Digits)
	muted := c.reread(capture.WriteMuted).Calls[0].In
	require.EqualValues(t, 40, muted.Packets)
	require.EqualValues(t, 1, muted.Events)
	require.Empty(t, muted.Digits)
	require.Equal(t, Level{}, muted.Level)
}
