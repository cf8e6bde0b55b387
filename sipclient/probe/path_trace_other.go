//go:build !linux

package probe

import (
	"context"
	"net/netip"
)

// trace: these systems show the machines on the way to programs with rights only.
func trace(context.Context, netip.AddrPort) ([]hop, error) { return nil, errNoTrace }

func neighbour(netip.Addr) bool { return false }
