package sipclient

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
)

// registration is the phone's own binding at its registrar (RFC 3261 10.2).
type registration struct {
	one     chan struct{} // held: one REGISTER at a time (10.2)
	mu      sync.Mutex
	callID  string
	fromTag string
	cseq    uint32
	bound   bool // the registrar took our binding
	unsure  bool // a REGISTER is out whose answer nobody knows
	timer   *time.Timer
	wait    time.Duration // before the next try after a failure
	lost    time.Duration // before the connection is made again that was lost last
	contact string        // the URI that was sent last
	service []string      // the registrar's Service-Route (RFC 3608), of its last 200
	stale   []string      // URIs of ours that the registrar may still have
}

// take waits until no REGISTER is underway; false when the context ends first.
func (r *registration) take(ctx context.Context) bool {
	select {
	case r.one <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (r *registration) free() { <-r.one }

// outcome is what one registration attempt came to.
type outcome struct {
	status  int           // final status, 0 for silence
	granted time.Duration // how long our binding lives
	retry   time.Duration // what Retry-After asks, 0 without
	refused bool          // the password was refused, or none may be sent
}

// Register signs in and keeps the registration alive until Close. It returns at
// the server's final word, or after about 8 s of silence, with nil in both cases:
// what the server said stands on the tape. Calling it again refreshes at once.
func (p *Phone) Register(ctx context.Context) error {
	if err := p.usable(); err != nil {
		return err
	}
	got := p.register(ctx, p.expires())
	p.schedule(got, true)
	return ctx.Err()
}

// expires is how long we ask a registration to live.
func (p *Phone) expires() time.Duration {
	if p.cfg.Expires >= time.Second {
		return p.cfg.Expires
	}
	return 300 * time.Second
}

// register does one attempt, at as many of the server's addresses as it takes.
func (p *Phone) register(ctx context.Context, expires time.Duration) (got outcome) {
	p.leftover()
	p.atRegistrar(ctx, func(ctx context.Context, last bool) (why string) {
		got, why = p.registerAt(ctx, expires, last)
		return why
	})
	return got
}

// atRegistrar tries one address of the server after the other, until try says no
// more why the next should be tried. Only one runs at a time.
func (p *Phone) atRegistrar(ctx context.Context, try func(ctx context.Context, last bool) (why string)) {
	ctx, stop := context.WithTimeout(ctx, p.timing.register)
	defer stop()
	defer context.AfterFunc(p.leaving, stop)()
	if !p.reg.take(ctx) {
		return
	}
	defer p.reg.free()
	defer p.probeLater(ctx)()
	hops := p.tour()
	for i := range hops {
		left := len(hops) - i
		part, stop := share(ctx, left)
		why := try(part, left == 1)
		stop()
		switch {
		case why == "" || p.leaving.Err() != nil:
			return
		case left > 1:
			p.turn(hops[i+1], why)
		case len(hops) > 1:
			p.turn(p.targets[0], "")
		}
	}
}

// registerAt tries one address: challenges, and one repeat with the server's
// Min-Expires after a 423. A redirection is not followed: it is evidence. why tells
// when the next address should be tried.
func (p *Phone) registerAt(ctx context.Context, expires time.Duration, last bool) (got outcome, why string) {
	for range 2 {
		w, err := p.out(ctx)
		if err != nil {
			return got, failure(nil, err)
		}
		req := p.registerRequest(expires, w)
		round := p.auth.round()
		res, sent, err := p.converseWith(ctx, round.early(req), round)
		p.registerSeq(sent)
		if err != nil {
			if last && ctx.Err() == context.DeadlineExceeded {
				p.note(capture.PhoneGaveUp, "REGISTER "+p.registerID())
			}
			return got, failure(nil, err)
		}
		service := serviceRoute(res)
		p.reg.judged(res.IsSuccess(), service)
		if !res.IsSuccess() && res.StatusCode != 423 {
			p.refusedHere()
		}
		if res.IsSuccess() && len(service) > 0 {
			p.inBackground(func() { p.befriend(service) })
		}
		if res.IsSuccess() {
			p.remember([]string{contactURI(sent)}, p.grantedTime(res, expires))
		}
		got = outcome{status: res.StatusCode, retry: retryAfter(res), refused: round.refused || p.auth.tries.Spent()}
		if res.IsSuccess() {
			got.granted = p.grantedTime(res, expires)
			return got, ""
		}
		min := seconds(firstValue(res, "Min-Expires"))
		if res.StatusCode != 423 || min <= expires {
			return got, failure(res, nil)
		}
		expires = min
	}
	return got, ""
}

// registerRequest builds the next REGISTER; zero expires removes our binding. A
// binding of ours for a connection that is gone is removed along the way.
func (p *Phone) registerRequest(expires time.Duration, w way) *sip.Request {
	r := &p.reg
	uri := p.contactAt(w.local)
	contact := uri.String()
	r.mu.Lock()
	if r.contact != "" && r.contact != contact && len(r.stale) < 4 {
		r.stale = append(r.stale, r.contact)
	}
	r.contact = contact
	stale := slices.DeleteFunc(slices.Clone(r.stale), func(s string) bool { return s == contact })
	id, tag, cseq := r.next()
	r.unsure = true
	r.mu.Unlock()
	p.remember(append([]string{contact}, stale...), max(expires, p.expires()))
	me := p.identity(p.cfg.User)
	req := p.request(sip.REGISTER, p.domainURI(), head{callID: id, from: me, to: me, fromTag: tag, route: p.preset()}, cseq, w)
	text := strconv.Itoa(int(expires / time.Second))
	req.AppendHeader(sip.NewHeader("Contact", "<"+contact+">;expires="+text))
	for _, old := range stale {
		req.AppendHeader(sip.NewHeader("Contact", "<"+old+">;expires=0"))
	}
	req.AppendHeader(sip.NewHeader("Expires", text))
	req.AppendHeader(sip.NewHeader("Allow", allowed))
	req.AppendHeader(sip.NewHeader("Supported", "path")) // RFC 3327 5.1: proxies may add themselves
	return req
}

// next gives what the next REGISTER carries. r.mu is held.
func (r *registration) next() (callID, fromTag string, cseq uint32) {
	if r.callID == "" {
		r.callID, r.fromTag = randomHex(12), randomHex(6)
	}
	r.cseq++
	return r.callID, r.fromTag, r.cseq
}

// judged books the registrar's final word about our binding.
func (r *registration) judged(taken bool, service []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unsure = false
	if taken {
		r.bound, r.stale, r.service = true, nil, service
	}
}

// refusedHere corrects the journal after a refusal: the contact of that REGISTER does
// not stand, unless an earlier one put it there.
func (p *Phone) refusedHere() {
	r := &p.reg
	r.mu.Lock()
	bound, left := r.bound, slices.Clone(r.stale)
	r.mu.Unlock()
	if !bound {
		p.remember(left, p.expires())
	}
}

// registerSeq takes over the CSeq number that repeats with credentials have used.
func (p *Phone) registerSeq(last *sip.Request) {
	if c := last.CSeq(); c != nil {
		p.reg.mu.Lock()
		p.reg.cseq = max(p.reg.cseq, c.SeqNo)
		p.reg.mu.Unlock()
	}
}

func (p *Phone) registerID() string {
	p.reg.mu.Lock()
	defer p.reg.mu.Unlock()
	return p.reg.callID
}

// unregister removes our own binding, and only ours: "Contact: *" would sign off
// the person's other phones (trap 1).
func (p *Phone) unregister(ctx context.Context) {
	r := &p.reg
	r.mu.Lock()
	if r.timer != nil {
		r.timer.Stop()
	}
	stands := r.bound || r.unsure
	r.mu.Unlock()
	if !stands {
		return
	}
	ctx, stop := context.WithTimeout(ctx, 1500*time.Millisecond)
	defer stop()
	if !r.take(ctx) {
		return
	}
	defer r.free()
	w, err := p.out(ctx)
	if err != nil {
		return
	}
	res, last, _ := p.converse(ctx, p.registerRequest(0, w))
	p.registerSeq(last)
	if res != nil && res.IsSuccess() {
		p.remember(nil, 0)
	}
}

// contactURI gives the contact that a REGISTER of ours is about.
func contactURI(req *sip.Request) string {
	uri, _, _ := strings.Cut(strings.TrimPrefix(firstValue(req, "Contact"), "<"), ">")
	return uri
}

// firstValue gives a header's first value, "" without one.
func firstValue(m sip.Message, name string) string {
	if list := headerValues(m, name); len(list) > 0 {
		return strings.TrimSpace(list[0])
	}
	return ""
}
