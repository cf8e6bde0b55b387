package practice

import (
	"fmt"
	"net"
	"net/netip"
)

var (
	loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	// elsewhere is another address of this computer. Linux and Windows have the
	// whole of 127/8; where only 127.0.0.1 exists, another port has to do.
	elsewhere = netip.AddrFrom4([4]byte{127, 0, 0, 2})
)

// listen opens a UDP socket; port 0 takes a free one.
func listen(ip netip.Addr, port uint16) (*net.UDPConn, error) {
	return net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, port)))
}

// pairElsewhere opens a pair on another loopback address, or at least on other
// ports.
func pairElsewhere() (rtp, rtcp *net.UDPConn, err error) {
	if rtp, rtcp, err = listenPair(elsewhere); err == nil {
		return rtp, rtcp, nil
	}
	return listenPair(loopback)
}

// listenPair opens an even port for RTP and the one above it for RTCP (RFC 3550 11).
func listenPair(ip netip.Addr) (rtp, rtcp *net.UDPConn, err error) {
	for range 100 {
		rtp, err = listen(ip, 0)
		if err != nil {
			return nil, nil, err
		}
		port := localAddr(rtp).Port()
		if port%2 == 0 {
			if rtcp, err = listen(ip, port+1); err == nil {
				return rtp, rtcp, nil
			}
		}
		_ = rtp.Close()
	}
	return nil, nil, fmt.Errorf("no pair of free ports for sound on %v", ip)
}

// shutPort finds a port that stays closed for everybody: its socket is
// connected to a second one, so the system refuses what others send to it, and
// nobody else can take it. The port in question is the first socket's.
func shutPort(ip netip.Addr) ([]*net.UDPConn, error) {
	peer, err := listen(ip, 0)
	if err != nil {
		return nil, err
	}
	c, err := net.DialUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 0)),
		net.UDPAddrFromAddrPort(localAddr(peer)))
	if err != nil {
		_ = peer.Close()
		return nil, err
	}
	return []*net.UDPConn{c, peer}, nil
}

// localAddr is the socket's own address.
func localAddr(c *net.UDPConn) netip.AddrPort {
	a, ok := c.LocalAddr().(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	return unmap(a.AddrPort())
}

// unmap gives IPv4 addresses in their plain form.
func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
