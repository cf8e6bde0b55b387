package lab

import (
	"container/heap"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pion/rtp"
)

// impairReady is what the program says when packets may come.
const impairReady = "impairing"

// impairQueue is the program that impairs, until it is ended.
func impairQueue(config string) error {
	var i impairment
	if err := json.Unmarshal([]byte(config), &i); err != nil {
		return err
	}
	truth, err := os.OpenFile(i.Truth, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	q, err := openQueue(uint16(i.Queue))
	if err != nil {
		return err
	}
	raw, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
	if err != nil {
		return fmt.Errorf("a socket for duplicates: %w", err)
	}
	came, failed := make(chan queued), make(chan error, 1)
	go func() { failed <- q.read(came) }()
	fmt.Println(impairReady)

	w := &impairer{impairment: i, queue: q, raw: raw, truth: json.NewEncoder(truth), flows: map[flowName]*dice{}}
	next := time.NewTimer(time.Hour)
	for {
		select {
		case p := <-came:
			w.take(p)
		case <-next.C:
		case err := <-failed:
			return err
		}
		next.Reset(w.release())
	}
}

// impairer treats the packets of one queue. One goroutine has it.
type impairer struct {
	impairment
	queue *queue
	raw   int
	truth *json.Encoder
	flows map[flowName]*dice
	held  waiting
	count int
}

// flowName tells flows apart: addresses, and what RTP calls its source.
type flowName struct {
	from, to netip.AddrPort
	ssrc     uint32
}

// heldPacket waits for its time.
type heldPacket struct {
	queued
	at      time.Time
	order   int
	fate    fate
	passage *passage // nil: no RTP
	again   bool     // the second of two
}

// take decides about a packet that came.
func (w *impairer) take(q queued) {
	flow, media := mediaOf(q.packet)
	if media == nil && !w.AllUDP {
		w.queue.verdict(q.id, true)
		return
	}
	d := w.flows[flow]
	if d == nil {
		d = newDice(w.impairment, uint64(len(w.flows)))
		w.flows[flow] = d
	}
	h := &heldPacket{queued: q, fate: d.throw()}
	if media != nil {
		h.passage = &passage{Way: w.Way, Flow: flow.from.String() + ">" + flow.to.String(), SSRC: media.SSRC, Seq: media.SequenceNumber,
			Timestamp: media.Timestamp, Marker: media.Marker, PT: media.PayloadType, In: q.at, Fate: fatePassed}
	}
	if h.fate.lost {
		w.queue.verdict(q.id, false)
		w.tell(h, fateLost)
		return
	}
	h.at = d.leaves(h.fate, q.at)
	w.count++
	h.order = w.count
	heap.Push(&w.held, h)
}

// release lets everything go on whose time has come, and tells how long until the next.
func (w *impairer) release() time.Duration {
	for len(w.held) > 0 {
		if wait := time.Until(w.held[0].at); wait > 0 {
			return wait
		}
		h := heap.Pop(&w.held).(*heldPacket)
		switch {
		case h.again:
			to := unix.SockaddrInet4{Addr: [4]byte(h.packet[16:20])}
			if err := unix.Sendto(w.raw, h.packet, 0, &to); err != nil {
				fmt.Fprintln(os.Stderr, "a duplicate is lost:", err)
				continue
			}
			w.tell(h, fateDoubled)
		case h.fate.doubled:
			w.queue.verdict(h.id, true)
			w.tell(h, fatePassed)
			h.again, h.at = true, h.at.Add(time.Millisecond)
			heap.Push(&w.held, h)
		case h.fate.late:
			w.queue.verdict(h.id, true)
			w.tell(h, fateLate)
		default:
			w.queue.verdict(h.id, true)
			w.tell(h, fatePassed)
		}
	}
	return time.Hour
}

// tell writes down what became of a packet of RTP.
func (w *impairer) tell(h *heldPacket, word string) {
	if h.passage == nil {
		return
	}
	h.passage.Fate = word
	if word != fateLost {
		h.passage.Out = time.Now()
	}
	if err := w.truth.Encode(h.passage); err != nil {
		fmt.Fprintln(os.Stderr, "the truth is lost:", err)
	}
}

// mediaOf reads a packet of IPv4 and UDP, and its RTP if it has one.
func mediaOf(b []byte) (f flowName, media *rtp.Header) {
	if len(b) < 20 || b[0]>>4 != 4 || b[9] != unix.IPPROTO_UDP {
		return f, nil
	}
	head := int(b[0]&15) * 4
	if len(b) < head+8 || binary.BigEndian.Uint16(b[6:])&0x1fff != 0 {
		return f, nil // only the first fragment has ports
	}
	port := func(at int) uint16 { return binary.BigEndian.Uint16(b[head+at:]) }
	f.from = netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[12:16])), port(0))
	f.to = netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[16:20])), port(2))
	udp := b[head+8:]
	if len(udp) < 12 || udp[0]>>6 != 2 || udp[1] >= 192 && udp[1] <= 223 { // RTCP
		return f, nil
	}
	var h rtp.Header
	if _, err := h.Unmarshal(udp); err != nil {
		return f, nil
	}
	f.ssrc = h.SSRC
	return f, &h
}

// waiting is a heap: whose time comes first, and of two the one that came first.
type waiting []*heldPacket

func (w waiting) Len() int { return len(w) }
func (w waiting) Less(i, j int) bool {
	if w[i].at.Equal(w[j].at) {
		return w[i].order < w[j].order
	}
	return w[i].at.Before(w[j].at)
}
func (w waiting) Swap(i, j int) { w[i], w[j] = w[j], w[i] }
func (w *waiting) Push(x any)   { *w = append(*w, x.(*heldPacket)) }
func (w *waiting) Pop() any {
	old := *w
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*w = old[:len(old)-1]
	return last
}
