//go:build cgo && !nogui && linux

package audio

/*
#include <stdint.h>
#include <string.h>
#include <time.h>

typedef struct { int16_t *samples; uint64_t mask, head, tail; } ring;
typedef struct { int64_t at; uint32_t frames, missing; } visit;
typedef struct {
	ring sound;  // what the microphone gave, or the speaker is to play
	ring played; // what the speaker played
	visit *visits;
	uint64_t mask, head, tail; // of visits
	uint64_t unseen;           // frames of which there was no room to tell
	int speaker;
} mailbox;

static uint64_t room(ring *r) { return r->mask + 1 - (r->head - __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE)); }

static void put(ring *r, const int16_t *p, uint32_t n) {
	uint64_t head = r->head;
	for (uint32_t i = 0; i < n; i++) r->samples[(head + i) & r->mask] = p[i];
	__atomic_store_n(&r->head, head + n, __ATOMIC_RELEASE);
}

static uint32_t get(ring *r, int16_t *p, uint32_t n) {
	uint64_t tail = r->tail, there = __atomic_load_n(&r->head, __ATOMIC_ACQUIRE) - tail;
	if (there < n) n = there;
	for (uint32_t i = 0; i < n; i++) p[i] = r->samples[(tail + i) & r->mask];
	__atomic_store_n(&r->tail, tail + n, __ATOMIC_RELEASE);
	return n;
}

// The beginning of miniaudio's ma_device.
typedef struct {
	void *context;
	int type;
	uint32_t rate, state;
	void (*data)(void *, void *, const void *, uint32_t);
	void (*notification)(const void *);
	void (*stop)(void *);
	void *user;
} device;

// serve is what the library's own thread calls.
static void serve(void *dev, void *out, const void *in, uint32_t frames) {
	mailbox *m = ((device *)dev)->user;
	uint32_t missing = 0;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (m->speaker) {
		uint32_t n = get(&m->sound, out, frames);
		missing = frames - n;
		memset((int16_t *)out + n, 0, 2 * (size_t)missing);
	}
	ring *to = m->speaker ? &m->played : &m->sound;
	if (m->head - __atomic_load_n(&m->tail, __ATOMIC_ACQUIRE) > m->mask || room(to) < frames) {
		__atomic_fetch_add(&m->unseen, frames, __ATOMIC_RELAXED);
		return;
	}
	put(to, m->speaker ? out : in, frames);
	visit *v = &m->visits[m->head & m->mask];
	v->at = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	v->frames = frames;
	v->missing = missing;
	__atomic_store_n(&m->head, m->head + 1, __ATOMIC_RELEASE);
}

extern void goStopCallback(void *) __attribute__((weak)); // malgo's

// attach lets a device that does not run yet call serve. It is 0 where the device does not
// look as it should: then it is left as it was.
static int attach(void *dev, mailbox *m, uint32_t rate) {
	device *d = dev;
	if (!goStopCallback || d->stop != goStopCallback || d->user != m || d->rate != rate || !d->data) return 0;
	d->data = serve;
	return 1;
}
*/
import "C"

import (
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/gen2brain/malgo"
	"golang.org/x/sys/unix"
)

// mailbox is where a device's callbacks put what they did, and take what they are to play,
// without entering Go. Each time that a thread of the library comes into Go and leaves
// again it keeps one of Go's processors for up to 10 ms, in which the runtime looks after
// it every 20 µs: two devices that call back each 10 ms cost more than all the sound of a
// call does, and goroutines wait for a processor meanwhile.
type mailbox struct {
	c      *C.mailbox
	pinned runtime.Pinner
	sound  *Ring // the same memory
	played *Ring
	frames []int16 // scratch
}

// visits is of how many callbacks a mailbox remembers: 2.5 s of 10 ms.
const visits = 256

func newMailbox(kind Kind, rate int) *mailbox {
	m := &mailbox{c: new(C.mailbox), frames: make([]int16, int(buffered.Seconds()*float64(rate)))}
	m.pinned.Pin(m.c)
	m.sound = m.ring(&m.c.sound, len(m.frames))
	m.played = m.ring(&m.c.played, len(m.frames))
	list := make([]C.visit, visits)
	m.pinned.Pin(&list[0])
	m.c.visits, m.c.mask = &list[0], visits-1
	if kind == Speakers {
		m.c.speaker = 1
	}
	return m
}

// ring makes a ring that both sides see.
func (m *mailbox) ring(c *C.ring, n int) *Ring {
	r := NewRing(n)
	m.pinned.Pin(&r.buf[0])
	c.samples, c.mask = (*C.int16_t)(unsafe.Pointer(&r.buf[0])), C.uint64_t(r.mask)
	r.head, r.tail = counter(&c.head), counter(&c.tail)
	return r
}

func counter(c *C.uint64_t) *atomic.Uint64 { return (*atomic.Uint64)(unsafe.Pointer(c)) }

// user is what the device carries as its user data.
func (m *mailbox) user() *byte { return (*byte)(unsafe.Pointer(m.c)) }

// attach lets a device that does not run yet serve itself from the mailbox. malgo keeps
// the device to itself, so this looks whether everything lies where it should; where it
// does not, the device calls into Go as malgo has it.
func (m *mailbox) attach(dev *malgo.Device, rate int) bool {
	if unsafe.Sizeof(*dev) != unsafe.Sizeof(uintptr(0)) {
		return false
	}
	raw := **(**unsafe.Pointer)(unsafe.Pointer(dev))
	return raw != nil && C.attach(raw, m.c, C.uint32_t(rate)) == 1
}

// clock is the time of the callbacks.
func (m *mailbox) clock() time.Duration {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	return time.Duration(now.Nano())
}

// collect tells of each callback since the last time: when it was by that clock, what the
// microphone gave or the speaker played, and whether the speaker had too little.
func (m *mailbox) collect(each func(at time.Duration, frames []int16, short bool)) (unseen uint64) {
	head, tail := counter(&m.c.head), counter(&m.c.tail)
	from := m.sound
	if m.c.speaker == 1 {
		from = m.played
	}
	list := unsafe.Slice(m.c.visits, visits)
	for at := tail.Load(); at != head.Load(); at++ {
		v := list[at%visits]
		frames := m.frames[:from.Read(m.frames[:v.frames])]
		tail.Store(at + 1)
		each(time.Duration(v.at), frames, v.missing > 0)
	}
	return counter(&m.c.unseen).Swap(0)
}

// release lets the library's side of the memory go, once the device is closed.
func (m *mailbox) release() {
	if m != nil {
		m.pinned.Unpin()
	}
}
