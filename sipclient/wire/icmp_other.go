//go:build !linux

package wire

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// ICMPSurfaces: here an ICMP error reaches connected sockets only, so a silent
// server is probed from one (trap 15).
const ICMPSurfaces = false

// SurfaceICMP does nothing here.
func SurfaceICMP(*net.UDPConn) {}

func drainICMP(*net.UDPConn, func(netip.AddrPort, string)) bool { return false }

// Reason says in words why a packet could not go. Windows calls a refused port
// "forcibly closed".
func Reason(err error) string {
	var no syscall.Errno
	if !errors.As(err, &no) {
		return "send failed"
	}
	text := strings.ToLower(no.Error())
	switch {
	case strings.Contains(text, "refused"), strings.Contains(text, "forcibly closed"):
		return Refused
	case strings.Contains(text, "host") && strings.Contains(text, "unreachable"), strings.Contains(text, "no route"):
		return "host unreachable"
	case strings.Contains(text, "unreachable"):
		return "network unreachable"
	case strings.Contains(text, "too long"), strings.Contains(text, "larger than"):
		return "message too long"
	}
	return no.Error()
}
