package sipclient

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
)

// grantedTime reads how long our own binding lives: the expires parameter of our
// Contact, else the Expires header, else what we asked (RFC 3261 10.2.4).
func (p *Phone) grantedTime(res *sip.Response, asked time.Duration) time.Duration {
	for _, line := range headerValues(res, "Contact") {
		for _, contact := range splitList(line) {
			if !strings.Contains(contact, p.token) {
				continue
			}
			_, params, _ := strings.Cut(contact, ">")
			for _, param := range strings.Split(params, ";") {
				if key, val, ok := strings.Cut(param, "="); ok && strings.EqualFold(strings.TrimSpace(key), "expires") {
					if d := seconds(unquote(val)); d > 0 {
						return d
					}
				}
			}
		}
	}
	if d := seconds(firstValue(res, "Expires")); d > 0 {
		return d
	}
	return asked
}

// refreshIn gives when a registration is refreshed that was granted for some time: at
// three quarters of it, but not every moment where a server grants a second.
func (p *Phone) refreshIn(granted time.Duration) time.Duration {
	if after := granted * 3 / 4; after >= p.timing.refresh {
		return after
	}
	p.noteOnce(capture.PhoneLimit, fmt.Sprintf("this test phone renews its sign-in every %s at most: the server keeps it for %s only", p.timing.refresh, granted), 0)
	return p.timing.refresh
}

// schedule arms the next refresh (see refreshIn), or,
// after a failure that may pass, gently: as Retry-After says, else with growing
// pauses. A refusal of the account or the password is never repeated by itself.
func (p *Phone) schedule(got outcome, asked bool) {
	r := &p.reg
	r.mu.Lock()
	defer r.mu.Unlock()
	if p.leaving.Err() != nil {
		return
	}
	var after time.Duration
	switch {
	case got.granted > 0:
		after = p.refreshIn(got.granted)
		r.wait = 0
	case got.refused, got.status >= 300 && got.status < 500 && got.status != 408 && got.status != 480, got.status >= 600:
		return
	case got.retry > 0:
		after = max(got.retry, time.Second)
	case asked && got.status == 0:
		return // silence to the person's own attempt: they see it and decide
	default:
		r.wait = min(max(2*r.wait, p.timing.retry), 10*time.Minute)
		after = r.wait
	}
	p.arm(after)
}

// arm sets the time of the next REGISTER. r.mu is held.
func (p *Phone) arm(after time.Duration) {
	r := &p.reg
	if r.timer != nil {
		r.timer.Stop()
	}
	r.timer = time.AfterFunc(min(after, 24*time.Hour), func() {
		p.inBackground(func() { p.schedule(p.register(p.leaving, p.expires()), false) })
	})
}

// rejoin signs in again after the connection to the registrar was lost, for calls
// come by it. A server that closes each connection soon is asked ever more rarely.
func (p *Phone) rejoin(lived time.Duration) {
	r := &p.reg
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.bound || p.leaving.Err() != nil {
		return
	}
	if lived > time.Minute {
		r.lost = 0
	}
	r.lost = min(max(2*r.lost, p.timing.rejoin), 5*time.Minute)
	p.arm(r.lost + rand.N(r.lost/4+1)) // many phones lose a server at the same time
}

// retryAfter reads a Retry-After header (RFC 3261 20.33), 0 without one.
func retryAfter(res *sip.Response) time.Duration {
	value := firstValue(res, "Retry-After")
	end := strings.IndexFunc(value, func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		value = value[:end]
	}
	return seconds(value)
}

// seconds reads a number of seconds, 0 when it is none; it stops at a day times ten.
func seconds(s string) time.Duration {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 32)
	if err != nil {
		return 0
	}
	return time.Duration(min(n, 864000)) * time.Second
}
