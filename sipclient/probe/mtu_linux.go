//go:build linux

package probe

import (
	"net"

	"golang.org/x/sys/unix"
)

// pathMTU is how many bytes an IP packet to a connected socket's target may have, as
// far as this system knows: the interface's limit, or less after a router said so
// (RFC 1191). 0: it does not know.
func pathMTU(conn *net.UDPConn, six bool) int {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0
	}
	mtu := 0
	_ = raw.Control(func(fd uintptr) {
		level, name := unix.IPPROTO_IP, unix.IP_MTU
		if six {
			level, name = unix.IPPROTO_IPV6, unix.IPV6_MTU
		}
		if n, err := unix.GetsockoptInt(int(fd), level, name); err == nil {
			mtu = n
		}
	})
	return mtu
}
