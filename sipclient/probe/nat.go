package probe

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
)

// natProbes ask what the router makes of this computer's addresses.
var natProbes = []Probe{
	{ID: "nat", Title: "Asking under which address this computer is seen from outside.", Limit: 8 * time.Second, Run: findNAT,
		Keys: []string{capture.ProbeNAT, capture.ProbeNATMapping, capture.ProbeNATFiltering}},
	{ID: "nat-stable", Title: "Watching whether that address stays the same.", Limit: 9 * time.Second, Run: watchNAT, Beside: true,
		Keys: []string{capture.ProbeNATStable}},
	{ID: "hairpin", Title: "Sending a packet to this network's own outside address.", Limit: 8 * time.Second, Run: findHairpin,
		Keys: []string{capture.ProbeHairpin}},
	{ID: "wan-address", Title: "Asking the router for its own outside address.", Limit: 8 * time.Second, Run: findWAN,
		Keys: []string{capture.ProbeWANAddress}},
	{ID: "nat-media", Title: "Asking the same from the call's own sound.", Limit: 8 * time.Second, Call: true, Run: findMedia,
		Keys: []string{capture.ProbeNATMedia}},
	{ID: "nat-lifetime", Title: "Measuring how long the router remembers a silent phone: up to five minutes.", Limit: 6 * time.Minute, Slow: true, Run: findLifetime,
		Keys: []string{capture.ProbeNATLifetime}},
}

// How long to wait for an answer. Several copies of the question go out in that time.
const (
	viewPatience = 1500 * time.Millisecond // of a server that may not be there
	testPatience = 2 * time.Second         // where silence says something about the router
)

// outside is what servers say about one socket of ours, found once for all probes.
type outside struct {
	once  sync.Once
	local netip.AddrPort
	views []view // of those that answered, best first: STUN servers, then the account's own
	err   error  // why there is none, as a sentence without a full stop
}

// errNobody: there is no server to ask.
var errNobody = errors.New("no server is known that could tell it")

// outside asks all servers that may be asked about one socket, once.
func (b *Bench) outside(ctx context.Context) *outside {
	o := &b.seen
	o.once.Do(func() { b.look(ctx, o) })
	return o
}

func (b *Bench) look(ctx context.Context, o *outside) {
	own, err := b.sipHelpers(ctx)
	v6 := err == nil && len(own) > 0 && own[0].addr.Addr().Is6()
	helpers := append(b.stunHelpers(ctx, v6), own...)
	if len(helpers) == 0 {
		o.err = errNobody
		return
	}
	// All are asked from one socket. Which of this computer's addresses leads to the
	// account's server is what counts; a helper that is reached from another one (a VPN)
	// would speak about another way.
	toward := helpers[0].addr.Addr()
	if len(own) > 0 {
		toward = own[0].addr.Addr()
	}
	from, err := openOutlet(toward)
	if err != nil {
		o.err = errors.New("no way leads there: " + reason(err))
		return
	}
	defer from.Close()
	o.local = from.local
	views := make([]*view, len(helpers))
	var asking sync.WaitGroup
	for i, h := range helpers {
		if source, err := sourceTowards(h.addr.Addr()); err != nil || source != from.local.Addr() {
			continue
		}
		asking.Go(func() {
			if v, err := from.view(ctx, b, h, viewPatience); err == nil {
				views[i] = &v
			}
		})
	}
	asking.Wait()
	for _, v := range views {
		if v != nil {
			o.views = append(o.views, *v)
		}
	}
	if len(o.views) == 0 {
		o.err = errors.New("none of the servers that could tell it answers over UDP")
	}
}

// translatedBack tells that a SIP server's word about a socket cannot be true: a server
// in the internet cannot see a private address. A helper in the router changed the
// answer (SIP ALG), or there is a way without NAT that nobody else confirms.
func (v *view) translatedBack() bool {
	return v.sip && hidden(v.mapped.Addr()) && !hidden(v.addr.Addr())
}

// best is the view to believe: the first STUN server's, else that of the account's own.
// A server in this computer's own network that sees it as it is comes before any other:
// on the way to it there is no NAT.
func (o *outside) best() (view, bool) {
	for _, v := range o.views {
		if v.sip && hidden(v.addr.Addr()) && v.mapped == o.local {
			return v, true
		}
	}
	for _, v := range o.views {
		if !v.translatedBack() {
			return v, true
		}
	}
	return view{}, false
}

// translated tells whether the best view is that of a NAT; known is false where there is none.
func (o *outside) translated() (v view, nat, known bool) {
	v, known = o.best()
	return v, known && v.mapped != o.local, known
}

// errTranslatedBack is the reason where only unbelievable words came.
var errTranslatedBack = errors.New("the server says that it sees this computer's private address: a helper in the router may have changed its answer")

// why says why there is no view.
func (o *outside) why() error {
	if o.err == nil && len(o.views) > 0 {
		return errTranslatedBack
	}
	return o.err
}

// findNAT finds the address seen from outside, and how the router maps and filters.
func findNAT(ctx context.Context, b *Bench) {
	seen := b.outside(ctx)
	best, nat, known := seen.translated()
	if ctx.Err() != nil {
		return
	}
	if !known {
		for _, key := range []string{capture.ProbeNAT, capture.ProbeNATMapping, capture.ProbeNATFiltering} {
			b.NotChecked(key, "%s", seen.why())
		}
		return
	}
	// Only a STUN server with a second address can tell all of it, whichever is believed
	// about the address.
	kind := natKind{filteringWhy: "no server is known that can answer from a second address (RFC 5780)"}
	if full, ok := seen.full(); ok {
		kind = discover(ctx, full)
	}
	if kind.mapping == unknownBehaviour {
		seen.compare(&kind)
	}
	if ctx.Err() != nil {
		return
	}
	b.Say(capture.ProbeNAT, !nat, "local", seen.local, "mapped", best.mapped, "by", best.name, "type", kind.name(nat), "in", best.took)
	b.sayBehaviour(kind)
}

// full is the best STUN server with a second address.
func (o *outside) full() (view, bool) {
	for _, v := range o.views {
		if v.other.IsValid() {
			return v, true
		}
	}
	return view{}, false
}
