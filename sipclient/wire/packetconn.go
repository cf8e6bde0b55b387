package wire

import (
	"net"
	"time"
)

// PacketConn is a socket as the stack wants it: a net.PacketConn. Deadlines do
// nothing, on purpose: diago ends its RTCP for good by a write deadline that it
// never clears (trap 6), and nothing here waits without another bound.
type PacketConn struct{ *Socket }

// LocalAddr implements net.PacketConn.
func (c PacketConn) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(c.local) }

// SetDeadline implements net.PacketConn and does nothing.
func (c PacketConn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.PacketConn and does nothing.
func (c PacketConn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.PacketConn and does nothing.
func (c PacketConn) SetWriteDeadline(time.Time) error { return nil }

// ReadFrom waits until the socket closes: what arrives goes to the handler of Start.
func (c PacketConn) ReadFrom([]byte) (int, net.Addr, error) {
	<-c.done
	return 0, nil, net.ErrClosed
}

// WriteTo is Write.
func (c PacketConn) WriteTo(b []byte, to net.Addr) (int, error) {
	return c.Write(b, AddrPort(to)), nil
}
