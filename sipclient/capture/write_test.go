package capture

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// sample is a tape with everything that has to survive a file.
func sample() []Record {
	random := rand.New(rand.NewPCG(1, 2))
	bytesOf := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return b
	}
	var records []Record
	at := start
	packet := func(net Net, src, dst netip.AddrPort, data []byte) {
		at = at.Add(time.Duration(random.IntN(20_000_001)))
		records = append(records, Record{N: len(records) + 1, Packet: &Packet{Time: at, Net: net, Src: src, Dst: dst, Data: data}})
	}
	note := func(kind Kind, key, text string) {
		at = at.Add(1)
		records = append(records, Record{N: len(records) + 1, Note: &Note{Time: at, Kind: kind, Key: key, Text: text}})
	}
	note(KindSubject, "sip", "192.0.2.7:5060")
	packet(UDP, alice, proxy, []byte("REGISTER sip:example.com SIP/2.0\r\n\r\n"))
	packet(UDP, proxy, alice, []byte("SIP/2.0 200 OK\r\n\r\n"))
	note(KindAnswer, "heard", "no, \"nothing\" <at> all\n\xff\xfe")
	packet(UDP, alice6, proxy6, append([]byte{0x80, 0}, bytesOf(171)...))
	packet(TCP, alice, proxy, bytesOf(3))
	packet(TCP, alice, proxy, bytesOf(200_001)) // four frames
	packet(TCP, proxy, alice, bytesOf(65_495))
	packet(TLS, alice6, proxy6, bytesOf(70_000))
	note(KindStep, "2", "")
	packet(TLS, proxy6, alice6, []byte("SIP/2.0 401 Unauthorized\r\n\r\n"))
	packet(TCP, alice, proxy, []byte{})
	packet(ICMP, withPort(proxy, 0), withPort(alice, 0), append([]byte{3, 3, 0, 0}, bytesOf(40)...))
	packet(ICMP, withPort(proxy6, 0), withPort(alice6, 0), append([]byte{1, 4, 0, 0}, bytesOf(41)...))
	packet(UDP, alice, withPort(proxy, vxlanPort), append([]byte{8, 0, 0, 0, 0, 0, 1, 0}, bytesOf(100)...))
	packet(UDP, netip.MustParseAddrPort("[fe80::1%eth0]:5060"), netip.MustParseAddrPort("[fe80::2%eth0]:5060"), []byte{0})
	packet(UDP, netip.MustParseAddrPort("[::ffff:192.0.2.1]:1"), proxy, []byte{0x81})
	packet(UDP, netip.AddrPort{}, proxy, []byte{})
	for range 50 {
		packet(UDP, withPort(alice, 4000), withPort(proxy, 10_000), append([]byte{0x80, 8}, bytesOf(170)...))
	}
	records[len(records)-1].Packet.Time = time.Time{}
	records[len(records)-2].N = 0 // as in a foreign file
	records[len(records)-3].N = 4711
	note(KindLimit, LimitDropped, "words")
	return records
}

func compare(t *testing.T, got, want []Record) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g.N != w.N || (g.Packet == nil) != (w.Packet == nil) || !g.Time().Equal(w.Time()) {
			t.Errorf("record %d is N %d at %v, want N %d at %v", i, g.N, g.Time(), w.N, w.Time())
			continue
		}
		if p, q := g.Packet, w.Packet; p != nil {
			if p.Net != q.Net || p.Src != q.Src || p.Dst != q.Dst || !bytes.Equal(p.Data, q.Data) {
				t.Errorf("record %d: %v %v %v %d bytes, want %v %v %v %d bytes", i, p.Net, p.Src, p.Dst, len(p.Data), q.Net, q.Src, q.Dst, len(q.Data))
			}
		} else if g.Note.Kind != w.Note.Kind || g.Note.Key != w.Note.Key || g.Note.Text != w.Note.Text {
			t.Errorf("record %d: %+v, want %+v", i, g.Note, w.Note)
		}
	}
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	want := sample()
	var b bytes.Buffer
	n, err := Write(&b, values(want))
	if err != nil || n != int64(b.Len()) {
		t.Fatal(n, b.Len(), err)
	}
	compare(t, collect(t, bytes.NewReader(b.Bytes())), want)
	// A second time, and through gzip: nothing wears off.
	var again bytes.Buffer
	if _, err := Write(&again, values(collect(t, bytes.NewReader(gzipped(t, b.Bytes()))))); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.Bytes(), b.Bytes()) {
		t.Error("writing what was read gives another file")
	}
}

