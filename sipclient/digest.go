package sipclient

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
	"sync"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
)

// authenticator answers digest challenges (RFC 3261 22, RFC 7616, RFC 8760) for
// one phone.
type authenticator struct {
	login, password string
	tries           *Tries

	mu   sync.Mutex
	kept *keptNonce // the registrar's last challenge that our password passed
}

func newAuthenticator(a Account, tries *Tries) *authenticator {
	login := a.Login
	if login == "" {
		login = a.User
	}
	if tries == nil {
		tries = &Tries{}
	}
	return &authenticator{login: login, password: a.Password, tries: tries}
}

// round begins the exchange around one request; end it when it is over.
func (a *authenticator) round() *authRound {
	return &authRound{auth: a, answered: map[bool]bool{}}
}

// authRound is one request and its repeats with credentials.
type authRound struct {
	auth     *authenticator
	answered map[bool]bool // by "is it a proxy's challenge"
	stale    int
	open     bool       // credentials are out and not judged yet
	eased    bool       // they seem to have passed: the call rings
	late     bool       // the time was over before it was this round's turn
	refused  bool       // the server said no to the password
	used     *keptNonce // what the credentials that went along unasked were made of
	doubted  bool       // those were refused, and the nonce may be why
	sent     *challenge // what the last credentials answer
}

// end must be called when no more answers will come.
func (r *authRound) end() { r.settle(false) }

// settle books what became of the credentials that were sent last.
func (r *authRound) settle(refused bool) {
	switch {
	case r.open:
		r.auth.tries.judged(refused)
	case r.eased && refused:
		r.auth.tries.blame()
	default:
		return
	}
	r.open, r.eased = false, false
	r.refused = r.refused || refused
}

// progress books that the call is on its way: whoever lets it ring took the
// credentials, and the next call need not wait until somebody answers. 100 says
// nothing: servers send it before they look.
func (r *authRound) progress(res *sip.Response) {
	if r.open && res.StatusCode > sip.StatusTrying {
		r.settle(false)
		r.eased = true
	}
}

// take reserves one use of the password, unless it was refused too often, and waits
// for its turn where others are out.
func (r *authRound) take(ctx context.Context, p *Phone) (ok bool) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(p.ctx, stop)()
	ok, err := r.auth.tries.wait(ctx)
	r.open, r.late = ok, err != nil
	return ok
}

// answer gives the request to send next when res is a challenge that we can and
// may answer, else nil: then res is final. The server's word that a nonce is
// stale is no refusal. The context bounds the wait for other uses of the password.
func (r *authRound) answer(ctx context.Context, p *Phone, req *sip.Request, res *sip.Response) *sip.Request {
	proxy := res.StatusCode == sip.StatusProxyAuthRequired
	if res.StatusCode != sip.StatusUnauthorized && !proxy {
		r.passed(req, res)
		return nil
	}
	best, offered := pick(res, proxy)
	switch {
	case r.used != nil:
		if r.reused(best, proxy) {
			return nil
		}
	case r.answered[proxy]:
		if best == nil || !best.stale || r.stale >= 2 {
			r.settle(true)
			return nil
		}
		r.stale++
	}
	r.settle(false)
	id := ""
	if h := res.CallID(); h != nil {
		id = h.Value()
	}
	if best == nil {
		p.note(capture.PhoneDigest, id+" algorithm="+offered)
		return nil
	}
	if r.auth.password == "" {
		p.note(capture.PhoneWithheld, id+" none")
		return nil
	}
	if !p.mayProve(req) {
		return nil
	}
	if !r.take(ctx, p) {
		if r.late {
			return nil
		}
		p.note(capture.PhoneWithheld, fmt.Sprintf("%s refused=%d", id, maxRefused))
		return nil
	}
	r.answered[proxy] = true
	r.sent = best
	return r.auth.dress(again(req), best, proxy, 1)
}

// dress puts the answer to a challenge into a request, in place of an earlier one.
func (a *authenticator) dress(req *sip.Request, c *challenge, proxy bool, count int) *sip.Request {
	name := "Authorization"
	if proxy {
		name = "Proxy-Authorization"
	}
	for req.RemoveHeader(name) {
	}
	value := c.credentials(a.login, a.password, string(req.Method), req.Recipient.String(), randomHex(8), count)
	req.AppendHeader(sip.NewHeader(name, value))
	return req
}

