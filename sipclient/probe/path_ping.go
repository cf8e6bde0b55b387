package probe

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

var (
	errNoGateway = errors.New("this computer names no router of its own")
	errNoPing    = errors.New("this system lets the program send no pings")
)

// ping sends echo requests (RFC 792, RFC 4443) without asking for rights: systems give
// programs sockets for just that, most of them.
func ping(ctx context.Context, to netip.Addr, count int) (echoes, error) {
	conn, raw, err := listenPing(to)
	if err != nil {
		return echoes{}, errNoPing
	}
	defer conn.Close()
	var kind icmp.Type = ipv4.ICMPTypeEcho
	protocol := 1
	if to.Is6() {
		kind, protocol = ipv6.ICMPTypeEchoRequest, 58
	}
	var addr net.Addr = &net.UDPAddr{IP: to.AsSlice(), Zone: to.Zone()}
	if raw {
		addr = &net.IPAddr{IP: to.AsSlice(), Zone: to.Zone()}
	}
	token := []byte(random(8))
	id := os.Getpid() & 0xffff
	sent := make([]time.Time, count)
	times := make([]time.Duration, 0, count)
	said := ""
	done := make(chan struct{})
	began := time.Now()
	end := began.Add(time.Duration(count-1)*pingEvery + pingWait)
	if d, ok := ctx.Deadline(); ok && d.Before(end) {
		end = d
	}
	_ = conn.SetReadDeadline(end)
	defer context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Now()) })()
	got := make([]bool, count)
	arrivals := make(chan arrival, count)
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for n := 0; n < count; {
			size, _, err := conn.ReadFrom(buf)
			at := time.Now()
			if err != nil {
				var timeout net.Error
				if errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, net.ErrClosed) {
					return
				}
				continue // an ICMP error about one of ours
			}
			if seq, ok := echoReply(buf[:size], protocol, token); ok && seq < count && !got[seq] {
				got[seq] = true
				arrivals <- arrival{seq, at}
				n++
			}
		}
	}()
	n := 0
	for ; n < count && ctx.Err() == nil && time.Now().Before(end); n++ {
		m := icmp.Message{Type: kind, Body: &icmp.Echo{ID: id, Seq: n, Data: token}}
		b, err := m.Marshal(nil)
		if err != nil {
			return echoes{}, err
		}
		sent[n] = time.Now()
		if _, err := conn.WriteTo(b, addr); err != nil {
			said = lowReason(err)
		}
		select {
		case <-done:
		case <-ctx.Done():
		case <-time.After(pingEvery):
		}
	}
	select {
	case <-done:
	case <-ctx.Done():
	case <-time.After(time.Until(end)):
	}
	_ = conn.SetReadDeadline(time.Now())
	<-done
	close(arrivals)
	for a := range arrivals {
		times = append(times, a.at.Sub(sent[a.seq]))
	}
	e := summarise(n, times, "icmp")
	e.unreachable = said
	return e, nil
}

type arrival struct {
	seq int
	at  time.Time
}

// listenPing opens the socket for pings that needs no rights, and where the system has
// none the raw one that needs them.
func listenPing(to netip.Addr) (conn *icmp.PacketConn, raw bool, err error) {
	quiet, loud, any := "udp4", "ip4:icmp", "0.0.0.0"
	if to.Is6() {
		quiet, loud, any = "udp6", "ip6:ipv6-icmp", "::"
	}
	if conn, err = icmp.ListenPacket(quiet, any); err == nil {
		return conn, false, nil
	}
	conn, err = icmp.ListenPacket(loud, any)
	return conn, true, err
}

// echoReply reads an answer to one of our pings and gives its number.
func echoReply(b []byte, protocol int, token []byte) (seq int, ok bool) {
	m, err := icmp.ParseMessage(protocol, b)
	if err != nil || m.Type != ipv4.ICMPTypeEchoReply && m.Type != ipv6.ICMPTypeEchoReply {
		return 0, false
	}
	e, ok := m.Body.(*icmp.Echo)
	if !ok || string(e.Data) != string(token) {
		return 0, false
	}
	return e.Seq, true
}

func lowReason(err error) string { return strings.ToLower(reason(err)) }

// nativeUint32 reads a number as this machine has it.
func nativeUint32(b []byte) uint32 { return binary.NativeEndian.Uint32(b) }
