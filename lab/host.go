package lab

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// Host is a computer of a Network: a network namespace of its own, with its own
// loopback, addresses and ports. nil is this machine, where all is on 127.0.0.1.
type Host struct {
	Addr netip.Addr // where others reach it

	name      string // for people: "client"
	namespace string

	mu   sync.Mutex
	next int // port
}

// The ports of servers and phones of a network, those of SIP, DNS and STUN aside.
const (
	firstHostPort = 30000
	lastHostPort  = 49999
)

// address is where the host's programs listen.
func (h *Host) address() netip.Addr {
	if h == nil {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return h.Addr
}

// ports gives the first of n free ports in a row, even.
func (h *Host) ports(t testing.TB, n int) int {
	t.Helper()
	if h == nil {
		return FreePorts(t, n)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	first := max(h.next, firstHostPort)
	if h.next = first + n + n%2; h.next > lastHostPort {
		t.Fatalf("%s has no %d ports left", h.name, n)
	}
	return first
}

// at gives an address of the host: at the usual port on a computer of a network,
// where nobody else has it, else at one that is free.
func (h *Host) at(t testing.TB, usual int) netip.AddrPort {
	t.Helper()
	if h == nil {
		usual = FreePort(t)
	}
	return netip.AddrPortFrom(h.address(), uint16(usual))
}

// command is how a program is started on the host.
func (h *Host) command(name string, args ...string) (string, []string) {
	if h == nil {
		return name, args
	}
	return "ip", append([]string{"netns", "exec", h.namespace, name}, args...)
}

// dial opens a connection from the host. The address is literal, so that the socket
// is made by the calling thread, which is the one that is in the namespace.
func (h *Host) dial(network, addr string, patience time.Duration) (conn net.Conn, err error) {
	err = h.inside(func() error {
		conn, err = net.DialTimeout(network, addr, patience)
		return err
	})
	return conn, err
}

// inside runs something on the host: every socket that it opens belongs there.
func (h *Host) inside(f func() error) error {
	if h == nil {
		return f()
	}
	return insideNamespace(h.namespace, f)
}
