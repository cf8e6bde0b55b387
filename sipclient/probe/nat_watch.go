package probe

import (
	"context"
	"net/netip"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

// How a socket is watched: so often, for so long at least, and at most.
const (
	watchEvery = time.Second
	watchLeast = 3 * time.Second
	watchMost  = 7 * time.Second
	watchFew   = 3 // with fewer answers than that nothing was watched
)

// watchNAT asks one server again and again where it sees one socket, as long as the other
// probes take. There is never a silence in which a router would forget.
func watchNAT(ctx context.Context, b *Bench) {
	v, _, known := b.outside(ctx).translated()
	if !known {
		if ctx.Err() == nil {
			b.NotChecked(capture.ProbeNATStable, "%s", b.seen.why())
		}
		return
	}
	o, err := openOutlet(v.addr.Addr())
	if err != nil {
		b.NotChecked(capture.ProbeNATStable, "%s", reason(err))
		return
	}
	defer o.Close()
	began := time.Now()
	next := time.NewTicker(watchEvery)
	defer next.Stop()
	others := b.others
	enough := time.After(watchMost)
	var first netip.AddrPort
	answers := 0
	for over := false; !over; {
		if at, err := o.view(ctx, b, v.helper, watchEvery); err == nil {
			answers++
			if !first.IsValid() {
				first = at.mapped
			}
			if at.mapped != first {
				b.Say(capture.ProbeNATStable, false, "first", first, "then", at.mapped, "after", time.Since(began), "by", v.name)
				return
			}
		}
		select {
		case <-next.C:
		case <-enough:
			over = true
		case <-ctx.Done():
			over = true
		}
		select {
		case <-others:
			over = over || time.Since(began) >= watchLeast
		default:
		}
	}
	if answers < watchFew {
		b.NotChecked(capture.ProbeNATStable, "the server stopped answering")
		return
	}
	b.Say(capture.ProbeNATStable, true, "first", first, "then", first, "after", time.Since(began), "by", v.name)
}

// findHairpin sends packets between two sockets of this computer by way of their outside
// addresses, both ways, as two phones in one network do with their sound: a router that
// lets in only whom it has seen written to lets these in as well.
func findHairpin(ctx context.Context, b *Bench) {
	v, nat, known := b.outside(ctx).translated()
	no := func(format string, args ...any) {
		if ctx.Err() == nil {
			b.NotChecked(capture.ProbeHairpin, format, args...)
		}
	}
	switch {
	case !known:
		no("%s", b.seen.why())
		return
	case !nat:
		no("there is no NAT on the way: nothing has to turn round")
		return
	}
	var ends [2]*outlet
	var mapped [2]netip.AddrPort
	for i := range ends {
		o, err := openOutlet(v.addr.Addr())
		if err != nil {
			no("%s", reason(err))
			return
		}
		defer o.Close()
		at, err := o.view(ctx, b, v.helper, viewPatience)
		if err != nil {
			no("the server stopped answering")
			return
		}
		ends[i], mapped[i] = o, at.mapped
	}
	there, back := wire.NewSTUNRequest(), wire.NewSTUNRequest()
	one, stopOne := ends[1].expect(string(there.ID[:]))
	defer stopOne()
	two, stopTwo := ends[0].expect(string(back.ID[:]))
	defer stopTwo()
	began, over := time.Now(), time.After(testPatience)
	again := time.NewTicker(repeatAfter)
	defer again.Stop()
	for {
		_, _ = ends[0].conn.WriteToUDPAddrPort(there.Bytes(), mapped[1]) // one that fails is one that does not arrive
		_, _ = ends[1].conn.WriteToUDPAddrPort(back.Bytes(), mapped[0])
		select {
		case a := <-one:
			b.Say(capture.ProbeHairpin, true, "mapped", mapped[1], "from", a.from, "in", time.Since(began))
			return
		case a := <-two:
			b.Say(capture.ProbeHairpin, true, "mapped", mapped[0], "from", a.from, "in", time.Since(began))
			return
		case <-over:
			b.Say(capture.ProbeHairpin, false, "mapped", mapped[0])
			return
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}
