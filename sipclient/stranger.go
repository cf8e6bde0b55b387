package sipclient

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// doorman asks callers from unknown addresses for the account's own password, as RFC
// 3261 22.2 lets a phone do, where the configuration wants that (trap 20): some
// exchanges send calls from other addresses than they register. It only ever looks
// at UDP, for nobody can connect to this phone.
//
// It must not serve for floods against others, or for guessing: challenges are few
// each second, an address that answers wrongly three times gets no more, and no nonce
// is good for more than one INVITE, from one address, within half a minute.
type doorman struct {
	mu     sync.Mutex
	secret []byte
	rate   valve
	used   map[string]time.Time // nonces that were answered, rightly or not
	wrong  map[netip.Addr]int   // wrong answers
	guests map[string]guest     // by Call-ID
}

// guest is a caller who knew the password: until his call stands, what belongs to
// the same INVITE comes in as well.
type guest struct {
	addr   netip.AddrPort
	branch string
	until  time.Time
}

const (
	nonceLife  = 30 * time.Second
	maxGuests  = 32
	maxUsed    = 1024
	maxWrong   = 3    // answers of one address
	maxCrooks  = 1024 // addresses that are remembered for it; beyond them all count
	challenges = 10   // at once; two more each second
	echoes     = 3    // how many times as long as the request a challenge may be
)

func newDoorman() *doorman {
	d := &doorman{secret: make([]byte, 32), rate: valve{burst: challenges, rate: 2},
		used: map[string]time.Time{}, wrong: map[netip.Addr]int{}, guests: map[string]guest{}}
	_, _ = rand.Read(d.secret) // never fails (crypto/rand)
	return d
}

// verdictOn is what the doorman says to a request.
type verdictOn uint8

const (
	ignored  verdictOn = iota // silence
	asked                     // a challenge goes out
	welcomed                  // the request is let in
)

// judge decides about a request from an unknown address.
func (d *doorman) judge(a *authenticator, user string, realm string, req *sip.Request, from netip.AddrPort, now time.Time) verdictOn {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forget(now)
	id, branch := req.CallID().Value(), branchOf(req)
	if g, ok := d.guests[id]; ok && g.addr == from && g.branch == branch {
		return welcomed // a repetition, the ACK of a refusal, or CANCEL
	}
	if tag, _ := req.To().Params.Get("tag"); req.Method != sip.INVITE || tag != "" || a.password == "" {
		return ignored
	}
	crook := from.Addr()
	if len(d.wrong) >= maxCrooks {
		crook = netip.Addr{}
	}
	if d.wrong[crook] >= maxWrong {
		return ignored
	}
	for _, value := range headerValues(req, "Authorization") {
		switch d.proof(a, user, realm, req, value, from, now) {
		case right:
			if len(d.guests) >= maxGuests {
				return ignored
			}
			d.guests[id] = guest{from, branch, now.Add(ringTime)}
			return welcomed
		case wrong:
			d.wrong[crook]++
		}
	}
	if d.wrong[crook] >= maxWrong || !d.rate.pass(0, now) {
		return ignored
	}
	return asked
}

// proven is what credentials are worth.
type proven uint8

const (
	nothing proven = iota // for another server, or for a nonce that is over
	wrong
	right
)

// proof checks one Authorization header (RFC 7616 3.4) for a nonce of ours. The URI in
// it must be that of the request: credentials that somebody drew from this phone for a
// request of its own are no proof.
func (d *doorman) proof(a *authenticator, user, realm string, req *sip.Request, value string, from netip.AddrPort, now time.Time) proven {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(value), " ")
	if !strings.EqualFold(scheme, "Digest") {
		return nothing
	}
	params := digestParams(rest)
	nonce := params["nonce"]
	if params["realm"] != realm || !d.made(nonce, req, from, now) || !d.used[nonce].IsZero() || len(d.used) >= maxUsed {
		return nothing
	}
	d.used[nonce] = now
	algorithm := strings.ToUpper(params["algorithm"])
	if algorithm != "" && !slices.Contains(doorHashes, algorithm) || params["username"] != a.login && params["username"] != user || !sameTarget(params["uri"], req.Recipient) {
		return wrong
	}
	c := challenge{realm: realm, nonce: nonce, algorithm: params["algorithm"]}
	count := 1
	if qop := params["qop"]; qop != "" {
		n, err := strconv.ParseUint(params["nc"], 16, 31)
		if !strings.EqualFold(qop, "auth") || err != nil || n == 0 {
			return wrong
		}
		c.qop, count = true, int(n)
	}
	want := digestParams(strings.TrimPrefix(c.credentials(params["username"], a.password, string(req.Method), params["uri"], params["cnonce"], count), "Digest "))["response"]
	if subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(params["response"]))) != 1 {
		return wrong
	}
	return right
}