func TestTapeIsWritten(t *testing.T) {
	var tape Tape
	for _, r := range sample() {
		if r.Packet != nil && !r.Packet.Time.IsZero() {
			tape.Packet(*r.Packet)
		} else if r.Note != nil {
			tape.Note(*r.Note)
		}
	}
	var b bytes.Buffer
	if _, err := tape.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	compare(t, collect(t, bytes.NewReader(b.Bytes())), tape.From(0))
}

// In a file that another program has written anew, the mark of the section is
// gone: frames are counted then, and everything else stays.
func TestOurBlocksInAnothersFile(t *testing.T) {
	want := sample()
	var b bytes.Buffer
	if _, err := Write(&b, values(want)); err != nil {
		t.Fatal(err)
	}
	other := bytes.Replace(b.Bytes(), []byte(Application), []byte("Another program!"), 1)
	got := collect(t, bytes.NewReader(other))
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	last := 0
	for _, r := range got {
		if r.N <= last {
			t.Fatalf("N %d behind %d", r.N, last)
		}
		last = r.N
	}
}

type brokenWriter struct{ left int }

func (w *brokenWriter) Write(b []byte) (int, error) {
	if w.left -= len(b); w.left < 0 {
		return 0, errors.New("no space left")
	}
	return len(b), nil
}

func TestWriteTellsErrors(t *testing.T) {
	n, err := Write(&brokenWriter{70_000}, values(sample()))
	if err == nil || n > 70_000 || !strings.Contains(err.Error(), "no space left") {
		t.Error(n, err)
	}
}

// tshark takes the file, finds every checksum right, and counts the records as
// we do.
func TestTsharkReadsWhatIsWritten(t *testing.T) {
	needTshark(t)
	var records []Record
	for _, r := range sample() {
		if r.Packet != nil && (r.Packet.Net == ICMP || len(r.Packet.Data) > 60_000 || len(r.Packet.Data) == 0 || r.Packet.Time.IsZero()) {
			continue // made-up ICMP has no right checksum, big packets are several frames, empty ones look like doubled ACKs
		}
		r.N = len(records) + 1
		records = append(records, r)
	}
	file := filepath.Join(t.TempDir(), "tape.pcapng")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Write(f, values(records)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if bad := tshark(t, "-r", file, "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE",
		"-Y", "ip.checksum.status==0 || udp.checksum.status==0 || tcp.checksum.status==0 || _ws.malformed", "-T", "fields", "-e", "frame.number"); len(bad) > 0 {
		t.Errorf("tshark finds wrong checksums in frames %v", bad)
	}
	if odd := tshark(t, "-r", file, "-Y", "tcp.analysis.flags && !tcp.analysis.keep_alive", "-T", "fields", "-e", "frame.number"); len(odd) > 0 {
		t.Errorf("tshark finds the sequence numbers odd in frames %v", odd)
	}
	var want []string
	for _, r := range records {
		if r.Packet != nil {
			want = append(want, fmt.Sprintf("%d:%d.%09d", r.N, r.Packet.Time.Unix(), r.Packet.Time.Nanosecond()))
		}
	}
	got := tshark(t, "-r", file, "-Y", "ip || ipv6", "-T", "fields", "-E", "separator=:", "-e", "frame.number", "-e", "frame.time_epoch")
	if !slices.Equal(got, want) {
		t.Errorf("tshark lists\n%v\nwant\n%v", got, want)
	}
}
