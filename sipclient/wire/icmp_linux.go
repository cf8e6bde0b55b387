//go:build linux

package wire

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// ICMPSurfaces tells that this system reports ICMP errors on unconnected sockets,
// so that no probe from a connected one is needed.
const ICMPSurfaces = true

// SurfaceICMP asks for the system's word on ICMP errors (IP_RECVERR, ip(7)). Without
// it, a closed port shows only as silence at an unconnected socket (trap 15), and a
// host that cannot be reached at a connected one.
func SurfaceICMP(conn *net.UDPConn) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		// One of the two fits the socket's family; the other fails and does no harm.
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_RECVERR, 1)
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1)
	})
}

// drainICMP empties the socket's error queue and tells whether it held anything.
func drainICMP(conn *net.UDPConn, report func(target netip.AddrPort, why string)) (any bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	_ = raw.Control(func(fd uintptr) {
		data, oob := make([]byte, 256), make([]byte, 512)
		for range 64 {
			_, n, _, to, err := unix.Recvmsg(int(fd), data, oob, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
			if err != nil {
				return
			}
			any = true
			target := sockaddr(to)
			if why := extendedError(oob[:n]); why != "" && target.IsValid() {
				report(target, why)
			}
		}
	})
	return any
}

// extendedError reads struct sock_extended_err: errno, then origin, type, code. The
// errno alone does not tell a firewall's word from a host that is not there.
func extendedError(oob []byte) string {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return ""
	}
	for _, m := range msgs {
		v4 := m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_RECVERR
		v6 := m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_RECVERR
		if (v4 || v6) && len(m.Data) >= 8 {
			if prohibited(m.Data[4], m.Data[5], m.Data[6]) {
				return "admin prohibited"
			}
			return Reason(syscall.Errno(binary.NativeEndian.Uint32(m.Data)))
		}
	}
	return ""
}

// prohibited knows the ICMP errors by which a firewall says that it lets a packet not
// pass (RFC 1812 5.2.7.1, RFC 4443 3.1).
func prohibited(origin, kind, code byte) bool {
	switch origin {
	case unix.SO_EE_ORIGIN_ICMP:
		return kind == 3 && (code == 9 || code == 10 || code == 13)
	case unix.SO_EE_ORIGIN_ICMP6:
		return kind == 1 && (code == 1 || code == 5 || code == 6)
	}
	return false
}

func sockaddr(a unix.Sockaddr) netip.AddrPort {
	switch a := a.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port))
	}
	return netip.AddrPort{}
}

// Reason says in words why a packet could not go.
func Reason(err error) string {
	switch {
	case err == nil:
		return "send failed"
	case errors.Is(err, unix.ECONNREFUSED):
		return Refused
	case errors.Is(err, unix.EHOSTUNREACH):
		return "host unreachable"
	case errors.Is(err, unix.ENETUNREACH):
		return "network unreachable"
	case errors.Is(err, unix.EMSGSIZE):
		return "message too long"
	case errors.Is(err, unix.EPERM):
		return "operation not permitted" // by this computer: no ICMP error becomes that
	case errors.Is(err, unix.EACCES):
		return "admin prohibited"
	}
	var no syscall.Errno
	if errors.As(err, &no) {
		return no.Error()
	}
	return "send failed"
}
