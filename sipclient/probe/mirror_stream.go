package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/sipclient/wire"
)

// What one connection to a mirror may take.
const (
	maxConnections = 64               // at once, of everybody
	maxOfOne       = 8                // at once, of one network
	maxIdle        = 20 * time.Second // without a whole message
	maxMessages    = 50
)

// serveStream answers over TCP or TLS until the listener is closed.
func (m *Mirror) serveStream(ctx context.Context, d mirrorDoor, media *net.UDPConn) {
	var work sync.WaitGroup
	defer work.Wait()
	for {
		conn, err := d.tcp.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			select { // out of file descriptors, most likely: that passes
			case <-ctx.Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		from := endOf(conn.RemoteAddr())
		if !m.limits.enter(from.Addr()) {
			_ = conn.Close()
			continue
		}
		work.Go(func() {
			defer m.limits.leave(from.Addr())
			defer conn.Close()
			defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
			m.serveConn(conn, mirrorAsker{door: d, from: from, media: media, proven: true})
		})
	}
}

// serveConn answers over one connection, whose far end has proven by connecting that
// it gets what is sent there.
func (m *Mirror) serveConn(conn net.Conn, v mirrorAsker) {
	var framer sipmsg.Framer
	buf := make([]byte, 4096)
	for done := 0; done < maxMessages; {
		_ = conn.SetDeadline(time.Now().Add(maxIdle))
		n, err := conn.Read(buf)
		_, _ = framer.Write(buf[:n])
		for raw, ok := framer.Next(); ok && done < maxMessages; raw, ok = framer.Next() {
			done++
			reply := m.answer(v, raw)
			if reply == nil {
				continue
			}
			if _, err := conn.Write(reply); err != nil {
				return
			}
			m.begin(v, raw)
		}
		if err != nil || framer.Pending() > maxLooked {
			return
		}
	}
}

// mirrorAsker is who asks, and where.
type mirrorAsker struct {
	door   mirrorDoor
	from   netip.AddrPort
	media  *net.UDPConn // where the sound of a test goes
	proven bool         // answers reach that address
}

// way names the door that was taken, as it stands in reports: "udp/5060".
func (v mirrorAsker) way() string { return wayName(v.door.over, v.door.at.Port()) }

// endOf is one end of a socket of any kind.
func endOf(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		return wire.Unmap(t.AddrPort())
	}
	return wire.AddrPort(a)
}