// challenge is one digest challenge that we can answer.
type challenge struct {
	realm, nonce, opaque, algorithm string
	qop, stale                      bool // qop: "auth" is offered
	rank                            int
}

// hashes maps an algorithm to its hash and its strength.
var hashes = map[string]struct {
	make func() hash.Hash
	rank int
}{
	"":            {md5.New, 1},
	"MD5":         {md5.New, 1},
	"SHA-256":     {sha256.New, 2},
	"SHA-512-256": {sha512.New512_256, 3},
}

// pick finds the strongest challenge that we can answer among all headers of the
// response, and says what was offered when there is none.
func pick(res *sip.Response, proxy bool) (best *challenge, offered string) {
	name := "WWW-Authenticate"
	if proxy {
		name = "Proxy-Authenticate"
	}
	offered = "none"
	for _, value := range headerValues(res, name) {
		c, label := readChallenge(value)
		if offered == "none" || c == nil {
			offered = label
		}
		if c != nil && (best == nil || c.rank > best.rank) {
			best = c
		}
	}
	return best, offered
}

// readChallenge reads one challenge; nil when we cannot answer it, with its
// algorithm (or scheme) in words.
func readChallenge(value string) (*challenge, string) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(value), " ")
	if !strings.EqualFold(scheme, "Digest") {
		return nil, strings.ToLower(scheme)
	}
	params := digestParams(rest)
	algorithm := strings.ToUpper(params["algorithm"])
	known, ok := hashes[strings.TrimSuffix(algorithm, "-SESS")]
	c := &challenge{realm: params["realm"], nonce: params["nonce"], opaque: params["opaque"], algorithm: params["algorithm"],
		stale: strings.EqualFold(params["stale"], "true"), rank: known.rank}
	label := params["algorithm"]
	if label == "" {
		label = "MD5"
	}
	if !ok {
		return nil, label
	}
	if list, there := params["qop"]; there && list != "" {
		for _, q := range strings.Split(list, ",") {
			c.qop = c.qop || strings.EqualFold(strings.TrimSpace(q), "auth")
		}
		if !c.qop {
			return nil, label + " qop=" + list
		}
	}
	return c, label
}

// digestParams reads the name=value list of a challenge or of credentials; names come
// in lower case.
func digestParams(list string) map[string]string {
	params := map[string]string{}
	for _, part := range splitList(list) {
		if key, val, ok := strings.Cut(part, "="); ok {
			params[strings.ToLower(strings.TrimSpace(key))] = unquote(val)
		}
	}
	return params
}

// credentials computes the answer (RFC 7616 3.4). count tells how often its nonce
// was used, this time included.
func (c *challenge) credentials(login, password, method, uri, cnonce string, count int) string {
	nc := fmt.Sprintf("%08x", count)
	upper := strings.ToUpper(c.algorithm)
	make := hashes[strings.TrimSuffix(upper, "-SESS")].make
	sum := func(parts ...string) string {
		h := make()
		h.Write([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(h.Sum(nil))
	}
	a1 := sum(login, c.realm, password)
	if strings.HasSuffix(upper, "-SESS") {
		a1 = sum(a1, c.nonce, cnonce)
	}
	a2 := sum(method, uri)
	var b strings.Builder
	fmt.Fprintf(&b, `Digest username="%s", realm="%s", nonce="%s", uri="%s"`, quote(login), quote(c.realm), quote(c.nonce), uri)
	if c.qop {
		fmt.Fprintf(&b, `, response="%s", cnonce="%s", nc=%s, qop=auth`, sum(a1, c.nonce, nc, cnonce, "auth", a2), cnonce, nc)
	} else {
		fmt.Fprintf(&b, `, response="%s"`, sum(a1, c.nonce, a2))
		if strings.HasSuffix(upper, "-SESS") {
			fmt.Fprintf(&b, `, cnonce="%s"`, cnonce)
		}
	}
	if c.algorithm != "" {
		b.WriteString(", algorithm=" + c.algorithm)
	}
	if c.opaque != "" {
		fmt.Fprintf(&b, `, opaque="%s"`, quote(c.opaque))
	}
	return b.String()
}

// unquote takes the quotes and escapes off a parameter's value.
func unquote(s string) string {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	s = s[1 : len(s)-1]
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func quote(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", "", "\n", "").Replace(s)
}
