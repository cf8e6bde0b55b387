package probe

import (
	"context"
	"net/netip"
	"sync"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

// Sound is the socket of a call's sound (sipclient.Call).
type Sound interface {
	// SoundAt is its address here, invalid while there is none.
	SoundAt() netip.AddrPort
	// Mapped asks a STUN server from it under which address it is seen.
	Mapped(ctx context.Context, server netip.AddrPort) (netip.AddrPort, error)
}

// findMedia asks a STUN server from the socket of a call's sound, and from another one
// beside it: what only the first misses is held back for its port.
func findMedia(ctx context.Context, b *Bench) {
	no := func(why string) { b.NotChecked(capture.ProbeNATMedia, "%s", why) }
	if b.Sound == nil || !b.Sound.SoundAt().IsValid() {
		no("there is no call now")
		return
	}
	local := b.Sound.SoundAt()
	server, ok := b.outside(ctx).server()
	if ctx.Err() != nil {
		return
	}
	if !ok {
		no("no STUN server answers")
		return
	}
	if local.Addr() != b.seen.local.Addr() {
		no("the sound leaves from another address of this computer")
		return
	}
	o, err := openOutlet(server.addr.Addr())
	if err != nil {
		no(reason(err))
		return
	}
	defer o.Close()
	var beside parcel
	var errBeside, errSound error
	var mapped netip.AddrPort
	var asking sync.WaitGroup
	asking.Go(func() { beside, errBeside = o.stun(ctx, server.addr, wire.NewSTUNRequest(), testPatience) })
	asking.Go(func() { mapped, errSound = b.Sound.Mapped(ctx, server.addr) })
	asking.Wait()
	switch {
	case ctx.Err() != nil:
	case errBeside != nil:
		no("the STUN server stopped answering")
	case errSound != nil && !b.Sound.SoundAt().IsValid():
		no("the call has ended")
	case errSound != nil:
		b.Say(capture.ProbeNATMedia, false, "local", local, "by", server.name, "reason", "silent")
	case mapped.Addr() != beside.stun.Mapped.Addr():
		b.Say(capture.ProbeNATMedia, false, "local", local, "mapped", mapped, "by", server.name, "reason", "differs")
	default:
		b.Say(capture.ProbeNATMedia, true, "local", local, "mapped", mapped, "by", server.name)
	}
}

// server is the best STUN server that answered.
func (o *outside) server() (view, bool) {
	for _, v := range o.views {
		if !v.sip {
			return v, true
		}
	}
	return view{}, false
}
