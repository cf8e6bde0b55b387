package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/gopacket/gopacket/layers"

	"softphonedoctor/sipclient/capture/generate"
)

// words writes a record with everything that it holds.
func words(r Record) string {
	if r.Note != nil {
		return fmt.Sprintf("%d note %+v", r.N, *r.Note)
	}
	return fmt.Sprintf("%d %s %s %s > %s %q", r.N, r.Packet.Time, r.Packet.Net, r.Packet.Src, r.Packet.Dst, r.Packet.Data)
}

// inBatches copies what Batches gives before the next step.
func inBatches(r io.Reader) (list []string, err error) {
	for records, e := range Batches(r) {
		if e != nil {
			err = e
		}
		for _, rec := range records {
			list = append(list, words(rec))
		}
	}
	return list, err
}

func oneByOne(r io.Reader) (list []string, err error) {
	for rec, e := range Read(r) {
		if e != nil {
			err = e
			continue
		}
		list = append(list, words(rec))
	}
	return list, err
}

// generated is a capture of so many packets.
func generated(t testing.TB, packets int) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := generate.Capture(&b, generate.Scaled(packets)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// strange are captures that end in every way.
func strange(t testing.TB) map[string][]byte {
	packet := udpPacket(t, alice, proxy, "a datagram")
	long := udpPacket(t, alice, proxy, strings.Repeat("long", 15_000))
	file := pcapFile(binary.LittleEndian, true, 101, packet, packet[:len(packet)-5], long, tcpPacket(t, alice, proxy, 7, true, "segment"))
	var many [][]byte
	for range 100 {
		many = append(many, long)
	}
	return map[string][]byte{
		"whole": file, "cut": file[:len(file)-3], "cut in a header": file[:24+7], "empty": nil, "no packets": file[:24],
		"no capture": []byte("nothing of the kind"), "packed": gzipped(t, file), "blocks": pcapngFile(t, layers.LinkTypeRaw, packet, long),
		"generated": generated(t, 6_000), "long": pcapFile(binary.BigEndian, false, 101, many...),
	}
}

func TestBatchesGiveWhatReadGives(t *testing.T) {
	for name, file := range strange(t) {
		want, wantErr := oneByOne(bytes.NewReader(file))
		got, err := inBatches(bytes.NewReader(file))
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d records, Read gives %d", name, len(got), len(want))
		}
		if fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Errorf("%s: %v, Read says %v", name, err, wantErr)
		}
	}
	broken := errors.New("the disk is on fire")
	file := generated(t, 5_000)
	got, err := inBatches(io.MultiReader(bytes.NewReader(file[:len(file)/2]), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) || len(got) == 0 {
		t.Errorf("%d records, %v", len(got), err)
	}
}

// Whoever stops leaves nothing behind: no goroutine, and nobody who still reads.
func TestStopBatchesEarly(t *testing.T) {
	file := generated(t, 12_000)
	before := runtime.NumGoroutine()
	r := bytes.NewReader(file)
	for range Batches(r) {
		break
	}
	left := r.Len()
	for wait := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(wait); {
		time.Sleep(time.Millisecond) // who was told to stop needs a moment to do so
	}
	if r.Len() != left || left == 0 || runtime.NumGoroutine() > before {
		t.Errorf("%d bytes left, then %d; %d goroutines, before %d", left, r.Len(), runtime.NumGoroutine(), before)
	}
}

// layerByLayer gives the records of a capture decoded by gopacket alone.
func layerByLayer(r io.Reader, whole bool) (list []string, quick int, err error) {
	d := newDecoder()
	d.whole = whole
	err = d.read(r, func(records []Record) bool {
		for _, rec := range records {
			list = append(list, words(rec))
		}
		return true
	})
	return list, d.quickly, err
}

// What is decoded by hand is what gopacket makes of it.
func TestQuickDecodingIsTheSame(t *testing.T) {
	files := strange(t)
	for _, one := range linkFrames(t) {
		files[one.name] = pcapFile(binary.LittleEndian, true, one.link, one.frames...)
	}
	for name, file := range files {
		want, _, wantErr := layerByLayer(bytes.NewReader(file), true)
		got, quick, err := layerByLayer(bytes.NewReader(file), false)
		if !slices.Equal(got, want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Errorf("%s: got %d records, %v; layer by layer %d, %v", name, len(got), err, len(want), wantErr)
		}
		if name == "generated" && quick != 6_000 {
			t.Errorf("only %d frames were decoded by hand", quick)
		}
	}
}

