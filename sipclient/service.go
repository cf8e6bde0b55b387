package sipclient

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"softphonedoctor/sipclient/capture"
)

// lookupService finds the servers of a domain by NAPTR and SRV; nil when it has
// none for the transport.
func (p *Phone) lookupService(ctx context.Context, host string, net capture.Net, note bool) []netip.AddrPort {
	half, stop := context.WithTimeout(ctx, lookupTime/2)
	defer stop()
	pointers := make(chan []NAPTR, 1)
	go func() {
		var list []NAPTR
		if r, ok := p.cfg.Resolver.(NAPTRResolver); ok {
			list, _ = r.LookupNAPTR(half, host)
		}
		pointers <- list
	}()
	known := services[net]
	plain := p.lookupSRV(half, ctx, known.service, known.proto, host)
	var list []NAPTR
	select {
	case list = <-pointers: // also when the time is up by now
	default:
		select {
		case list = <-pointers:
		case <-half.Done():
		}
	}
	if len(list) > 0 && note {
		p.note(capture.PhoneNAPTR, host+" "+strings.Join(wanted(list), " "))
	}
	for _, n := range list {
		if !strings.EqualFold(n.Service, known.naptr) {
			continue
		}
		var found []netip.AddrPort
		switch target := strings.TrimSuffix(n.Replacement, "."); {
		case target == "":
		case strings.EqualFold(n.Flags, "s") && strings.EqualFold(target, "_"+known.service+"._"+known.proto+"."+host):
			found = plain // asked already
		case strings.EqualFold(n.Flags, "s"):
			found = p.lookupSRV(ctx, ctx, "", "", target)
		case strings.EqualFold(n.Flags, "a"):
			found, _ = p.lookupIP(ctx, target, defaultPort(net))
		}
		if len(found) > 0 {
			return found
		}
	}
	return plain
}

// lookupSRV gives the addresses of all targets of SRV records, in the order in
// which they are to be tried. A target "." means that there is no such service.
func (p *Phone) lookupSRV(ask, resolve context.Context, service, proto, name string) []netip.AddrPort {
	_, records, err := p.cfg.Resolver.LookupSRV(ask, service, proto, name)
	if err != nil {
		return nil
	}
	const most = 16 // a domain with more is a trick
	var list []netip.AddrPort
	for _, r := range records[:min(len(records), most)] { // sorted by priority, shuffled by weight
		if target := strings.TrimSuffix(r.Target, "."); target != "" {
			more, _ := p.lookupIP(resolve, target, r.Port)
			list = append(list, more...)
		}
	}
	return list
}

// wanted lists the services of NAPTR records that are about SIP.
func wanted(list []NAPTR) []string {
	var out []string
	for _, n := range list {
		if s := strings.ToUpper(n.Service); strings.HasPrefix(s, "SIP") && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
