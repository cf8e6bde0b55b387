package probe

import (
	"context"
	"net/netip"
	"sync"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

// behaviour is a word of RFC 4787 for what a NAT depends on when it maps or filters.
type behaviour string

const (
	unknownBehaviour behaviour = ""
	independent      behaviour = "endpoint-independent"
	byAddress        behaviour = "address-dependent"
	byPort           behaviour = "address-and-port-dependent"
	dependent        behaviour = "dependent" // on the other side, how far is not known
)

// natKind is how a NAT maps and filters, as far as that could be found.
type natKind struct {
	mapping, filtering       behaviour
	mapped, other            netip.AddrPort // the same socket as two servers, or addresses of one, see it
	mappingWhy, filteringWhy string         // why it is not known
}

// name is the classic name (RFC 3489 5) of a NAT, as behaviours give it.
func (k natKind) name(nat bool) string {
	switch {
	case !nat:
		return "none"
	case k.mapping == byAddress, k.mapping == byPort, k.mapping == dependent:
		return "symmetric"
	case k.mapping == unknownBehaviour:
		return "unknown"
	case k.filtering == independent:
		return "full-cone"
	case k.filtering == byAddress:
		return "address-restricted"
	case k.filtering == byPort:
		return "port-restricted"
	}
	return "unknown"
}

// sayBehaviour answers the questions about mapping and filtering.
func (b *Bench) sayBehaviour(k natKind) {
	if k.mapping == unknownBehaviour {
		b.NotChecked(capture.ProbeNATMapping, "%s", k.mappingWhy)
	} else {
		b.Say(capture.ProbeNATMapping, k.mapping == independent, "mapped", k.mapped, "other", k.other, "mapping", string(k.mapping))
	}
	if k.filtering == unknownBehaviour {
		b.NotChecked(capture.ProbeNATFiltering, "%s", k.filteringWhy)
	} else {
		b.Say(capture.ProbeNATFiltering, k.filtering == independent, "mapped", k.mapped, "filtering", string(k.filtering))
	}
}

// compare finds the mapping from what several servers with one address each say. What a
// SIP server says counts where a helper in the router cannot have changed it.
func (o *outside) compare(k *natKind) {
	var first *view
	for i := range o.views {
		v := &o.views[i]
		switch {
		case v.translatedBack() || v.sip && hidden(v.addr.Addr()):
		case first == nil:
			first = v
		case v.addr.Addr() != first.addr.Addr():
			k.mapping, k.mapped, k.other = independent, first.mapped, v.mapped
			if v.mapped != first.mapped {
				k.mapping = dependent
			}
			return
		}
	}
	if k.mappingWhy == "" {
		k.mappingWhy = "only one server could be asked, and it takes two to compare"
	}
}

// discover makes the tests of RFC 5780 4.3 and 4.4 with a server that has a second
// address, mapping and filtering at the same time. The filtering is asked from sockets
// of its own: what they have written to decides.
func discover(ctx context.Context, server view) (k natKind) {
	var testing sync.WaitGroup
	defer func() {
		testing.Wait()
		if k.filtering != unknownBehaviour && !k.other.IsValid() {
			// Silence would then be the server's, not the router's.
			k.filtering, k.filteringWhy = unknownBehaviour, "the STUN server does not answer at its second address"
		}
	}()
	var filtering behaviour
	var why string
	testing.Go(func() { filtering, why = filteringOf(ctx, server) })

	o, err := openOutlet(server.addr.Addr())
	if err != nil {
		testing.Wait()
		k.mappingWhy, k.filteringWhy = reason(err), why
		return k
	}
	defer o.Close()
	mapping(ctx, o, server, &k)
	testing.Wait()
	k.filtering, k.filteringWhy = filtering, why
	return k
}

// mapping compares where a server sees one socket from two addresses and two ports.
func mapping(ctx context.Context, o *outlet, server view, k *natKind) {
	second := netip.AddrPortFrom(server.other.Addr(), server.addr.Port())
	var seen [3]parcel
	var errs [3]error
	// One after the other, as RFC 5780 has it, would only take longer: what a NAT does
	// depends on whom the socket writes to, not on the order.
	var asking sync.WaitGroup
	for i, to := range []netip.AddrPort{server.addr, second, server.other} {
		asking.Go(func() { seen[i], errs[i] = o.stun(ctx, to, wire.NewSTUNRequest(), testPatience) })
	}
	asking.Wait()
	one, two, three := seen[0].stun.Mapped, seen[1].stun.Mapped, seen[2].stun.Mapped
	switch {
	case errs[0] != nil:
		k.mappingWhy = "the STUN server stopped answering"
		return
	case errs[1] != nil && errs[2] != nil:
		k.mappingWhy = "the STUN server does not answer at its second address"
		return
	}
	k.mapped = one
	k.other = two
	if errs[1] != nil {
		k.other = three
	}
	switch {
	case errs[1] == nil && two == one, errs[1] != nil && three == one:
		k.mapping = independent
	case errs[1] != nil, errs[2] != nil:
		k.mapping = dependent
	case two == three:
		k.mapping = byAddress
	default:
		k.mapping = byPort
	}
}

// filteringOf asks a server to answer from where a fresh socket has not written to.
func filteringOf(ctx context.Context, server view) (behaviour, string) {
	var other, port parcel
	var errOther, errPort error
	var asking sync.WaitGroup
	change := func(ip bool, a *parcel, err *error) {
		asking.Go(func() {
			o, opened := openOutlet(server.addr.Addr())
			if *err = opened; opened != nil {
				return
			}
			defer o.Close()
			r := wire.NewSTUNRequest()
			r.ChangeIP, r.ChangePort = ip, true
			*a, *err = o.stun(ctx, server.addr, r, testPatience)
		})
	}
	change(true, &other, &errOther)
	change(false, &port, &errPort)
	asking.Wait()
	const cannot = "the STUN server does not answer from another address, although it names one"
	silentOther, silentPort := errOther == errSilent, errPort == errSilent
	switch {
	case ctx.Err() != nil:
		return unknownBehaviour, "stopped"
	case errOther != nil && !silentOther, errPort != nil && !silentPort,
		!silentOther && other.from.Addr() == server.addr.Addr(), !silentPort && port.from == server.addr:
		return unknownBehaviour, cannot
	case !silentOther:
		return independent, ""
	case !silentPort:
		return byAddress, ""
	}
	return byPort, ""
}
