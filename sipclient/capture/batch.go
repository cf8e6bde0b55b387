package capture

import (
	"io"
	"iter"
	"slices"

	"softphonedoctor/sipclient/sipmsg"
)

const (
	// batchPackets is how many packets a batch holds at most, batchBytes how much of
	// their data lies in its own memory.
	batchPackets = 2048
	batchBytes   = 512 << 10
	// batchesAhead is how many batches are decoded before the first is taken.
	batchesAhead = 4
)

// Batches is Read for those who look at each packet once: the same records, in the
// same order, decoded ahead on another goroutine, many at a time. A batch and what it
// holds, the packets' data as well, are overwritten after the step to the next one.
// The error is not nil in the last pair at most, and the batch beside it is empty.
// Nothing reads r any more when the walk has ended.
func Batches(r io.Reader) iter.Seq2[[]Record, error] {
	return func(yield func([]Record, error) bool) {
		b := &batcher{full: make(chan *batch, batchesAhead), free: make(chan *batch, batchesAhead), quit: make(chan struct{})}
		for range batchesAhead {
			b.free <- newBatch()
		}
		go b.read(r)
		// Whoever stops early waits for the other goroutine, which owns r until then.
		defer func() {
			for range b.full {
			}
		}()
		defer close(b.quit)
		// Half of them go back together: to wake the other goroutine costs as much as
		// some packets do.
		var used [batchesAhead / 2]*batch
		n := 0
		for one := range b.full {
			if len(one.records) > 0 && !yield(one.records, nil) {
				return
			}
			if used[n], n = one, n+1; n == len(used) {
				for _, back := range used {
					b.free <- back
				}
				n = 0
			}
		}
		if b.err != nil {
			yield(nil, b.err)
		}
	}
}

// batcher hands batches from the goroutine that decodes to the one that walks.
type batcher struct {
	full, free chan *batch
	quit       chan struct{}
	err        error // set before full is closed
}

// read decodes into batches until the capture ends or nobody wants more.
func (b *batcher) read(r io.Reader) {
	defer close(b.full)
	var now *batch
	take := func() bool {
		select {
		case now = <-b.free:
			now.clear()
			return true
		case <-b.quit:
			return false
		}
	}
	if !take() {
		return
	}
	d := newDecoder()
	d.room = now
	b.err = d.read(r, func(records []Record) bool {
		if len(records) == 1 { // nearly always: a slice costs more to copy
			now.records = append(now.records, records[0])
		} else {
			now.records = append(now.records, records...)
		}
		if !now.isFull() {
			return true
		}
		b.full <- now // never blocks: there is room for all that exist
		ok := take()
		d.room = now
		return ok
	})
	b.full <- now
}

// batch is records and the memory that they lie in. The packets of one are made in
// an array that is never made longer, so that they stay where they are.
type batch struct {
	records []Record
	packets []Packet
	data    []byte
}

func newBatch() *batch {
	return &batch{
		records: make([]Record, 0, batchPackets),
		packets: make([]Packet, 0, batchPackets),
		data:    make([]byte, 0, batchBytes),
	}
}

func (b *batch) clear() {
	clear(b.records)
	b.records, b.packets, b.data = b.records[:0], b.packets[:0], b.data[:0]
}

// isFull tells that another frame of usual size might not fit any more.
func (b *batch) isFull() bool {
	return len(b.packets) > batchPackets-8 || len(b.data) > batchBytes-4096 || len(b.records) > batchPackets-8
}

// ahead reads the SIP message of a datagram, so that whoever walks over the batches, and
// has most to do, need not. It gives nil without a batch, and for what is no message.
func (b *batch) ahead(net Net, data []byte) *sipmsg.Message {
	if b == nil || net != UDP || len(data) == 0 || data[0]>>6 == 2 || !sipmsg.LooksLikeSIP(data) {
		return nil // sound above all, which begins with its version, 2
	}
	m, err := sipmsg.Parse(data)
	if err != nil {
		return nil
	}
	return m
}

// keep gives a copy of data that lives as long as the batch, or for good when there
// is no batch.
func (b *batch) keep(data []byte) []byte {
	if b == nil || len(data) > cap(b.data)-len(b.data) {
		return slices.Clone(data)
	}
	at := len(b.data)
	b.data = append(b.data, data...)
	return b.data[at:len(b.data):len(b.data)]
}

// packet gives a place for a packet, with the same life. What it holds is another's.
func (b *batch) packet() *Packet {
	n := 0
	if b != nil {
		n = len(b.packets)
	}
	if b == nil || n == cap(b.packets) {
		return new(Packet)
	}
	b.packets = b.packets[:n+1]
	return &b.packets[n]
}