func TestQuickDecodingOfSharedCaptures(t *testing.T) {
	files := captureFiles(t, sharedCaptures(t))
	if len(files) < 200 {
		t.Fatalf("%d captures", len(files))
	}
	quick, all := 0, 0
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, _, _ := layerByLayer(bytes.NewReader(data), true)
		got, n, _ := layerByLayer(bytes.NewReader(data), false)
		quick, all = quick+n, all+len(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d records by hand, %d layer by layer", filepath.Base(path), len(got), len(want))
			for i := range min(len(got), len(want)) {
				if got[i] != want[i] {
					t.Errorf("got  %s\nwant %s", got[i], want[i])
					break
				}
			}
		}
	}
	if quick*2 < all {
		t.Errorf("only %d of %d records were decoded by hand", quick, all)
	}
}

// linkFrames are frames that the quick decoder takes and frames a byte away from them.
func linkFrames(t testing.TB) (list []struct {
	name   string
	link   uint32
	frames [][]byte
}) {
	packets := [][]byte{
		udpPacket(t, alice, proxy, "four"), udpPacket(t, alice6, proxy6, "six"),
		tcpPacket(t, alice, proxy, 100, true, ""), tcpPacket(t, alice, proxy, 101, false, "INVITE"), tcpPacket(t, alice6, proxy6, 7, false, "six"),
		udpPacket(t, alice, withPort(proxy, vxlanPort), "no VXLAN"), udpPacket(t, alice, withPort(proxy, gtpPort), "no GTP"),
	}
	headers := map[string]struct {
		link uint32
		four []byte
		six  []byte
	}{
		"Ethernet": {linkEthernet, append(make([]byte, 12), 8, 0), append(make([]byte, 12), 0x86, 0xdd)},
		"VLAN":     {linkEthernet, append(make([]byte, 12), 0x81, 0, 0, 5, 8, 0), append(make([]byte, 12), 0x81, 0, 0, 5, 0x86, 0xdd)},
		"QinQ":     {linkEthernet, append(make([]byte, 12), 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0), append(make([]byte, 12), 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 0x86, 0xdd)},
		"SLL":      {linkSLL, append(make([]byte, 14), 8, 0), append(make([]byte, 14), 0x86, 0xdd)},
		"SLL2":     {linkSLL2, []byte{8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0}, []byte{0x86, 0xdd, 0, 0, 0, 0, 0, 1, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0}},
		"raw":      {linkRaw, nil, nil}, "IPv4": {linkIPv4, nil, nil}, "IPv6": {linkIPv6, nil, nil},
	}
	for name, h := range headers {
		one := struct {
			name   string
			link   uint32
			frames [][]byte
		}{name: name, link: h.link}
		for _, p := range packets {
			head := h.four
			if p[0]>>4 == 6 {
				head = h.six
			}
			frame := slices.Concat(head, p)
			one.frames = append(one.frames, frame, append(slices.Clone(frame), 0, 0, 0))
			for cut := range frame {
				one.frames = append(one.frames, frame[:cut])
			}
			for i := range min(len(frame), len(head)+48) {
				for _, flip := range []byte{1, 0x20, 0xff} {
					other := slices.Clone(frame)
					other[i] ^= flip
					one.frames = append(one.frames, other)
				}
			}
		}
		list = append(list, one)
	}
	return list
}

// FuzzQuick looks for a frame that the two ways of decoding understand differently.
func FuzzQuick(f *testing.F) {
	for _, one := range linkFrames(f) {
		for i, frame := range one.frames {
			if i%97 == 0 {
				f.Add(one.link, frame)
			}
		}
	}
	f.Fuzz(func(t *testing.T, link uint32, data []byte) {
		var got [2][]string
		for i, whole := range []bool{true, false} {
			d := newDecoder()
			d.whole = whole
			for n := range 2 {
				for _, r := range d.frame(&frame{n: n + 1, time: start, link: link, data: slices.Clone(data)}) {
					got[i] = append(got[i], words(r))
				}
			}
			for _, r := range d.finish(start) {
				got[i] = append(got[i], words(r))
			}
		}
		if !slices.Equal(got[0], got[1]) {
			t.Errorf("link %d: layer by layer %q, by hand %q", link, got[0], got[1])
		}
	})
}

// BenchmarkRead measures how fast a capture is read: record by record, each with
// memory of its own; in batches on two processors; and layer by layer.
func BenchmarkRead(b *testing.B) {
	const packets = 200_000
	file := generated(b, packets)
	run := func(name string, read func() int) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for b.Loop() {
				if n := read(); n != packets {
					b.Fatal(n, " packets")
				}
			}
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(b.N*packets), "allocs/packet")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*packets), "ns/packet")
		})
	}
	run("one by one", func() (n int) {
		for range Read(bytes.NewReader(file)) {
			n++
		}
		return n
	})
	run("batches", func() (n int) {
		for records := range Batches(bytes.NewReader(file)) {
			n += len(records)
		}
		return n
	})
	run("layer by layer", func() (n int) {
		d := newDecoder()
		d.whole = true
		_ = d.read(bytes.NewReader(file), func(records []Record) bool { n += len(records); return true })
		return n
	})
}
