package sipclient

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
)

const (
	// maxRedirects is how often one call is sent on.
	maxRedirects = 5
	// maxTargets is how many addresses of one answer are considered.
	maxTargets = 16
)

// redirects tells whether an answer sends the call on in a way that can be followed
// (RFC 3261 21.3): 305 asks for another way to the same number, which would lead past
// the account's server, and 380 describes something else than a call.
func redirects(res *sip.Response) bool {
	return res.StatusCode == 300 || res.StatusCode == 301 || res.StatusCode == 302
}

// redirected gives where the call goes next when it was sent on and the person wants
// that; else the answer stands as it is.
func (c *Call) redirected(ctx context.Context, s *setup) (sip.Uri, bool) {
	p := c.phone
	res := s.moved
	s.moved = nil
	if res == nil || p.cfg.Redirect == nil || s.leaving {
		return sip.Uri{}, false
	}
	if s.redirects++; s.redirects > maxRedirects {
		p.note(capture.PhoneLimit, "this test phone follows a call that is sent on "+strconv.Itoa(maxRedirects)+" times at most, and this one was sent on further")
		return sip.Uri{}, false
	}
	targets := c.newTargets(s, res)
	if len(targets) == 0 {
		return sip.Uri{}, false
	}
	c.reach(Trying)
	ctx, stop := c.wanted(ctx)
	defer stop()
	defer context.AfterFunc(p.leaving, stop)()
	chosen, ok := p.cfg.Redirect(ctx, slices.Clone(targets))
	if !ok || ctx.Err() != nil || !slices.Contains(targets, chosen) {
		return sip.Uri{}, false
	}
	target, ok := p.target(chosen)
	s.tried = append(s.tried, addressee(target))
	return target, ok
}

// newTargets lists the addresses of a redirection, best first, without those that
// have been called already, that must never be called, or that this account cannot call.
func (c *Call) newTargets(s *setup, res *sip.Response) (list []string) {
	p := c.phone
	type choice struct {
		text string
		q    float64
	}
	var choices []choice
	for _, line := range headerValues(res, "Contact") {
		for _, value := range splitList(line) {
			text, q := contactValue(value)
			choices = append(choices, choice{text, q})
		}
	}
	slices.SortStableFunc(choices, func(a, b choice) int {
		switch {
		case a.q > b.q:
			return -1
		case a.q < b.q:
			return 1
		}
		return 0
	})
	for _, ch := range choices[:min(len(choices), maxTargets)] {
		target, ok := p.target(ch.text)
		switch {
		case !ok:
			continue
		case p.cfg.mayCall(ch.text) != nil:
			p.note(capture.PhoneLimit, "this test phone never calls "+target.User+", a number that the call was sent on to")
			continue
		case target.IsEncrypted() && p.net != capture.TLS:
			p.note(capture.PhoneLimit, "this test phone calls sips addresses with an account over TLS only, and the call was sent on to one")
			continue
		case slices.Contains(s.tried, addressee(target)), slices.Contains(list, target.String()):
			continue
		}
		target.Headers = sip.NewParams()
		target.UriParams.Remove("method")
		list = append(list, target.String())
	}
	return list
}

// contactValue reads one Contact: its address, as text, and how much it is wanted (1
// at most, RFC 3261 20.10).
func contactValue(value string) (text string, q float64) {
	q = 1
	params := ""
	if from, to := strings.IndexByte(value, '<'), strings.LastIndexByte(value, '>'); from >= 0 && to > from {
		text, params = value[from+1:to], value[to+1:]
	} else {
		text, params, _ = strings.Cut(value, ";")
	}
	for _, param := range strings.Split(params, ";") {
		if key, val, ok := strings.Cut(param, "="); ok && strings.EqualFold(strings.TrimSpace(key), "q") {
			if n, err := strconv.ParseFloat(strings.TrimSpace(val), 64); err == nil && n >= 0 && n <= 1 {
				q = n
			}
		}
	}
	return strings.TrimSpace(text), q
}

// addressee names whom a URI calls, whatever its parameters are.
func addressee(u sip.Uri) string {
	return fmt.Sprintf("%s@%s:%d", u.User, strings.ToLower(u.Host), u.Port)
}

// elsewhere tells whether a redirection leads to another server than the account's,
// directly. What has a route to take goes by it, wherever it leads.
func (p *Phone) elsewhere(target sip.Uri) bool {
	home := p.domainURI()
	return len(p.routes()) == 0 && (!strings.EqualFold(target.Host, home.Host) || target.Port != home.Port)
}

// placeElsewhere calls at another server. Nothing there learns the answer to a
// challenge: the password belongs to the account's server.
func (c *Call) placeElsewhere(ctx context.Context, s *setup, target sip.Uri) {
	p := c.phone
	next := p.nextHop(ctx, &dialog{target: target})
	w, err := p.way(ctx, next)
	if err != nil {
		p.note(capture.PhoneGaveUp, "INVITE "+c.id)
		return
	}
	offer, err := c.offerFrom(w)
	if err != nil {
		return
	}
	s.seq++
	s.last = true
	c.callOut(ctx, s, p.inviteRequest(c, target, w, offer, s.seq))
}

// mayProve tells whether credentials may go where a request goes: to the addresses of
// the account's server, its proxy and its Service-Route, and to no other. Who is called
// chooses the Contact to which our BYE goes, and could ask for the password there.
func (p *Phone) mayProve(req *sip.Request) bool {
	to := wayOf(req).addr.Addr().String()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.peers[to]
}
