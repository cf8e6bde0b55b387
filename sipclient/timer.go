package sipclient

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
)

// sessionTimer is what both sides agreed about signs of life in a call (RFC 4028).
type sessionTimer struct {
	interval time.Duration // 0: none
	ours     bool          // we refresh
}

// usualSession is the interval that is asked for where one must be named (RFC 4028 4).
const usualSession = 1800 * time.Second

// sessionExpires reads a Session-Expires header, also in its compact form.
func sessionExpires(m sip.Message) (interval time.Duration, refresher string) {
	value := firstValue(m, "Session-Expires")
	if value == "" {
		value = firstValue(m, "x")
	}
	first, params, _ := strings.Cut(value, ";")
	for _, param := range strings.Split(params, ";") {
		if key, val, ok := strings.Cut(param, "="); ok && strings.EqualFold(strings.TrimSpace(key), "refresher") {
			refresher = strings.ToLower(strings.TrimSpace(val))
		}
	}
	return seconds(first), refresher
}

// agreed reads the timer in a 2xx to a request of ours (RFC 4028 7.2).
func agreed(res *sip.Response) sessionTimer {
	interval, refresher := sessionExpires(res)
	return sessionTimer{interval, refresher != "uas"}
}

// tooBrief refuses a request whose session interval is too short (RFC 4028 9).
func (p *Phone) tooBrief(req *sip.Request, tx sip.ServerTransaction) bool {
	interval, _ := sessionExpires(req)
	if interval == 0 || interval >= p.timing.session {
		return false
	}
	reply(req, tx, 422, "Session Interval Too Small", "Min-SE", strconv.Itoa(int(p.timing.session/time.Second)))
	return true
}

// grant answers the timer that a request asks for: the caller refreshes unless it
// wants us to (RFC 4028 9). It adds the headers to our 2xx.
func grant(req *sip.Request, res *sip.Response) sessionTimer {
	interval, refresher := sessionExpires(req)
	if interval == 0 {
		return sessionTimer{}
	}
	if refresher != "uas" {
		refresher = "uac"
		if !supports(req, "timer") {
			refresher = "uas" // a proxy asks, the caller does not know timers
		}
	}
	if refresher == "uac" {
		res.AppendHeader(sip.NewHeader("Require", "timer"))
	}
	res.AppendHeader(sip.NewHeader("Session-Expires", strconv.Itoa(int(interval/time.Second))+";refresher="+refresher))
	return sessionTimer{interval, refresher == "uas"}
}

// requires tells whether a message insists on an option tag.
func requires(m sip.Message, tag string) bool {
	for _, line := range headerValues(m, "Require") {
		for _, t := range splitList(line) {
			if strings.EqualFold(t, tag) {
				return true
			}
		}
	}
	return false
}

// supports tells whether a message names an option tag in Supported or Require.
func supports(m sip.Message, tag string) bool {
	for _, name := range []string{"Supported", "k", "Require"} {
		for _, line := range headerValues(m, name) {
			for _, t := range splitList(line) {
				if strings.EqualFold(t, tag) {
					return true
				}
			}
		}
	}
	return false
}

// longer gives the INVITE to send after a 422: with the interval that the server
// wants, and without credentials, whose nonce is used (RFC 4028 7.4). nil when the
// answer names none.
func longer(invite *sip.Request, res *sip.Response) *sip.Request {
	min := seconds(firstValue(res, "Min-SE"))
	if res.StatusCode != 422 || min == 0 {
		return nil
	}
	next := again(invite)
	for _, name := range []string{"Authorization", "Proxy-Authorization", "Session-Expires", "Min-SE"} {
		for next.RemoveHeader(name) {
		}
	}
	next.AppendHeader(sip.NewHeader("Session-Expires", strconv.Itoa(int(max(min, usualSession)/time.Second))))
	next.AppendHeader(sip.NewHeader("Min-SE", strconv.Itoa(int(min/time.Second))))
	return next
}

// timed takes over what a 2xx agreed, and begins to watch the session once.
func (c *Call) timed(t sessionTimer) {
	c.mu.Lock()
	running := c.timer != nil
	if !running {
		if t.interval == 0 {
			c.mu.Unlock()
			return
		}
		c.timer = make(chan sessionTimer, 8)
	}
	timer := c.timer
	c.mu.Unlock()
	select {
	case timer <- t:
	default:
	}
	if !running {
		c.phone.inBackground(func() { c.watch(timer) })
	}
}

// watch refreshes the session at half its interval, if that is ours to do, and
// ends a call whose other side does not (RFC 4028 10).
func (c *Call) watch(agreements <-chan sessionTimer) {
	var alarm <-chan time.Time
	var t sessionTimer
	for {
		select {
		case t = <-agreements:
			switch {
			case t.interval == 0:
				alarm = nil
			case t.ours:
				alarm = time.After(t.interval / 2)
			default:
				alarm = time.After(t.interval - min(32*time.Second, t.interval/3))
			}
		case <-alarm:
			if !t.ours {
				c.phone.note(capture.PhoneGaveUp, "UPDATE "+c.id)
				c.hangOnce.Do(func() { close(c.hang) })
				return
			}
			next, alive := c.refresh(t)
			if !alive {
				c.hangOnce.Do(func() { close(c.hang) })
				return
			}
			alarm = time.After(next)
		case <-c.over:
			return
		case <-c.gone:
			return
		case <-c.hang:
			return
		case <-c.phone.ctx.Done():
			return
		}
	}
}

// refreshByOffer is refresh with a re-INVITE.
func (c *Call) refreshByOffer(ctx context.Context, t sessionTimer) (next time.Duration, alive bool) {
	res, err := c.offerAgain(ctx, func(req *sip.Request) {
		req.AppendHeader(sip.NewHeader("Session-Expires", strconv.Itoa(int(t.interval/time.Second))+";refresher=uac"))
	})
	return t.interval / 2, err == nil && res.StatusCode != 481 && res.StatusCode != 408
}

// refresh sends an UPDATE without a description (RFC 4028 7.4). It tells when the
// next one is due, and whether the other side still knows the call.
func (c *Call) refresh(t sessionTimer) (next time.Duration, alive bool) {
	p, d := c.phone, c.established()
	// An answer that comes after this is too late to save the session.
	ctx, stop := context.WithTimeout(p.ctx, max(t.interval/2-min(32*time.Second, t.interval/3), t.interval/8))
	defer stop()
	defer context.AfterFunc(p.leaving, stop)()
	req := p.inDialog(d, sip.UPDATE)
	req.AppendHeader(sip.NewHeader("Contact", p.contactFor(req)))
	req.AppendHeader(sip.NewHeader("Supported", "timer"))
	req.AppendHeader(sip.NewHeader("Session-Expires", strconv.Itoa(int(t.interval/time.Second))+";refresher=uac"))
	res, last, err := p.converse(ctx, req)
	d.used(last)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, ErrClosed):
		return t.interval, true
	case err != nil:
		p.note(capture.PhoneGaveUp, "UPDATE "+c.id)
		return 0, false
	case res.StatusCode == 481, res.StatusCode == 408:
		return 0, false
	case res.StatusCode == 405, res.StatusCode == 501: // it knows no UPDATE
		return c.refreshByOffer(ctx, t)
	case res.IsSuccess():
		if again := agreed(res); again.interval > 0 {
			c.timed(again)
		}
	}
	return t.interval / 2, true
}
