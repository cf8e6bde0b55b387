package practice

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"softphonedoctor/sipclient/sipmsg"
)

// What the registrar grants, in seconds (RFC 3261 10.3).
const (
	defaultExpires = 300
	maxExpires     = 3600
)

// binding is one registered contact.
type binding struct {
	uri     string
	via     peer // where its requests come from: calls go there
	expires time.Time
	other   bool // a made-up phone of the account: it gets no calls
}

// signInOthers makes up the phones that are signed in already. They are at home in a
// network for documentation (RFC 5737).
func (p *PBX) signInOthers() {
	for i := range p.fault.register.devices {
		p.bindings = append(p.bindings, binding{
			uri:     fmt.Sprintf("sip:%s@192.0.2.%d:5060", account, 20+i%200),
			expires: time.Now().Add(maxExpires * time.Second), other: true,
		})
	}
}

// Bindings lists the contacts of the account that live, as their URIs.
func (p *PBX) Bindings() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for _, b := range p.bindings {
		if time.Now().Before(b.expires) {
			list = append(list, b.uri)
		}
	}
	return list
}

// onRegister is the registrar (RFC 3261 10.3), or what the fault makes of it.
func (p *PBX) onRegister(tx *transaction) {
	sw := p.fault.register
	switch {
	case sw.silent:
	case p.fault.line.cutAsking && tx.from.line != nil && len(tx.request.Contacts()) > 0:
		_ = tx.from.line.Close()
	case sw.redirect && tx.from.local() != p.moved:
		tx.respond(reply{code: 301, phrase: "Moved Permanently", headers: []string{
			fmt.Sprintf("Contact: <sip:%s>", p.moved),
		}}, nil)
	case sw.atOnce != nil:
		tx.respond(*sw.atOnce, nil)
	case !p.authorized(tx.request, "Authorization"):
		tx.respond(reply{code: 401, phrase: "Unauthorized", headers: []string{p.challenge("WWW-Authenticate")}}, nil)
	case sw.after != nil:
		tx.respond(*sw.after, nil)
	case sw.lost != nil && signingIn(tx.request) && p.bound():
		tx.respond(*sw.lost, nil)
	default:
		p.bind(tx)
	}
}

// signingIn tells a sign-in from a question and from a sign-out.
func signingIn(m *sipmsg.Message) bool {
	for _, contact := range m.Contacts() {
		if requestedExpires(m, contact) > 0 {
			return true
		}
	}
	return false
}

// bound tells whether the phone is signed in.
func (p *PBX) bound() bool {
	_, ok := p.registered()
	return ok
}

// bind adds, refreshes or removes the request's contacts and lists all that are
// left, as RFC 3261 10.3 asks.
func (p *PBX) bind(tx *transaction) {
	m := tx.request
	for _, contact := range m.Contacts() {
		if s := requestedExpires(m, contact); s > 0 && s < p.fault.register.minExpires {
			tx.respond(reply{code: 423, phrase: "Interval Too Brief", headers: []string{
				fmt.Sprintf("Min-Expires: %d", p.fault.register.minExpires),
			}}, nil)
			return
		}
	}
	p.mu.Lock()
	now := time.Now()
	for _, contact := range m.Contacts() {
		if contact.IsAny() {
			p.bindings = nil
			continue
		}
		p.bindings = without(p.bindings, contact.URI.Raw)
		if p.fault.register.single && requestedExpires(m, contact) > 0 {
			p.bindings = nil
		}
		if s := min(requestedExpires(m, contact), maxExpires); s > 0 && !p.fault.register.forget {
			p.bindings = append(p.bindings, binding{
				uri: contact.URI.Raw, via: tx.from, expires: now.Add(time.Duration(s) * time.Second),
			})
		}
	}
	var list []string
	for _, b := range p.bindings {
		if left := b.expires.Sub(now).Round(time.Second); left > 0 {
			list = append(list, fmt.Sprintf("Contact: <%s>;expires=%d", p.shown(b), left/time.Second))
		}
	}
	p.mu.Unlock()
	tx.respond(reply{code: 200, phrase: "OK", headers: list}, nil)
	if i := p.fault.ring; i.after > 0 && signingIn(m) {
		p.ringOnce.Do(func() {
			p.spawn(func() {
				if p.sleep(i.after) {
					_ = p.callPhone(p.ctx, i) // how the phone takes it is what is practised
				}
			})
		})
	}
	if signingIn(m) {
		p.cut(tx.from)
	}
}

// shown is a contact as it comes back: unchanged, unless a router meddles.
func (p *PBX) shown(b binding) string {
	if !p.fault.alg {
		return b.uri
	}
	return fmt.Sprintf("sip:%s@%s:%d", account, algHost, algPort)
}

// requestedExpires is the lifetime that the phone asks for, in seconds.
func requestedExpires(m *sipmsg.Message, contact sipmsg.Address) int {
	for _, s := range []string{contact.Params.Get("expires"), m.Get("Expires")} {
		if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil && n >= 0 {
			return n
		}
	}
	return defaultExpires
}

// without gives the bindings except the one for this contact.
func without(list []binding, uri string) []binding {
	var kept []binding
	for _, b := range list {
		if b.uri != uri {
			kept = append(kept, b)
		}
	}
	return kept
}

// registered gives the newest live binding.
func (p *PBX) registered() (binding, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.bindings) - 1; i >= 0; i-- {
		if b := p.bindings[i]; !b.other && time.Now().Before(b.expires) {
			return b, true
		}
	}
	return binding{}, false
}
