package lab

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// cutter passes TCP connections on to a server, until it cuts them.
type cutter struct {
	l    net.Listener
	mu   sync.Mutex
	open []net.Conn
}

func newCutter(t *testing.T, server string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	c := &cutter{l: l}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			phone, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp4", server)
			if err != nil {
				phone.Close()
				continue
			}
			c.mu.Lock()
			c.open = append(c.open, phone, far)
			c.mu.Unlock()
			for _, pair := range [][2]net.Conn{{phone, far}, {far, phone}} {
				work.Go(func() {
					_, _ = io.Copy(pair[0], pair[1])
					pair[0].Close()
				})
			}
		}
	})
	t.Cleanup(func() { l.Close(); c.cut(); work.Wait() })
	return c
}

func (c *cutter) addr() string { return c.l.Addr().String() }

// cut ends every connection, in the hard way (RST) towards the phone.
func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.open {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		conn.Close()
	}
	c.open = nil
}
