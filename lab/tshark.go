package lab

import (
	"errors"
	"fmt"
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
}

// Tshark reads the RTP streams of a capture file, independent of our own code.
// SIP is looked for on the given ports besides the usual one; RTP is found
// wherever it looks like RTP.
func Tshark(t testing.TB, file string, sipPorts ...int) []StreamReading {
	t.Helper()
	args := []string{"-n", "-r", file, "-q", "-z", "rtp,streams", "-o", "rtp.heuristic_rtp:TRUE", "--enable-heuristic", "rtp_udp"}
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

// readStreams reads the table of "-z rtp,streams".
func readStreams(table string) ([]StreamReading, error) {
	var streams []StreamReading
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 10 || !strings.HasPrefix(f[6], "0x") {
			continue // a heading
		}
		s, err := readStream(f)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", strings.TrimSpace(line), err)
		}
		streams = append(streams, s)
	}
	return streams, nil
}

// readStream reads one row. The payload's name may have blanks, so the columns
// behind it are counted from the percentage of the loss.
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
	var err error
	keep := func(e error) {
		if err == nil {
			err = e
		}
	}
	millis := func(word string) time.Duration {
		v, e := strconv.ParseFloat(word, 64)
		keep(e)
		return time.Duration(v * float64(time.Millisecond))
	}
	address := func(ip, port string) netip.AddrPort {
		a, e := netip.ParseAddr(ip)
		keep(e)
		p, e := strconv.ParseUint(port, 10, 16)
		keep(e)
		return netip.AddrPortFrom(a, uint16(p))
	}
	s.Begin, s.End = millis(f[0])*1000, millis(f[1])*1000
	s.From, s.To = address(f[2], f[3]), address(f[4], f[5])
	ssrc, e := strconv.ParseUint(f[6], 0, 32)
	keep(e)
	s.SSRC = uint32(ssrc)
	s.Payload = strings.Join(f[7:percent-2], " ")
	s.Packets, e = strconv.Atoi(f[percent-2])
	keep(e)
	s.Lost, e = strconv.Atoi(f[percent-1])
	keep(e)
	// Since version 3.6: minimum, mean, maximum of delta and of jitter; before:
	// maximum delta, maximum jitter, mean jitter.
	switch rest := f[percent+1:]; {
	case len(rest) >= 6:
		s.MaxDelta, s.MeanJitter, s.MaxJitter = millis(rest[2]), millis(rest[4]), millis(rest[5])
	case len(rest) >= 3:
		s.MaxDelta, s.MaxJitter, s.MeanJitter = millis(rest[0]), millis(rest[1]), millis(rest[2])
	default:
		keep(errors.New("the columns of delta and jitter are missing"))
	}
	return s, err
}
