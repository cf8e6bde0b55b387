package lab

import (
	"strings"
	"testing"
	"time"
)

// mirror starts the program's own mirror on one of the server's further addresses, as a
// support desk does, and returns when it is open.
func (n *Network) mirror(t testing.TB) {
	t.Helper()
	bin, err := doctor()
	if err != nil {
		t.Fatal(err)
	}
	p, err := n.server.start(t, t.TempDir(), bin, "mirror", "--listen", stunAddr)
	if err != nil {
		t.Fatalf("the mirror: %v", err)
	}
	if !eventually(10*time.Second, func() bool { return !p.running() || strings.Contains(p.Log(), "Mirror at") }) || !p.running() {
		t.Fatalf("the mirror does not open:\n%s", p.log.tail(2000))
	}
}
