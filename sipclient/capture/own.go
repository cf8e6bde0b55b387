package capture

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"
)

// Application is how our own files begin the section header's option
// shb_userappl. In a section with that mark, record numbers are those noted
// beside the packets and in the notes; elsewhere frames are counted.
const Application = "Softphone Doctor"

// EnterpriseNumber marks what is ours in a capture file: the custom blocks that
// hold notes and the custom option beside each packet. It is the number that
// RFC 5612 sets aside for examples, because this project has none of its own;
// no product can have it, and what is marked begins with a signature besides.
//
// A note is a custom block (type 0x00000BAD, may be copied) whose data is a JSON
// object, filled up with blanks to a multiple of four bytes:
//
//	{"softphone-doctor":1,"n":7,"time":"2026-01-02T03:04:05.000000006Z","kind":"answer","key":"heard","text":"no"}
//
// A Text that is no UTF-8 is in "text64" instead, in base 64. Beside a packet
// stands the option 2989 (binary, may be copied), in the section's byte order:
//
//	4 bytes  enterprise number
//	4 bytes  "SpDr"
//	1 byte   transport: 1 UDP, 2 TCP, 3 TLS, 4 ICMP, 5 WebSocket, 6 WebSocket within TLS
//	1 byte   flags: 1 more frames of this packet follow, 2 addresses follow, 4 no time,
//	         8 bytes are missing before this packet, 16 the header's TTL is the packet's own
//	2 bytes  0
//	8 bytes  the record's number
//	         with flag 2: source and destination in words, each behind a byte with its length
const EnterpriseNumber = 32473

const (
	tagSignature = "SpDr"
	tagLength    = 20
	noteVersion  = 1

	flagMore      = 1
	flagAddresses = 2
	flagNoTime    = 4
	flagGap       = 8
	flagHops      = 16

	// maxParts bounds what is joined of a packet that needed several frames.
	maxParts = 16 << 20
)

// tag is what stands beside a packet in our own files.
type tag struct {
	net      Net
	more     bool
	noTime   bool
	gap      bool
	hops     bool
	named    bool // src and dst are given, because headers cannot hold them
	n        int
	src, dst netip.AddrPort
}

// append adds the option's value to b, little-endian.
func (t *tag) append(b []byte) []byte {
	var flags byte
	if t.more {
		flags |= flagMore
	}
	if t.named {
		flags |= flagAddresses
	}
	if t.noTime {
		flags |= flagNoTime
	}
	if t.gap {
		flags |= flagGap
	}
	if t.hops {
		flags |= flagHops
	}
	b = binary.LittleEndian.AppendUint32(b, EnterpriseNumber)
	b = append(b, tagSignature...)
	b = append(b, byte(t.net), flags, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(t.n))
	if t.named {
		for _, a := range []netip.AddrPort{t.src, t.dst} {
			words := ""
			if a.IsValid() {
				words = a.String()
			}
			words = words[:min(len(words), 255)]
			b = append(b, byte(len(words)))
			b = append(b, words...)
		}
	}
	return b
}

// parse reads the option's value and tells whether it is ours.
func (t *tag) parse(order binary.ByteOrder, b []byte) bool {
	if len(b) < tagLength || order.Uint32(b) != EnterpriseNumber || string(b[4:8]) != tagSignature {
		return false
	}
	n := order.Uint64(b[12:])
	if Net(b[8]) < UDP || Net(b[8]) > WSS || n > uint64(maxNumber) {
		return false
	}
	*t = tag{net: Net(b[8]), more: b[9]&flagMore != 0, noTime: b[9]&flagNoTime != 0, gap: b[9]&flagGap != 0, hops: b[9]&flagHops != 0, named: b[9]&flagAddresses != 0, n: int(n)}
	if t.named {
		b = b[tagLength:]
		for _, a := range []*netip.AddrPort{&t.src, &t.dst} {
			if len(b) == 0 || len(b) < 1+int(b[0]) {
				return false
			}
			if words := string(b[1 : 1+b[0]]); words != "" {
				parsed, err := netip.ParseAddrPort(words)
				if err != nil {
					return false
				}
				*a = parsed
			}
			b = b[1+int(b[0]):]
		}
	}
	return true
}

// maxNumber is the largest record number believed.
const maxNumber = 1<<31 - 1

// restore puts back what the frame's headers could not hold.
func (t *tag) restore(p *Packet) {
	if t.named {
		p.Src, p.Dst = t.src, t.dst
	}
	if t.noTime {
		p.Time = time.Time{}
	}
}

// noteJSON is a note in a custom block.
type noteJSON struct {
	Version int       `json:"softphone-doctor"`
	N       int       `json:"n"`
	Time    time.Time `json:"time"`
	Kind    Kind      `json:"kind"`
	Key     string    `json:"key"`
	Text    string    `json:"text,omitempty"`
	Text64  string    `json:"text64,omitempty"`
}

// noteData gives the custom block's data for a note, a multiple of four long.
func noteData(n int, note *Note) ([]byte, error) {
	at := note.Time.UTC()
	if at.Year() < 0 || at.Year() > 9999 { // of a damaged file; JSON cannot hold it
		at = time.Time{}
	}
	j := noteJSON{Version: noteVersion, N: n, Time: at, Kind: note.Kind, Key: note.Key, Text: note.Text}
	if !utf8.ValidString(note.Text) {
		j.Text, j.Text64 = "", base64.StdEncoding.EncodeToString([]byte(note.Text))
	}
	b, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	return append(b, strings.Repeat(" ", int(pad(uint32(len(b)))))...), nil
}

// noteOf reads a note out of a custom block's body; nil when it is not ours.
func noteOf(order binary.ByteOrder, body []byte) (*Note, int) {
	if len(body) < 4 || order.Uint32(body) != EnterpriseNumber {
		return nil, 0
	}
	var j noteJSON
	// Another program that copies the block may fill it up with zeros.
	if json.Unmarshal(bytes.TrimRight(body[4:], "\x00"), &j) != nil || j.Version != noteVersion || j.N < 0 || j.N > maxNumber {
		return nil, 0
	}
	if raw, err := base64.StdEncoding.DecodeString(j.Text64); err == nil && len(raw) > 0 {
		j.Text = string(raw)
	}
	return &Note{Time: j.Time, Kind: j.Kind, Key: j.Key, Text: j.Text}, j.N
}
