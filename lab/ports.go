package lab

import (
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
)

// Ports come from below the range that the kernel gives to outgoing sockets, so
// that nobody takes one between choosing and starting.
const (
	lowestPort  = 11000
	highestPort = 31000
)

var (
	portMu   sync.Mutex
	portsOut = map[int]bool{} // handed out by this test program
)

// FreePort gives a loopback port that is free for UDP and TCP.
func FreePort(t testing.TB) int {
	t.Helper()
	return FreePorts(t, 1)
}

// FreePorts gives the first of n ports in a row, even, all free on loopback.
func FreePorts(t testing.TB, n int) int {
	t.Helper()
	portMu.Lock()
	defer portMu.Unlock()
search:
	for range 1000 {
		first := lowestPort + 2*rand.IntN((highestPort-lowestPort-n)/2)
		for p := first; p < first+n; p++ {
			if portsOut[p] || !free(p) {
				continue search
			}
		}
		for p := first; p < first+n; p++ {
			portsOut[p] = true
		}
		return first
	}
	t.Fatalf("no %d free ports in a row on loopback", n)
	return 0
}

func free(port int) bool {
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	u, err := net.ListenPacket("udp4", addr)
	if err != nil {
		return false
	}
	defer u.Close()
	l, err := net.Listen("tcp4", addr)
	if err != nil {
		return false
	}
	l.Close()
	return true
}
