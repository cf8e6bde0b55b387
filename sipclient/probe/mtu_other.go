//go:build !linux

package probe

import (
	"net"

	"softphonedoctor/sipclient/wire"
)

// pathMTU is the limit of the interface that a connected socket leaves by, 0 when it
// is not known: what routers said about the way these systems do not tell.
func pathMTU(conn *net.UDPConn, _ bool) int {
	local := wire.AddrPort(conn.LocalAddr()).Addr().WithZone("")
	list, err := net.Interfaces()
	if err != nil {
		return 0
	}
	for _, i := range list {
		addrs, _ := i.Addrs()
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && n.IP.Equal(local.AsSlice()) {
				return i.MTU
			}
		}
	}
	return 0
}
