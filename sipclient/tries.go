package sipclient

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// maxRefused is how often a password that the server refuses is sent: registrars
// lock accounts and addresses that keep guessing.
const maxRefused = 3

// Tries counts how often servers refused one password. The zero value is ready.
// Phones that send the same password share one: registrations, questions, calls and
// further runs then stay within three tries together. It is safe for concurrent use.
type Tries struct {
	mu       sync.Mutex
	refused  int         // answers that a further challenge followed
	underway int         // answers whose fate is not known yet
	queue    []chan bool // who waits for a use, in order; each gets one word
}

// Spent tells whether the password was refused so often that it is not sent again.
func (t *Tries) Spent() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refused >= maxRefused
}

// take reserves one use if that is possible now.
func (t *Tries) take() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.reserve()
}

func (t *Tries) reserve() bool {
	if t.refused+t.underway >= maxRefused {
		return false
	}
	t.underway++
	return true
}

// wait reserves one use, and waits for it while those underway may still turn out to
// be right: of many calls at once, each gets its turn. false: the password is spent,
// or the context is done (then with its error). Who waits must hold no use.
func (t *Tries) wait(ctx context.Context) (bool, error) {
	t.mu.Lock()
	if t.reserve() || t.refused >= maxRefused {
		defer t.mu.Unlock()
		return t.refused < maxRefused, nil
	}
	turn := make(chan bool, 1)
	t.queue = append(t.queue, turn)
	t.mu.Unlock()
	select {
	case ok := <-turn:
		return ok, nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.queue, turn); i >= 0 {
		t.queue = slices.Delete(t.queue, i, i+1)
		return false, ctx.Err()
	}
	return <-turn, nil // it came at the same moment
}

// judged books what became of a use, and lets those go on that waited for it.
func (t *Tries) judged(refused bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.underway--
	if refused {
		t.refused++
	}
	t.admit()
}

// blame counts a refusal of a use that was judged too kindly before.
func (t *Tries) blame() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused++
	t.admit()
}

// admit gives those in the queue their word: a use, or that there is none any more.
func (t *Tries) admit() {
	for len(t.queue) > 0 {
		ok := t.reserve()
		if !ok && t.refused < maxRefused {
			return // until another is judged
		}
		t.queue[0] <- ok
		t.queue = t.queue[1:]
	}
}

// pardon takes one refusal back: the same password was right a moment later.
func (t *Tries) pardon() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused = max(t.refused-1, 0)
	t.admit()
}

// keptNonce is a challenge of the registrar that our password has passed. A
// REGISTER soon after carries its answer at once (RFC 7616 3.3 lets a client), so
// that asking for the bindings first costs no further round.
type keptNonce struct {
	*challenge
	proxy bool
	count int // how often it was used
	until time.Time
}

// keepNonce is how long a challenge is used again. Registrars keep them for 30 s
// at least; a refresh, minutes later, rather asks for a new one.
const keepNonce = 20 * time.Second

// early adds credentials from the last challenge to a REGISTER, where that is still
// fresh, and gives the request.
func (r *authRound) early(req *sip.Request) *sip.Request {
	a := r.auth
	a.mu.Lock()
	kept := a.kept
	if kept != nil && time.Now().After(kept.until) {
		kept, a.kept = nil, nil
	}
	a.mu.Unlock()
	if kept == nil || !a.tries.take() {
		return req
	}
	r.open = true
	kept.count++ // one REGISTER at a time: nobody else uses it now
	r.used, r.sent = kept, kept.challenge
	return a.dress(req, kept.challenge, kept.proxy, kept.count)
}

// reused judges a challenge to credentials that went along unasked. true: the
// password itself is refused, for the server still stands by that nonce. A new
// nonce without "stale" may mean either; it counts as a refusal until the answer to
// the new one shows that the password is right.
func (r *authRound) reused(best *challenge, proxy bool) bool {
	used := r.used
	r.used = nil
	r.auth.keep(nil)
	if used.proxy != proxy {
		return false // another server's question
	}
	if best != nil && best.stale {
		return false
	}
	r.settle(true)
	if best != nil && best.nonce == used.nonce {
		return true
	}
	r.doubted = true
	return false
}

// passed books a final answer that is no challenge. Some registrars say 403 to a
// wrong password.
func (r *authRound) passed(req *sip.Request, res *sip.Response) {
	r.settle(req.Method == sip.REGISTER && res.StatusCode == sip.StatusForbidden)
	if !res.IsSuccess() {
		return
	}
	if r.doubted {
		r.doubted, r.refused = false, false
		r.auth.tries.pardon()
	}
	if req.Method != sip.REGISTER || r.sent == nil || r.used != nil {
		return
	}
	proxy := req.GetHeader("Authorization") == nil
	if proxy || req.GetHeader("Proxy-Authorization") == nil { // one server asks, not two
		r.auth.keep(&keptNonce{challenge: r.sent, proxy: proxy, count: 1, until: time.Now().Add(keepNonce)})
	}
}

func (a *authenticator) keep(k *keptNonce) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.kept = k
}
