package probe

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
)

// maxTargets bounds how many machines behind a name are asked.
const maxTargets = 6

// askTargets asks every machine to which the server's name leads.
func askTargets(ctx context.Context, b *Bench) {
	list, err := b.Addresses(ctx, b.Transport)
	switch {
	case err != nil:
		b.NotChecked(capture.ProbeDNSTargets, "the server's name has no address")
		return
	case len(list) == 1:
		b.NotChecked(capture.ProbeDNSTargets, "there is one machine only")
		return
	}
	list = list[:min(len(list), maxTargets)]
	answered := make([]bool, len(list))
	var work sync.WaitGroup
	limited, stop := context.WithTimeout(ctx, 3800*time.Millisecond)
	defer stop()
	for i, at := range list {
		work.Go(func() { answered[i] = b.takes(limited, at) })
	}
	work.Wait()
	var dead, alive []string
	for i, at := range list {
		if answered[i] {
			alive = append(alive, at.String())
		} else {
			dead = append(dead, at.String())
		}
	}
	first := "dead"
	if answered[0] {
		first = "alive"
	}
	b.Say(capture.ProbeDNSTargets, len(dead) == 0, "alive", alive, "dead", dead, "first", first)
}

// takes tells whether a machine takes the account's transport: an answer over UDP, a
// connection over TCP or TLS.
func (b *Bench) takes(ctx context.Context, at netip.AddrPort) bool {
	if b.Transport != capture.UDP {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", at.String())
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(at))
	if err != nil {
		return false
	}
	defer conn.Close()
	local, _ := netip.ParseAddrPort(conn.LocalAddr().String())
	_, err = askUDP(ctx, conn, b.options(local, capture.UDP, 0).Bytes())
	return err == nil
}
