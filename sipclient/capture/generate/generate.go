// Package generate makes captures of any size out of nothing but a plan: calls
// of many phones at one server, with their registrations, retransmissions and
// refusals, and sound with loss, reordering and repeated packets. The same plan
// gives the same file, byte by byte, and the truth about it.
//
// It serves tests and benchmarks; the program itself does not use it.
package generate

import (
	"bufio"
	"container/heap"
	"io"
	"net/netip"
	"slices"
	"time"
)

// Plan says what to make.
type Plan struct {
	Calls int
	// Packets is how many frames the file has in all. The calls are made long
	// enough for it; it is exceeded only where the signalling alone needs more.
	Packets int
	// Phones is how many phones share the calls; 0 means 100.
	Phones int
	// Rate is how many calls begin in a second; 0 means 4.
	Rate float64
	Seed uint64
}

// Truth is what a capture holds.
type Truth struct {
	Packets       int // frames in the file
	Bytes         int64
	Signalling    int // SIP messages among them, repeated ones included
	Registrations int // phones that signed in
	Calls         []Call
	Lasted        time.Duration // from the first to the last frame
}

// Call is what the capture holds of one call.
type Call struct {
	ID      string
	Codes   []int // of the answers to its INVITEs, without repeats
	Streams []Stream
}

// Stream is what the capture holds of one direction of a call's sound, in the
// terms of RFC 3550 A.3.
type Stream struct {
	From, To                            netip.AddrPort
	SSRC                                uint32
	Packets, Lost, Duplicate, Reordered uint64
}

// Standard is the plan by which this program is compared with others: 1,200,000
// packets and 2,000 calls.
func Standard() Plan { return Scaled(1_200_000) }

// Scaled is the standard plan with another number of packets, and calls in proportion.
func Scaled(packets int) Plan { return Plan{Calls: max(1, packets/600), Packets: packets, Seed: 1} }

// Capture writes a plan's packets as a pcap file of Ethernet frames and tells
// what is in it. Memory holds only the calls that are up at the same time, and
// the truth.
func Capture(w io.Writer, p Plan) (*Truth, error) {
	if p.Phones <= 0 {
		p.Phones = 100
	}
	if p.Rate <= 0 {
		p.Rate = 4
	}
	m := &maker{plan: p, sound: newSounds()}
	m.measure()
	out := &writer{w: bufio.NewWriterSize(w, 1<<18)}
	if err := out.begin(); err != nil {
		return nil, err
	}
	return m.write(out)
}

// maker walks a plan in order of time.
type maker struct {
	plan  Plan
	sound *sounds
	talk  time.Duration // how long an average call is up
	tail  int           // packets that are added to the sound of each answered call
	rest  int           // answered calls that get one more
	up    int           // answered calls so far, for rest
}

// event is one packet: signalling and reports with their bytes, sound with its
// place in its stream.
type event struct {
	at       time.Duration // since the capture began
	src, dst netip.AddrPort
	data     []byte
	stream   *speaker // of sound, nil else
	seq      int
	sip      bool
}

// script is the packets of one call, or of one phone's sign-ins, in order of time.
type script struct {
	events []event
	next   int
}

// scripts is a heap by the time of the next event.
type scripts []*script

func (s scripts) Len() int           { return len(s) }
func (s scripts) Less(i, j int) bool { return s[i].events[s[i].next].at < s[j].events[s[j].next].at }
func (s scripts) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *scripts) Push(x any)        { *s = append(*s, x.(*script)) }
func (s *scripts) Pop() any {
	old := *s
	last := old[len(old)-1]
	*s = old[:len(old)-1]
	return last
}

// measure finds how long the calls have to be, so that the file gets as many
// packets as the plan wants.
func (m *maker) measure() {
	count := func(talk time.Duration) (n, answered int) {
		m.talk = talk
		for i := range m.plan.Phones {
			n += len(m.registration(i).events)
		}
		for i := range m.plan.Calls {
			s, c := m.call(i)
			n += len(s.events)
			if len(c.Streams) > 0 {
				answered++
			}
		}
		return n, answered
	}
	const short, long = time.Second, 3 * time.Second
	a, up := count(short)
	if a >= m.plan.Packets || up == 0 {
		m.talk, m.up = 0, 0 // no longer than has to be
		return
	}
	b, _ := count(long)
	talk := short + time.Duration(float64(long-short)*float64(m.plan.Packets-a)/float64(b-a))
	n := 0
	for {
		if n, _ = count(talk); n <= m.plan.Packets {
			break
		}
		talk -= talk / 200
	}
	// The rest is spread over the calls, evenly but for the first of them.
	m.up, m.tail, m.rest = 0, (m.plan.Packets-n)/up, (m.plan.Packets-n)%up
}

// write makes the scripts when their time has come and writes what is next.
func (m *maker) write(out *writer) (*Truth, error) {
	truth := &Truth{Registrations: m.plan.Phones}
	var queue scripts
	for i := range m.plan.Phones {
		queue = append(queue, m.registration(i))
	}
	heap.Init(&queue)
	made := 0
	for len(queue) > 0 || made < m.plan.Calls {
		if made < m.plan.Calls && (len(queue) == 0 || m.begins(made) <= queue[0].events[queue[0].next].at) {
			s, c := m.call(made)
			truth.Calls = append(truth.Calls, c)
			heap.Push(&queue, s)
			made++
			continue
		}
		s := queue[0]
		e := &s.events[s.next]
		if err := out.packet(e, m.sound); err != nil {
			return nil, err
		}
		truth.Packets++
		truth.Lasted = e.at
		if e.sip {
			truth.Signalling++
		}
		if s.next++; s.next == len(s.events) {
			heap.Pop(&queue)
		} else {
			heap.Fix(&queue, 0)
		}
	}
	truth.Bytes = out.written
	return truth, out.w.Flush()
}

// begins is the moment of a call's first packet, after the phones have signed in.
func (m *maker) begins(call int) time.Duration {
	return 10*time.Second + time.Duration(float64(call)/m.plan.Rate*float64(time.Second))
}

// sorted puts events in order of time; those of one moment stay as they were made.
func sorted(events []event) *script {
	slices.SortStableFunc(events, func(a, b event) int { return int(a.at - b.at) })
	return &script{events: events}
}
