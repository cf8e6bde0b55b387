//go:build !linux

package sipclient

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// icmpSurfaces: here an ICMP error reaches connected sockets only, so a silent
// server is probed from one (trap 15).
const icmpSurfaces = false

func surfaceICMP(*net.UDPConn) {}

func drainICMP(*net.UDPConn, func(netip.AddrPort, string)) bool { return false }

// reason says in words why a packet could not go. Windows calls a refused port
// "forcibly closed".
func reason(err error) string {
	var no syscall.Errno
	if !errors.As(err, &no) {
		return "send failed"
	}
	text := strings.ToLower(no.Error())
	switch {
	case strings.Contains(text, "refused"), strings.Contains(text, "forcibly closed"):
		return refused
	case strings.Contains(text, "host") && strings.Contains(text, "unreachable"), strings.Contains(text, "no route"):
		return "host unreachable"
	case strings.Contains(text, "unreachable"):
		return "network unreachable"
	case strings.Contains(text, "too long"), strings.Contains(text, "larger than"):
		return "message too long"
	}
	return no.Error()
}
