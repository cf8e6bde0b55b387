package lab

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// StreamReading is what tshark says about one RTP stream of a capture.
type StreamReading struct {
	From, To              netip.AddrPort
	SSRC                  uint32
	Payload               string // in tshark's words: "g711A"
	Packets               int
	Lost                  int           // negative when more came than were expected
	MaxDelta              time.Duration // longest time between two packets
	MeanJitter, MaxJitter time.Duration
	Begin, End            time.Duration // since the first packet of the file
	Arrivals              []Arrival     // every packet as tshark dissects it, in the order of the file
}

// Arrival is one RTP packet as tshark dissects it.
type Arrival struct {
	At        time.Time
	Seq       uint16
	Timestamp uint32
	Marker    bool
	PT        uint8
}

// flowKey tells streams apart as tshark does.
type flowKey struct {
	from, to netip.AddrPort
	ssrc     uint32
}

// Tshark reads the RTP streams of a capture file, independent of our own code.
// SIP is looked for on the given ports besides the usual one; RTP is found
// wherever it looks like RTP.
func Tshark(t testing.TB, file string, sipPorts ...int) []StreamReading {
	t.Helper()
	args := []string{"-n", "-r", file, "-z", "rtp,streams", "-o", "rtp.heuristic_rtp:TRUE", "--enable-heuristic", "rtp_udp",
		"-Y", "rtp and not icmp", "-T", "fields"}
	for _, f := range arrivalFields {
		args = append(args, "-e", f)
	}
	for _, p := range sipPorts {
		args = append(args, "-d", fmt.Sprintf("udp.port==%d,sip", p))
	}
	// A table on standard output, remarks about the user and cut files on the other.
	out, err := exec.Command(Program(t, "tshark", "tshark"), args...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("tshark cannot read %s: %v: %s", file, err, exit.Stderr)
		}
		t.Fatalf("tshark: %v", err)
	}
	streams, err := readStreams(string(out))
	if err != nil {
		t.Fatalf("tshark wrote something unexpected: %v\n%s", err, out)
	}
	return streams
}

// arrivalFields are the columns that tshark prints for every RTP packet. The SSRC
// stands first, where the table of streams has no such word. Of the addresses those
// of the other IP version stay empty, so that a line has two words less.
var arrivalFields = []string{"rtp.ssrc", "frame.time_epoch", "ip.src", "ipv6.src", "udp.srcport", "ip.dst", "ipv6.dst", "udp.dstport",
	"rtp.seq", "rtp.timestamp", "rtp.marker", "rtp.p_type"}

// readStreams reads the lines of the packets and the table behind them. Rows are
// of fixed columns, except the payload, which may contain blanks: what follows is
// counted from the share of lost packets in brackets.
func readStreams(text string) ([]StreamReading, error) {
	var streams []StreamReading
	arrivals := map[flowKey][]Arrival{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == len(arrivalFields)-2 && strings.HasPrefix(f[0], "0x") {
			key, a, err := readArrival(f)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", strings.TrimSpace(line), err)
			}
			arrivals[key] = append(arrivals[key], a)
			continue
		}
		if len(f) < 10 || !strings.HasPrefix(f[6], "0x") {
			continue // a heading
		}
		s, err := readStream(f)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", strings.TrimSpace(line), err)
		}
		s.Arrivals = arrivals[flowKey{s.From, s.To, s.SSRC}]
		streams = append(streams, s)
	}
	return streams, nil
}

// words reads words into numbers and keeps the first error.
type words struct{ err error }

func (w *words) keep(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *words) number(text string, bits int) uint64 {
	n, err := strconv.ParseUint(text, 0, bits)
	w.keep(err)
	return n
}

func (w *words) address(ip, port string) netip.AddrPort {
	a, err := netip.ParseAddr(ip)
	w.keep(err)
	return netip.AddrPortFrom(a, uint16(w.number(port, 16)))
}

func (w *words) millis(text string) time.Duration {
	v, err := strconv.ParseFloat(text, 64)
	w.keep(err)
	return time.Duration(math.Round(v * float64(time.Millisecond)))
}

func readArrival(f []string) (flowKey, Arrival, error) {
	var w words
	seconds, nanos, _ := strings.Cut(f[1], ".")
	sec, ns := w.number(seconds, 63), w.number("1"+(nanos + "000000000")[:9], 63)-1e9
	key := flowKey{from: w.address(f[2], f[3]), to: w.address(f[4], f[5]), ssrc: uint32(w.number(f[0], 32))}
	a := Arrival{
		At: time.Unix(int64(sec), int64(ns)), Seq: uint16(w.number(f[6], 16)), Timestamp: uint32(w.number(f[7], 32)),
		Marker: f[8] == "1" || f[8] == "True", PT: uint8(w.number(f[9], 8)),
	}
	return key, a, w.err
}

func readStream(f []string) (StreamReading, error) {
	var s StreamReading
	percent := -1
	for i, word := range f {
		if strings.HasPrefix(word, "(") && strings.HasSuffix(word, "%)") {
			percent = i
		}
	}
	if percent < 10 {
		return s, errors.New("no column with the share of lost packets")
	}
	var w words
	s.Begin, s.End = w.millis(f[0])*1000, w.millis(f[1])*1000
	s.From, s.To, s.SSRC = w.address(f[2], f[3]), w.address(f[4], f[5]), uint32(w.number(f[6], 32))
	s.Payload = strings.Join(f[7:percent-2], " ")
	s.Packets = int(w.number(f[percent-2], 31))
	lost, err := strconv.Atoi(f[percent-1])
	w.keep(err)
	s.Lost = lost
	// Since version 3.6: minimum, mean, maximum of delta and of jitter; before:
	// maximum delta, maximum jitter, mean jitter.
	switch rest := f[percent+1:]; {
	case len(rest) >= 6:
		s.MaxDelta, s.MeanJitter, s.MaxJitter = w.millis(rest[2]), w.millis(rest[4]), w.millis(rest[5])
	case len(rest) >= 3:
		s.MaxDelta, s.MaxJitter, s.MeanJitter = w.millis(rest[0]), w.millis(rest[1]), w.millis(rest[2])
	default:
		w.keep(errors.New("the columns of delta and jitter are missing"))
	}
	return s, w.err
}
