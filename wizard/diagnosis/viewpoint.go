package diagnosis

import (
	"net/netip"
	"slices"

	"softphonedoctor/wizard/evidence"
)

// ours tells which calls are our phone's; all count in a capture without one of its own.
func ours(e *evidence.Evidence) func(*evidence.Call) bool {
	touches := func(c *evidence.Call) bool { return c != nil && c.Touches }
	if !slices.ContainsFunc(e.Calls, touches) {
		return func(*evidence.Call) bool { return true }
	}
	return touches
}

// takenAt is the machine that a recording was made on, where that is sure: only
// there can a message be seen whose sender and receiver share one address.
func takenAt(e *evidence.Evidence) netip.Addr {
	for _, m := range e.Messages {
		if !has(m) || e.Have.Has(evidence.HaveLive) {
			continue
		}
		if at := m.From.Addr().Unmap(); at.IsValid() && !at.IsLoopback() && at == m.To.Addr().Unmap() {
			return at
		}
	}
	return netip.Addr{}
}
