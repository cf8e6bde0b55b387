package lab

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// narrow makes the client's line as slow as a home's way up, with a modem that keeps half a
// second of what does not fit: long queues make lines slow (RFC 8033 1).
func (n *Network) narrow(t testing.TB) {
	t.Helper()
	n.run(t, n.client, "", Program(t, "tc", "iproute2"), "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", "1mbit", "burst", "4kb", "limit", "64kb")
}

// fill sends twice of what the line can carry until the test ends.
func (n *Network) fill(t testing.TB) {
	t.Helper()
	to, err := n.client.dial("udp4", serverAddr+":9", time.Second)
	require.NoError(t, err)
	stop, ended := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(stop); <-ended; to.Close() })
	go func() {
		defer close(ended)
		tick := time.NewTicker(4 * ms)
		defer tick.Stop()
		for data := make([]byte, 1000); ; {
			select {
			case <-stop:
				return
			case <-tick.C:
				_, _ = to.Write(data) // nobody listens there
			}
		}
	}()
}

// TestLineInFullUse: a line that becomes slow when it is full, and the same line when
// nobody fills it.
func TestLineInFullUse(t *testing.T) {
	for name, r := range map[string]struct {
		full  bool
		says  string
		cause string
	}{
		"full":    {true, "yes", "bufferbloat"},
		"at rest": {false, "no", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doorRow{
				args: []string{"--under-load"}, limit: 40 * time.Second,
				set: func(t *testing.T, n *Network) {
					n.narrow(t)
					n.atEnter = func() {
						if r.full {
							n.fill(t)
						}
					}
				},
				says: map[string]string{"load-delay": r.says}, cause: r.cause, kind: "hint", where: "local-network",
			}.run(t)
		})
	}
}
