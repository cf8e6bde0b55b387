package generate

import (
	"bufio"
	"encoding/binary"
	"time"
)

// began is the moment of the first packet.
var began = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)

// writer writes a classic pcap file, with microseconds, of Ethernet frames.
type writer struct {
	w       *bufio.Writer
	buf     []byte
	id      uint16
	written int64
}

func (w *writer) begin() error {
	h := make([]byte, 24)
	binary.LittleEndian.PutUint32(h, 0xa1b2c3d4)
	binary.LittleEndian.PutUint16(h[4:], 2)
	binary.LittleEndian.PutUint16(h[6:], 4)
	binary.LittleEndian.PutUint32(h[16:], 1<<16)
	binary.LittleEndian.PutUint32(h[20:], 1)
	w.written = int64(len(h))
	_, err := w.w.Write(h)
	return err
}

// packet writes one event as a UDP datagram. Its bytes for UDP's checksum are
// zero, which says that there is none (RFC 768), as captures of packets that the
// network card completes have none.
func (w *writer) packet(e *event, s *sounds) error {
	const headers = 14 + 20 + 8
	b := append(w.buf[:0], make([]byte, 16+headers)...)
	if e.stream != nil {
		b = e.stream.append(b, e.seq, s)
	} else {
		b = append(b, e.data...)
	}
	w.buf = b
	at := began.Add(e.at)
	size := len(b) - 16
	binary.LittleEndian.PutUint32(b, uint32(at.Unix()))
	binary.LittleEndian.PutUint32(b[4:], uint32(at.Nanosecond()/1000))
	binary.LittleEndian.PutUint32(b[8:], uint32(size))
	binary.LittleEndian.PutUint32(b[12:], uint32(size))
	f := b[16:]
	src, dst := e.src.Addr().As4(), e.dst.Addr().As4()
	copy(f, []byte{2, 0, dst[0], dst[1], dst[2], dst[3], 2, 0, src[0], src[1], src[2], src[3], 8, 0})
	ip := f[14:]
	w.id++
	copy(ip, []byte{0x45, 0, 0, 0, byte(w.id >> 8), byte(w.id), 0x40, 0, 64, 17, 0, 0})
	binary.BigEndian.PutUint16(ip[2:], uint16(size-14))
	copy(ip[12:], src[:])
	copy(ip[16:], dst[:])
	sum := uint32(0)
	for i := 0; i < 20; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(ip[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(ip[10:], ^uint16(sum))
	udp := ip[20:]
	binary.BigEndian.PutUint16(udp, e.src.Port())
	binary.BigEndian.PutUint16(udp[2:], e.dst.Port())
	binary.BigEndian.PutUint16(udp[4:], uint16(size-34))
	w.written += int64(len(b))
	_, err := w.w.Write(b)
	return err
}
