package media

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"softphonedoctor/sipclient/sipmsg"
)

// theirs is the other side's end of an encrypted call: it knows both keys from the
// descriptions.
type theirs struct {
	t         testing.TB
	out, in   *srtp.Context
	ours      string // the key that the line under test gave
	sequence  uint16
	timestamp uint32
}

func newTheirs(t testing.TB, ourLine, theirLine string) *theirs {
	t.Helper()
	ours, err := parseCrypto(ourLine)
	if err != nil {
		t.Fatalf("we gave %q: %v", ourLine, err)
	}
	their, err := parseCrypto(theirLine)
	if err != nil {
		t.Fatal(err)
	}
	in, err1 := ours.context()
	out, err2 := their.context()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	_, key, _ := strings.Cut(ourLine, "inline:")
	return &theirs{t: t, in: in, out: out, ours: key, sequence: 1}
}

// open decrypts a packet of ours.
func (x *theirs) open(b []byte) (p rtp.Packet) {
	x.t.Helper()
	plain, err := x.in.DecryptRTP(nil, b, nil)
	if err != nil {
		x.t.Fatalf("our packet does not open with our key: %v", err)
	}
	if err := p.Unmarshal(plain); err != nil {
		x.t.Fatal(err)
	}
	return p
}

// packet makes one of theirs.
func (x *theirs) packet(ssrc uint32) []byte {
	x.t.Helper()
	b := plainPacket(x.sequence, x.timestamp, ssrc)
	x.sequence, x.timestamp = x.sequence+1, x.timestamp+160
	sealed, err := x.out.EncryptRTP(nil, b, nil)
	if err != nil {
		x.t.Fatal(err)
	}
	return sealed
}

// plainPacket is 20 ms of PCMA.
func plainPacket(sequence uint16, timestamp, ssrc uint32) []byte {
	b := make([]byte, 172)
	b[0], b[1] = 0x80, 8
	binary.BigEndian.PutUint16(b[2:], sequence)
	binary.BigEndian.PutUint32(b[4:], timestamp)
	binary.BigEndian.PutUint32(b[8:], ssrc)
	return b
}

func summary(t testing.TB, body []byte) string {
	t.Helper()
	var list []string
	for _, m := range mustSDP(t, body).Media {
		text := m.Proto
		if len(m.Crypto) > 0 {
			text += " key"
		}
		if m.Port == 0 {
			text = "0"
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

func mustSDP(t testing.TB, body []byte) *sipmsg.SDP {
	t.Helper()
	s, err := sipmsg.ParseSDP(body)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// arrived counts what came to a line.
func arrived(b *bench) (n int) {
	for _, r := range b.tape.From(0) {
		if r.Packet != nil && (r.Packet.Dst == b.Local() || r.Packet.Dst == above(b.Local())) {
			n++
		}
	}
	return n
}
