package lab

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"testing"
	"time"
)

// Relay is a running rtpengine: all sound of the calls of a Kamailio that has it
// passes through, and it keeps its own account of every packet.
type Relay struct {
	*Process
	Control netip.AddrPort // where it takes commands, UDP

	host  *Host
	asked int
}

// relayPorts is how many ports a relay gets: four for each call.
const relayPorts = 64

// RTPEngine starts a relay in user space, and returns when it answers.
func RTPEngine(t testing.TB) *Relay {
	t.Helper()
	return (*Host)(nil).relay(t)
}

// relay starts it on a host.
func (h *Host) relay(t testing.TB) *Relay {
	t.Helper()
	program := Program(t, "rtpengine", "rtpengine-daemon")
	dir := t.TempDir()
	local := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	r := &Relay{host: h, Control: netip.AddrPortFrom(local, uint16(h.ports(t, 1)))}
	first := h.ports(t, relayPorts)
	var err error
	if r.Process, err = h.start(t, dir, program, "--config-file=none", "--table=-1", "--interface="+h.address().String(), "--listen-ng="+r.Control.String(),
		"--port-min="+strconv.Itoa(first), "--port-max="+strconv.Itoa(first+relayPorts-1), "--delete-delay=30", "--num-threads=2",
		"--foreground", "--log-stderr", "--log-level=6"); err != nil {
		t.Fatalf("rtpengine: %v", err)
	}
	if !eventually(10*time.Second, func() bool {
		if !r.running() {
			return true
		}
		answer, err := r.ask(map[string]string{"command": "ping"}, 200*time.Millisecond)
		return err == nil && answer.Result == "pong"
	}) || !r.running() {
		t.Fatalf("rtpengine does not start:\n%s", r.log.tail(2000))
	}
	return r
}

// relayAnswer is what the relay says to a command.
type relayAnswer struct {
	Result string `json:"result"`
	Reason string `json:"error-reason"`
	Tags   map[string]struct {
		Medias []struct {
			Streams []struct {
				Stats RelayCount `json:"stats"`
				SSRC  uint32     `json:"SSRC"`
				Flags []string   `json:"flags"`
			} `json:"streams"`
		} `json:"medias"`
	} `json:"tags"`
	Sources map[string]json.RawMessage `json:"SSRC"`
}

// RelayCount is what came to the relay from one side of a call.
type RelayCount struct {
	Packets, Bytes, Errors uint64
}

// ask sends a command in the relay's control protocol: a cookie, a blank, JSON.
func (r *Relay) ask(command map[string]string, patience time.Duration) (a relayAnswer, err error) {
	conn, err := r.host.dial("udp", r.Control.String(), time.Second)
	if err != nil {
		return a, err
	}
	defer conn.Close()
	text, err := json.Marshal(command)
	if err != nil {
		return a, err
	}
	r.asked++
	if _, err := fmt.Fprintf(conn, "lab%d %s", r.asked, text); err != nil {
		return a, err
	}
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return a, err
	}
	buf := make([]byte, 1<<16)
	n, err := conn.Read(buf)
	if err != nil {
		return a, err
	}
	for i, b := range buf[:n] {
		if b == ' ' {
			return a, json.Unmarshal(buf[i:n], &a)
		}
	}
	return a, fmt.Errorf("the relay says %q", buf[:n])
}

// Block lets no more sound through that comes from the side of a call with a tag.
func (r *Relay) Block(t testing.TB, callID, tag string) {
	t.Helper()
	a, err := r.ask(map[string]string{"command": "block media", "call-id": callID, "from-tag": tag}, time.Second)
	if err != nil || a.Result != "ok" {
		t.Fatalf("the relay does not block the sound of %s: %v %s", tag, err, a.Reason)
	}
}

// Counted gives what the relay received from each side of a call: packets of
// sound, by the tag of the side.
func (r *Relay) Counted(t testing.TB, callID string) map[string]uint64 {
	t.Helper()
	a, err := r.ask(map[string]string{"command": "query", "call-id": callID}, time.Second)
	if err != nil || a.Result != "ok" {
		t.Fatalf("the relay knows nothing of call %s: %v %s", callID, err, a.Reason)
	}
	counts := map[string]uint64{}
	for tag, side := range a.Tags {
		for _, m := range side.Medias {
			if len(m.Streams) > 0 { // the second one is RTCP
				counts[tag] += m.Streams[0].Stats.Packets
			}
		}
	}
	return counts
}
