package lab

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// impairment is what happens to packets on their way through the hop, in one
// direction. The same seed has the same fate for the nth packet of a flow,
// whatever else passes. The zero value changes nothing and writes down all.
type impairment struct {
	Way way // outward or inward

	// Delay is added to every packet, and a part of Jitter, evenly spread, to each.
	// No packet overtakes another by that.
	Delay, Jitter time.Duration

	// Of each hundred packets so many, at places that the seed chooses.
	Loss, Duplicate, Reorder float64

	// ReorderBy is how much longer a packet of Reorder waits, while others pass it; 0: 30 ms.
	ReorderBy time.Duration

	// Bursts of loss as Gilbert and Elliott have them: the chance, in percent, that one
	// begins with a packet, and that it ends with one. While it lasts all are lost.
	BurstBegins, BurstEnds float64

	// AllUDP applies it to every packet over UDP; else only to RTP.
	AllUDP bool

	Seed uint64

	Queue int    // of the kernel; filled in
	Truth string // file; filled in
}

// impairRole in the environment makes this test program the one that impairs: its
// value is an impairment in JSON.
const impairRole = "LAB_IMPAIR"

// passage is a line of the truth file: what became of a packet of RTP.
type passage struct {
	Way       way       `json:"way"`
	Flow      string    `json:"flow"` // source>destination, as the hop sees them
	SSRC      uint32    `json:"ssrc"`
	Seq       uint16    `json:"seq"`
	Timestamp uint32    `json:"timestamp"`
	Marker    bool      `json:"marker,omitempty"`
	PT        uint8     `json:"pt"`
	Fate      string    `json:"fate"`
	In        time.Time `json:"in"`
	Out       time.Time `json:"out,omitzero"` // zero: lost
}

// The fates of packets.
const (
	fatePassed  = "passed"
	fateLost    = "lost"
	fateDoubled = "doubled" // the second of two
	fateLate    = "late"    // others went ahead
)

// impaired is a running impairment.
type impaired struct {
	*Process
	file string
}

// impair begins to treat packets in the hop. It ends with the test, or by stop.
func (n *Network) impair(t testing.TB, i impairment) *impaired {
	t.Helper()
	Program(t, "iptables-nft", "iptables")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	from := "isp0"
	if i.Queue = 1; i.Way == inward {
		i.Queue, from = 2, "pub0"
	}
	i.Truth = filepath.Join(dir, "truth.jsonl")
	config, err := json.Marshal(i)
	if err != nil {
		t.Fatal(err)
	}
	r := &impaired{file: i.Truth}
	if r.Process, err = n.hop.start(t, dir, "env", impairRole+"="+string(config), self); err != nil {
		t.Fatalf("impairing: %v", err)
	}
	if !eventually(5*time.Second, func() bool { return !r.running() || strings.Contains(r.Log(), impairReady) }) || !r.running() {
		t.Fatalf("the impairment does not start:\n%s", r.log.tail(2000))
	}
	// Where nobody reads the queue any more, packets pass.
	n.exec(t, n.hop, "iptables-nft", "-t", "mangle", "-A", "FORWARD", "-i", from, "-p", "udp", "-j", "NFQUEUE", "--queue-num", fmt.Sprint(i.Queue), "--queue-bypass")
	return r
}

// passages gives what became of every packet of RTP so far, as they left or were lost.
func (r *impaired) passages(t testing.TB) (list []passage) {
	t.Helper()
	b, err := os.ReadFile(r.file)
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		var p passage
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			t.Fatalf("%s: %v in %q", r.file, err, lines.Text())
		}
		list = append(list, p)
	}
	return list
}