// doorHashes are the algorithms that are asked for, best first (RFC 8760 2.4).
var doorHashes = []string{"SHA-256", "MD5"}

// sameTarget tells whether the URI in credentials is the request's.
func sameTarget(text string, target sip.Uri) bool {
	var uri sip.Uri
	if sip.ParseUri(text, &uri) != nil {
		return false
	}
	return uri.User == target.User && strings.EqualFold(uri.Host, target.Host) && uri.Port == target.Port
}

// nonce makes a nonce that tells its own age, and for whom it is.
func (d *doorman) nonce(req *sip.Request, from netip.AddrPort, at time.Time) string {
	stamp := strconv.FormatInt(at.Unix(), 16)
	h := hmac.New(sha256.New, d.secret)
	fmt.Fprintf(h, "%s %s %s", stamp, from, req.CallID().Value())
	return stamp + "." + hex.EncodeToString(h.Sum(nil)[:16])
}

// made tells whether a nonce is ours, for this caller, and not too old.
func (d *doorman) made(nonce string, req *sip.Request, from netip.AddrPort, now time.Time) bool {
	stamp, _, _ := strings.Cut(nonce, ".")
	at, err := strconv.ParseInt(stamp, 16, 64)
	if err != nil {
		return false
	}
	age := now.Sub(time.Unix(at, 0))
	return age > -time.Second && age < nonceLife+time.Second && hmac.Equal([]byte(nonce), []byte(d.nonce(req, from, time.Unix(at, 0))))
}

// forget drops what is over.
func (d *doorman) forget(now time.Time) {
	for n, at := range d.used {
		if now.Sub(at) > 2*nonceLife {
			delete(d.used, n)
		}
	}
	for id, g := range d.guests {
		if now.After(g.until) {
			delete(d.guests, id)
		}
	}
}

// welcome decides about a request from an unknown address, and asks it for the
// password where that may help. It runs on the socket's goroutine.
// size is how many bytes the request had.
func (p *Phone) welcome(to *sipConn, req *sip.Request, size int, from netip.AddrPort) verdictOn {
	if p.door == nil || to == nil {
		return ignored
	}
	if req.IsAck() && p.door.judge(p.auth, p.cfg.User, "", req, from, time.Now()) != welcomed {
		return asked // of our challenge: that is its end
	}
	p.mu.Lock()
	_, over := p.past[req.CallID().Value()]
	p.mu.Unlock()
	if over {
		return ignored // the call has ended: this is a copy of its beginning
	}
	realm := p.domainURI().Host
	verdict := p.door.judge(p.auth, p.cfg.User, realm, req, from, time.Now())
	if verdict == asked && !p.challengeStranger(to, req, size, realm, from) {
		return ignored
	}
	return verdict
}

// challengeStranger answers with 401 outside all transactions: a stranger costs no
// memory. It is not repeated; the caller repeats the INVITE. The sender's address may
// be forged, so a short request draws only one challenge, or no answer at all: what the
// phone sends is never worth much more than what it took to draw it.
func (p *Phone) challengeStranger(to *sipConn, req *sip.Request, size int, realm string, from netip.AddrPort) bool {
	if via := req.Via(); via != nil { // RFC 3261 18.2.1, RFC 3581 4
		via.Params.Remove("received")
		via.Params.Add("received", from.Addr().String())
		if via.Params.Has("rport") {
			via.Params.Remove("rport")
			via.Params.Add("rport", strconv.Itoa(int(from.Port())))
		}
	}
	p.door.mu.Lock()
	nonce := p.door.nonce(req, from, time.Now())
	p.door.mu.Unlock()
	var extra []string
	for _, algorithm := range doorHashes {
		extra = append(extra, "WWW-Authenticate", fmt.Sprintf(`Digest realm="%s", nonce="%s", algorithm=%s, qop="auth"`, quote(realm), nonce, algorithm))
	}
	text := response(req, sip.StatusUnauthorized, "Unauthorized", extra...).String()
	if len(text) > echoes*size {
		text = response(req, sip.StatusUnauthorized, "Unauthorized", extra[2:]...).String() // MD5, which all know
	}
	if len(text) > echoes*size {
		return false
	}
	_ = p.sending(func() error {
		_, err := to.WriteTo([]byte(text), net.UDPAddrFromAddrPort(from))
		return err
	})
	return true
}

// branchOf gives the branch of a request's first Via.
func branchOf(req *sip.Request) string {
	branch, _ := req.Via().Params.Get("branch")
	return branch
}
