package sipclient

import (
	"context"
	"errors"
	"net/netip"
)

// ErrNoSound tells that a call has no sockets for its sound, yet or any more.
var ErrNoSound = errors.New("the call has no sound now")

// Mapped asks a STUN server under which address it sees the call's sound, from the very
// socket that sends it. The error is ErrNoSound, media.ErrNoSTUN where no address came
// back, or the context's.
func (c *Call) Mapped(ctx context.Context, server netip.AddrPort) (netip.AddrPort, error) {
	m := c.line()
	if m == nil || c.State() == Ended {
		return netip.AddrPort{}, ErrNoSound
	}
	return m.Mapped(ctx, server)
}

// SoundAt is the address of the call's sound (RTP) here; invalid while it has none, and
// when the call is over.
func (c *Call) SoundAt() netip.AddrPort {
	if m := c.line(); m != nil && c.State() != Ended {
		return m.Local()
	}
	return netip.AddrPort{}
}
