package capture

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// pcap reads the classic container (the Internet-Draft draft-ietf-opsawg-pcap).
//
// It is our own and not gopacket's because that one ends with an error at records
// that Wireshark and tcpdump take (a captured length above the original one, a
// minor version other than 4) and cannot tell a file that ends behind a record's
// header from one that ends properly.
type pcap struct {
	window
	order binary.ByteOrder
	nano  bool
	link  uint32
	n     int
	head  []byte // of one record
}

func newPcap(r *bufio.Reader, order binary.ByteOrder) (*pcap, error) {
	var h [24]byte
	if n, err := io.ReadFull(r, h[:]); err != nil {
		return nil, notCapture(fmt.Sprintf("it ends after %d bytes, inside its header; copy it again from where it was made", n))
	}
	p := &pcap{window: window{r: r}, order: order, head: make([]byte, 16)}
	switch order.Uint32(h[:]) {
	case magicNano:
		p.nano = true
	case magicWide:
		p.head = make([]byte, 24)
	}
	// The upper bits tell about a frame check sequence, which the IP lengths trim.
	p.link = order.Uint32(h[20:]) & 0xffff
	return p, nil
}

func (p *pcap) next(f *frame) error {
	if n, err := io.ReadFull(p.r, p.head); err != nil {
		if n == 0 && err == io.EOF {
			return io.EOF
		}
		return cutAt(err, p.n+1)
	}
	p.n++
	length := p.order.Uint32(p.head[8:])
	if length > maxFrame {
		return damaged(p.n, fmt.Sprintf("it claims to hold %d bytes", length))
	}
	data, err := p.take(int(length))
	if err != nil {
		return cutAt(err, p.n)
	}
	fraction := int64(p.order.Uint32(p.head[4:]))
	if !p.nano {
		fraction *= 1000
	}
	f.n, f.time, f.link, f.data = p.n, time.Unix(int64(p.order.Uint32(p.head)), fraction).UTC(), p.link, data
	return nil
}

// window gives bytes of a reader where they lie, without copying them.
type window struct {
	r   *bufio.Reader
	buf []byte // for what is larger than the reader's own memory
}

// take gives the next n bytes, which are valid until the next use of the reader. The
// error is that of io.ReadFull.
func (w *window) take(n int) ([]byte, error) {
	if n > w.r.Size() {
		if cap(w.buf) < n {
			w.buf = make([]byte, n)
		}
		_, err := io.ReadFull(w.r, w.buf[:n])
		return w.buf[:n], err
	}
	b, err := w.r.Peek(n)
	if err == io.EOF && len(b) > 0 {
		err = io.ErrUnexpectedEOF
	}
	_, _ = w.r.Discard(len(b))
	return b, err
}
