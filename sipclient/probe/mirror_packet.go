package probe

import (
	"fmt"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/pion/rtp"
)

// The sound of a test is RTP (RFC 3550) of a payload type of its own, 20 ms in each
// packet, as large as G.711. The payload begins with the test's number and a token that
// only the two ends know.
const (
	soundPayload = 118
	soundEvery   = 20 * time.Millisecond
	soundLength  = 160 // bytes of payload
	soundTicks   = 160 // of the RTP clock in each packet

	maxSoundPackets = 500 // of one test in one direction
)

// soundID is the number of a sound test.
type soundID [8]byte

// The source (SSRC) of a sound packet tells what it is.
const (
	soundOut   = 1 // from the phone
	soundBack  = 2 // from the mirror, for one that came
	soundEarly = 3 // from the mirror, unasked
)

// soundHead is how long the part of the payload is that is looked at.
const soundHead = 8 + 16

// soundPacket writes a packet of a test.
func soundPacket(id soundID, token [16]byte, source uint32, n uint16, length int) []byte {
	p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: soundPayload, Marker: n == 0, SequenceNumber: n,
		Timestamp: uint32(n) * soundTicks, SSRC: source}, Payload: make([]byte, max(length, soundHead))}
	copy(p.Payload, id[:])
	copy(p.Payload[len(id):], token[:])
	b, _ := p.Marshal() // a plain header always fits
	return b
}

// readSound reads one; ok is false for anything else.
func readSound(b []byte) (id soundID, token [16]byte, source uint32, n uint16, ok bool) {
	var p rtp.Packet
	if err := p.Unmarshal(b); err != nil || p.PayloadType != soundPayload || len(p.Payload) < soundHead || p.Extension || len(p.CSRC) > 0 {
		return id, token, 0, 0, false
	}
	copy(id[:], p.Payload)
	copy(token[:], p.Payload[len(id):])
	return id, token, p.SSRC, p.SequenceNumber, true
}

// soundCount is what a mirror says of a test.
type soundCount struct {
	Got, Sent, Early int
	Media            netip.AddrPort // where the sound came from, invalid where none did
	Asked            string         // where the phone wanted its sound, as the mirror read it
	Came             bitmap
}

// String writes it in one line.
func (c soundCount) String() string {
	return fmt.Sprintf("sound got=%d sent=%d early=%d media=%s asked=%s came=%s", c.Got, c.Sent, c.Early, c.Media, strings.ReplaceAll(c.Asked, " ", ""), c.Came)
}

// readCount is the reverse of String.
func readCount(s string) (c soundCount, ok bool) {
	rest, ok := strings.CutPrefix(s, "sound ")
	if !ok {
		return c, false
	}
	seen := 0
	for f := range strings.FieldsSeq(rest) {
		name, value, _ := strings.Cut(f, "=")
		n, err := strconv.Atoi(value)
		switch name {
		case "got":
			c.Got = n
		case "sent":
			c.Sent = n
		case "early":
			c.Early = n
		case "media":
			c.Media, _ = netip.ParseAddrPort(value) // "invalid AddrPort" where nothing came
			continue
		case "asked":
			c.Asked = value
			continue
		case "came":
			if c.Came, ok = readBitmap(value); !ok {
				return c, false
			}
			continue
		default:
			continue
		}
		if err != nil || n < 0 || n > maxSoundPackets {
			return c, false
		}
		seen++
	}
	return c, seen == 3 && c.Got == c.Came.count()
}

// bitmap is which sequence numbers came.
type bitmap [(maxSoundPackets + 63) / 64]uint64

// set notes one and tells whether it is new.
func (b *bitmap) set(n int) bool {
	if n < 0 || n >= len(b)*64 || b[n/64]>>(n%64)&1 == 1 {
		return false
	}
	b[n/64] |= 1 << (n % 64)
	return true
}

// has tells whether one came.
func (b *bitmap) has(n int) bool { return n >= 0 && n < len(b)*64 && b[n/64]>>(n%64)&1 == 1 }

func (b *bitmap) count() (n int) {
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// longestGap is the longest row of numbers below n that did not come.
func (b *bitmap) longestGap(n int) (longest int) {
	gap := 0
	for i := range n {
		if gap++; b.has(i) {
			gap = 0
		}
		longest = max(longest, gap)
	}
	return longest
}

// String writes it in hex, the lowest numbers first.
func (b bitmap) String() string {
	var s strings.Builder
	for _, w := range b {
		fmt.Fprintf(&s, "%016x", bits.Reverse64(w))
	}
	return s.String()
}

func readBitmap(s string) (b bitmap, ok bool) {
	if len(s) != len(b)*16 {
		return b, false
	}
	for i := range b {
		w, err := strconv.ParseUint(s[i*16:i*16+16], 16, 64)
		if err != nil {
			return b, false
		}
		b[i] = bits.Reverse64(w)
	}
	return b, true
}
