package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// The words of the kernel's packet queue (linux/netfilter/nfnetlink_queue.h).
const (
	queueSubsystem = 3

	queuePacket  = 0 // kinds of messages
	queueVerdict = 1
	queueConfig  = 2

	attrHead    = 1 // of a packet: its id
	attrVerdict = 2
	attrPayload = 10

	configCommand = 1
	configParams  = 2
	configLength  = 3

	verdictDrop   = 0
	verdictAccept = 1

	netlinkHead = 16
	queueHead   = 4 // family, version, queue
	queueLength = 4096
)

// queue is one of the kernel's queues of packets, in this network namespace.
type queue struct {
	fd     int
	number uint16
}

// queued is a packet that the kernel holds back until there is a verdict.
type queued struct {
	id     uint32
	packet []byte
	at     time.Time // when it was read
}

// openQueue becomes the one reader of a queue; there can be no second.
func openQueue(number uint16) (*queue, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, fmt.Errorf("a socket for the packet queue: %w", err)
	}
	q := &queue{fd: fd, number: number}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, err
	}
	// A burst must not overflow us: with room, and without an error for what got lost anyway.
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20)
	_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_NO_ENOBUFS, 1)
	const bind, wholePacket, longest = 1, 2, 0xffff
	for _, attr := range [][]byte{
		attribute(configCommand, []byte{bind, 0, 0, 0}),
		attribute(configParams, append(binary.BigEndian.AppendUint32(nil, longest), wholePacket)),
		attribute(configLength, binary.BigEndian.AppendUint32(nil, queueLength)),
	} {
		if err := q.ask(attr); err != nil {
			return nil, fmt.Errorf("the kernel does not give packet queue %d: %w", number, err)
		}
	}
	return q, nil
}

// ask sends a setting and waits until the kernel has taken it.
func (q *queue) ask(attr []byte) error {
	if err := q.send(queueConfig, unix.NLM_F_REQUEST|unix.NLM_F_ACK, attr); err != nil {
		return err
	}
	buf := make([]byte, os.Getpagesize())
	n, _, err := unix.Recvfrom(q.fd, buf, 0)
	if err != nil {
		return err
	}
	if n < netlinkHead+4 || binary.NativeEndian.Uint16(buf[4:]) != unix.NLMSG_ERROR {
		return errors.New("it answers something else")
	}
	if code := int32(binary.NativeEndian.Uint32(buf[netlinkHead:])); code != 0 {
		return unix.Errno(-code)
	}
	return nil
}

// send sends one message with one attribute.
func (q *queue) send(kind, flags uint16, attr []byte) error {
	ne := binary.NativeEndian
	b := make([]byte, 0, netlinkHead+queueHead+len(attr))
	b = ne.AppendUint32(b, uint32(cap(b)))
	b = ne.AppendUint16(b, queueSubsystem<<8|kind)
	b = ne.AppendUint16(b, flags)
	b = append(b, make([]byte, 8)...) // sequence and port, which nobody needs here
	b = append(b, unix.AF_UNSPEC, 0)
	b = binary.BigEndian.AppendUint16(b, q.number)
	return unix.Sendto(q.fd, append(b, attr...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}

// verdict lets a packet go on, or no further.
func (q *queue) verdict(id uint32, pass bool) {
	word := uint32(verdictDrop)
	if pass {
		word = verdictAccept
	}
	b := binary.BigEndian.AppendUint32(nil, word)
	if err := q.send(queueVerdict, unix.NLM_F_REQUEST, attribute(attrVerdict, binary.BigEndian.AppendUint32(b, id))); err != nil {
		fmt.Fprintln(os.Stderr, "a verdict is lost:", err)
	}
}

// read gives every packet that comes, until there is an error.
func (q *queue) read(to chan<- queued) error {
	buf := make([]byte, 1<<17)
	for {
		n, _, err := unix.Recvfrom(q.fd, buf, 0)
		if errors.Is(err, unix.EINTR) || errors.Is(err, unix.ENOBUFS) {
			continue
		}
		if err != nil {
			return err
		}
		now := time.Now()
		for b := buf[:n]; len(b) >= netlinkHead+queueHead; {
			size := int(binary.NativeEndian.Uint32(b))
			if size < netlinkHead+queueHead || size > len(b) {
				break
			}
			if binary.NativeEndian.Uint16(b[4:]) == queueSubsystem<<8|queuePacket {
				if p, ok := packetOf(b[netlinkHead+queueHead : size]); ok {
					p.at = now
					to <- p
				}
			}
			b = b[min(aligned(size), len(b)):]
		}
	}
}

// packetOf reads the attributes of a packet.
func packetOf(b []byte) (p queued, ok bool) {
	for len(b) >= 4 {
		size, kind := int(binary.NativeEndian.Uint16(b)), binary.NativeEndian.Uint16(b[2:])&0x3fff
		if size < 4 || size > len(b) {
			break
		}
		switch value := b[4:size]; {
		case kind == attrHead && len(value) >= 4:
			p.id, ok = binary.BigEndian.Uint32(value), true
		case kind == attrPayload:
			p.packet = append([]byte(nil), value...)
		}
		b = b[min(aligned(size), len(b)):]
	}
	return p, ok
}

func attribute(kind uint16, value []byte) []byte {
	size := 4 + len(value)
	b := make([]byte, 0, aligned(size))
	b = binary.NativeEndian.AppendUint16(b, uint16(size))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	return b[:aligned(size)]
}

// aligned is a length rounded up to what netlink counts in.
func aligned(n int) int { return (n + 3) &^ 3 }
