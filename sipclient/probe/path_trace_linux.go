//go:build linux

package probe

import (
	"bufio"
	"context"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"softphonedoctor/sipclient/wire"
)

// trace looks which machines on the way to a server answer: one datagram for each
// distance, all at once, each from a socket of its own. What a machine says when a
// packet's time is up comes back on the socket's error queue with its address
// (IP_RECVERR, ip(7)); that needs no rights. The datagram is what phones send to keep a
// way open, so that firewalls treat it like a phone's and servers pass it over.
func trace(ctx context.Context, to netip.AddrPort) ([]hop, error) {
	type probe struct {
		conn *net.UDPConn
		sent time.Time
	}
	var list []probe
	defer func() {
		for _, p := range list {
			_ = p.conn.Close()
		}
	}()
	network := "udp4"
	if to.Addr().Is6() {
		network = "udp6"
	}
	for distance := 1; distance <= maxHops; distance++ {
		conn, err := net.ListenUDP(network, nil)
		if err != nil {
			return nil, errNoTrace
		}
		list = append(list, probe{conn, time.Now()})
		if err := limitHops(conn, distance, to.Addr().Is6()); err != nil {
			return nil, errNoTrace
		}
	}
	until := time.Now().Add(2900 * time.Millisecond)
	if d, ok := ctx.Deadline(); ok && d.Add(-100*time.Millisecond).Before(until) {
		until = d.Add(-100 * time.Millisecond)
	}
	var hops []hop
	ours := ownAddresses()
	heard := make([]bool, len(list))
	listen := func(sent int) (arrived bool, last int) {
		for i, p := range list[:sent] {
			if heard[i] {
				continue
			}
			h, ok := heardOf(p.conn, to.Addr())
			if !ok {
				continue
			}
			heard[i] = true
			h.distance, h.took = i+1, time.Since(p.sent)
			if ours[h.addr] && !h.arrived {
				// This computer itself says that it finds nobody to pass the packet to.
				h.addr, h.distance = netip.Addr{}, 0
			}
			hops = append(hops, h)
		}
		for _, h := range hops {
			arrived, last = arrived || h.arrived || h.said != "", max(last, h.distance)
		}
		return arrived, last
	}
	// Machines answer a few such packets a second and no more: what arrives at the end
	// of the way would cost others the answers that they wait for. So they go out one
	// after the other, and no further than to where somebody was heard.
	sent := 0
	for ; sent < len(list) && ctx.Err() == nil && time.Now().Before(until); sent++ {
		arrived, last := listen(sent)
		if arrived || sent > last+silentHops {
			break
		}
		list[sent].sent = time.Now()
		if _, err := list[sent].conn.WriteToUDPAddrPort([]byte("\r\n\r\n"), to); err != nil {
			return append(hops, hop{distance: 0, said: lowReason(err)}), nil
		}
		pauseFor(ctx, hopEvery)
	}
	// Who kept silent may have had to: a second packet a second later tells.
	again := time.Now().Add(hopAgain)
	for ctx.Err() == nil && time.Now().Before(until) {
		arrived, last := listen(sent)
		if arrived || last == sent {
			break
		}
		if !again.IsZero() && time.Now().After(again) {
			again = time.Time{}
			for i := range list[:min(sent, last+2)] {
				if !heard[i] {
					list[i].sent = time.Now()
					_, _ = list[i].conn.WriteToUDPAddrPort([]byte("\r\n\r\n"), to) // its silence is the answer
				}
			}
		}
		pauseFor(ctx, 5*time.Millisecond)
	}
	return hops, nil
}

const (
	// hopEvery is the time between two packets that follow the way.
	hopEvery = 40 * time.Millisecond
	// hopAgain is how long machines that limit such words need before the next (Linux
	// gives one a second to each address).
	hopAgain = 1100 * time.Millisecond
	// silentHops is how many machines in a row may keep silent before the way is not
	// followed any further.
	silentHops = 4
)

// ownAddresses are those of this computer.
func ownAddresses() map[netip.Addr]bool {
	list, _ := net.InterfaceAddrs() // none are none of ours
	own := map[netip.Addr]bool{}
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			own[p.Addr().Unmap()] = true
		}
	}
	return own
}

// limitHops lets packets of a socket pass so many machines, and asks for the word of
// the one at which they end.
func limitHops(conn *net.UDPConn, n int, six bool) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		if six {
			failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, n)
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1)
			return
		}
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TTL, n)
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_RECVERR, 1)
	})
	if failed != nil {
		return failed
	}
	return err
}

// heardOf reads a socket's error queue, and its usual one: an answer of the server.
func heardOf(conn *net.UDPConn, server netip.Addr) (h hop, ok bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return h, false
	}
	_ = raw.Control(func(fd uintptr) {
		data, oob := make([]byte, 256), make([]byte, 512)
		_, n, _, _, err := unix.Recvmsg(int(fd), data, oob, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if err == nil {
			h, ok = offender(oob[:n], server)
			return
		}
		if _, _, err := unix.Recvfrom(int(fd), data, unix.MSG_DONTWAIT); err == nil {
			h, ok = hop{addr: server, arrived: true}, true
		}
	})
	return h, ok
}

// offender reads struct sock_extended_err and the address behind it: who sent the ICMP
// message, and what it says.
func offender(oob []byte, server netip.Addr) (h hop, ok bool) {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return h, false
	}
	for _, m := range msgs {
		v4 := m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_RECVERR
		v6 := m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_RECVERR
		if !v4 && !v6 || len(m.Data) < 16 {
			continue
		}
		h.addr = addressAt(m.Data[16:])
		origin, kind := m.Data[4], m.Data[5]
		passed := origin == unix.SO_EE_ORIGIN_ICMP && kind == 11 || origin == unix.SO_EE_ORIGIN_ICMP6 && kind == 3 // time exceeded
		if origin == unix.SO_EE_ORIGIN_LOCAL {
			h.addr = netip.Addr{}
		}
		if h.arrived = h.addr == server; !passed && !h.arrived {
			h.said = wire.Reason(syscall.Errno(nativeUint32(m.Data)))
		}
		return h, true
	}
	return h, false
}

// addressAt reads a struct sockaddr_in or sockaddr_in6.
func addressAt(b []byte) netip.Addr {
	if len(b) < 8 {
		return netip.Addr{}
	}
	switch family := uint16(nativeUint32(b)); {
	case family == unix.AF_INET:
		return netip.AddrFrom4([4]byte(b[4:8]))
	case family == unix.AF_INET6 && len(b) >= 24:
		return netip.AddrFrom16([16]byte(b[8:24])).Unmap()
	}
	return netip.Addr{}
}

// neighbour tells that a machine of this network has answered for its address lately,
// as the kernel's table of neighbours shows.
func neighbour(a netip.Addr) bool {
	f, err := os.Open("/proc/net/arp")
	if err != nil {
		return false
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		words := strings.Fields(sc.Text())
		if len(words) >= 3 && words[0] == a.String() && words[2] == "0x2" {
			return true
		}
	}
	return false
}
