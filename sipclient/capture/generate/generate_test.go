package generate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
)

func TestTheSamePlanGivesTheSameFile(t *testing.T) {
	sum := func(seed uint64) string {
		h := sha256.New()
		p := Scaled(30_000)
		p.Seed = seed
		truth, err := Capture(h, p)
		if err != nil {
			t.Fatal(err)
		}
		if truth.Packets != p.Packets || len(truth.Calls) != p.Calls {
			t.Errorf("%d packets and %d calls, want %d and %d", truth.Packets, len(truth.Calls), p.Packets, p.Calls)
		}
		return hex.EncodeToString(h.Sum(nil))
	}
	if a, b := sum(1), sum(1); a != b {
		t.Errorf("%s and %s", a, b)
	}
	if a, b := sum(1), sum(2); a == b {
		t.Error("another seed gives the same file")
	}
}

// What is read of the file is what the truth says of it, and in order of time.
func TestTruth(t *testing.T) {
	var file bytes.Buffer
	truth, err := Capture(&file, Plan{Calls: 200, Packets: 60_000, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	if int64(file.Len()) != truth.Bytes {
		t.Errorf("%d bytes, the truth says %d", file.Len(), truth.Bytes)
	}
	packets, signalling := 0, 0
	sound := map[string]uint64{}
	calls := map[string]bool{}
	var last time.Time
	for r, err := range capture.Read(&file) {
		if err != nil {
			t.Fatal(err)
		}
		p := r.Packet
		packets++
		if r.N != packets || p.Time.Before(last) {
			t.Fatalf("record %d is number %d, at %s behind %s", packets, r.N, p.Time, last)
		}
		last = p.Time
		if sipmsg.LooksLikeSIP(p.Data) {
			signalling++
			m, err := sipmsg.Parse(p.Data)
			if err != nil || len(m.Problems) > 0 {
				t.Fatalf("record %d: %v %v", r.N, err, m.Problems)
			}
			if m.Method == "INVITE" {
				calls[m.CallID()] = true
			}
		} else if p.Data[1]&0x7f < 64 {
			sound[fmt.Sprintf("%x", p.Data[8:12])]++
		}
	}
	if packets != truth.Packets || signalling != truth.Signalling || len(calls) != len(truth.Calls) {
		t.Errorf("%d packets, %d of signalling, %d calls; want %d, %d, %d", packets, signalling, len(calls), truth.Packets, truth.Signalling, len(truth.Calls))
	}
	lost, twice, overtaken := uint64(0), uint64(0), uint64(0)
	codes := map[int]int{}
	for _, c := range truth.Calls {
		for _, code := range c.Codes {
			codes[code]++
		}
		for _, s := range c.Streams {
			if got := sound[fmt.Sprintf("%08x", s.SSRC)]; got != s.Packets+s.Duplicate {
				t.Errorf("%d packets of %08x, the truth says %d and %d again", got, s.SSRC, s.Packets, s.Duplicate)
			}
			lost, twice, overtaken = lost+s.Lost, twice+s.Duplicate, overtaken+s.Reordered
		}
	}
	if lost == 0 || twice == 0 || overtaken == 0 {
		t.Errorf("%d lost, %d twice, %d overtaken", lost, twice, overtaken)
	}
	for _, code := range []int{100, 180, 200, 404, 407, 408, 480, 486, 487, 503, 603} {
		if codes[code] == 0 {
			t.Errorf("no %d", code)
		}
	}
}

// A plan of which the signalling alone is more than was asked for is made all the same.
func TestTooFewPackets(t *testing.T) {
	truth, err := Capture(io.Discard, Plan{Calls: 50, Packets: 10, Phones: 3, Rate: 100})
	if err != nil || len(truth.Calls) != 50 || truth.Packets < 500 {
		t.Errorf("%+v, %v", truth, err)
	}
}

// TestWrite writes a capture where GENERATE names a file, for a look at it by hand.
func TestWrite(t *testing.T) {
	path := os.Getenv("GENERATE")
	if path == "" {
		t.Skip("GENERATE names no file")
	}
	packets := 1_200_000
	fmt.Sscan(os.Getenv("PACKETS"), &packets)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	truth, err := Capture(f, Scaled(packets))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d packets, %d bytes, %d calls, %d messages, %s", truth.Packets, truth.Bytes, len(truth.Calls), truth.Signalling, truth.Lasted)
}
