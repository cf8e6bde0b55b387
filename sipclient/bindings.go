package sipclient

import (
	"context"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
)

// Binding is a phone that the registrar has for the account (RFC 3261 10.2.1).
type Binding struct {
	URI       string        // the Contact's URI as the server wrote it
	Host      string        // its host and port, without user and parameters
	Expires   time.Duration // how long it still lives; 0 when the server does not say
	Q         float64       // preference from 0 to 1, 1 when the server does not say
	UserAgent string        // what the phone calls itself, "" when the server does not say
	Instance  string        // +sip.instance (RFC 5626 4.1), "" without
	Ours      bool          // this phone's, or left over from a run of this program that crashed
	TestPhone bool          // some test phone of this program, here or on another computer
}

// tokenPrefix begins the user part of every Contact of this program.
const tokenPrefix = "doctor-"

// Bindings asks the registrar which phones are signed in, by a REGISTER without
// Contact (RFC 3261 10.2.3), which changes nothing. It returns at the server's final
// word, or after about 8 s of silence. The list is empty also when the server
// refused the question or does not tell; what it said stands on the tape.
func (p *Phone) Bindings(ctx context.Context) ([]Binding, error) {
	if err := p.usable(); err != nil {
		return nil, err
	}
	var list []Binding
	p.atRegistrar(ctx, func(ctx context.Context, last bool) (why string) {
		list, why = p.queryAt(ctx, last)
		return why
	})
	return list, ctx.Err()
}

// queryAt asks one address of the server. why tells when the next should be tried.
func (p *Phone) queryAt(ctx context.Context, last bool) (list []Binding, why string) {
	w, err := p.out(ctx)
	if err != nil {
		return nil, failure(nil, err)
	}
	res, sent, err := p.converse(ctx, p.queryRequest(w))
	p.registerSeq(sent)
	if err != nil {
		if last && ctx.Err() == context.DeadlineExceeded {
			p.note(capture.PhoneGaveUp, "REGISTER "+p.registerID())
		}
		return nil, failure(nil, err)
	}
	if res.IsSuccess() {
		list = p.readBindings(res)
	}
	return list, failure(res, nil)
}

// queryRequest builds a REGISTER that only asks. It goes with the registration's
// Call-ID (10.2: one for all REGISTERs to a registrar), so that the sign-in that
// follows is the same story to the server, and to whoever reads the tape.
func (p *Phone) queryRequest(w way) *sip.Request {
	r := &p.reg
	r.mu.Lock()
	id, tag, cseq := r.next()
	r.mu.Unlock()
	me := p.identity(p.cfg.User)
	return p.request(sip.REGISTER, p.domainURI(), head{callID: id, from: me, to: me, fromTag: tag, route: p.preset()}, cseq, w)
}

// readBindings reads the contacts of a 200 to REGISTER.
func (p *Phone) readBindings(res *sip.Response) []Binding {
	var list []Binding
	for _, line := range headerValues(res, "Contact") {
		for _, value := range splitList(line) {
			if b, ok := readBinding(value); ok && len(list) < maxBindings {
				b.Ours = p.isOurs(b.URI)
				list = append(list, b)
			}
		}
	}
	return list
}

// maxBindings bounds what is read of a server's list.
const maxBindings = 100

// readBinding reads one value of a Contact header; false for what is no binding
// (no URI, "*", or one that has run out).
func readBinding(value string) (Binding, bool) {
	uri := sip.Uri{}
	params := sip.NewParams()
	name, err := sip.ParseAddressValue(value, &uri, &params)
	if err != nil || uri.Host == "" || uri.Host == "*" {
		return Binding{}, false
	}
	b := Binding{URI: uri.String(), Host: uri.Host, Q: 1, TestPhone: strings.HasPrefix(uri.User, tokenPrefix)}
	if uri.Port > 0 {
		b.Host = net.JoinHostPort(strings.Trim(uri.Host, "[]"), strconv.Itoa(uri.Port))
	}
	get := func(key string) string {
		for k, v := range params.Items() {
			if strings.EqualFold(k, key) {
				return unquote(v)
			}
		}
		return ""
	}
	if text := get("expires"); text != "" {
		if b.Expires = seconds(text); b.Expires == 0 {
			return Binding{}, false
		}
	}
	if q, err := strconv.ParseFloat(get("q"), 64); err == nil && q >= 0 && q <= 1 {
		b.Q = q
	}
	// No standard names a place for it; servers that tell use one of these.
	for _, text := range []string{get("user-agent"), get("ua"), unquote(name)} {
		if b.UserAgent == "" {
			b.UserAgent = strings.TrimSpace(text)
		}
	}
	b.Instance = get("+sip.instance")
	return b, true
}

// isOurs tells whether a contact is this phone's, or one that a crashed run left.
func (p *Phone) isOurs(uri string) bool {
	user := userOf(uri)
	if user == p.token {
		return true
	}
	for _, old := range p.leftover() {
		if old == uri || user != "" && strings.HasPrefix(user, tokenPrefix) && userOf(old) == user {
			return true
		}
	}
	return false
}

// userOf gives the user part of a URI, "" without one.
func userOf(uri string) string {
	_, rest, _ := strings.Cut(uri, ":")
	user, _, ok := strings.Cut(rest, "@")
	if !ok {
		return ""
	}
	return user
}
