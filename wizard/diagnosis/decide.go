package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/evidence"
)

// verdict is what the final answer to a request means: the one cause that the
// order of judgement leads to.
type verdict struct {
	cause     string
	certainty Certainty
	where     Where
	kind      Kind
	basis     string // what decided, as it follows "the server refused the call": " after 3 s"
	worded    bool   // basis holds the answerer's own words: the code says no more than they do
	said      *Said  // the provider's own word on it, nil without one
	story     string // the whole Why in place of "the server refused ...", without its full stop
	more      string // what stands behind the code in its brackets: ", cause 17"
	text      string // what the server wrote, "" when only the usual phrase
	request   *evidence.Message
	message   *evidence.Message
	call      *evidence.Call // nil for a registration
}

// decideByText takes the first three steps of the order of judgement: the Reason
// header (Q.850, then SIP), Warning and texts, the provider's dictionary (before
// the texts where it knows better). What remains is for time and order, and at
// last the code itself.
func decideByText(method string, m *evidence.Message, d Dictionary, s scene) (verdict, bool) {
	if v, ok := d.verdict(method, m, s, true); ok {
		return v, true
	}
	for _, r := range m.Reasons() {
		if !strings.EqualFold(r.Protocol, "Q.850") {
			continue
		}
		cause := q850Cause(r.Cause, s.rang)
		if method == "REGISTER" || cause == "" {
			continue
		}
		return verdict{cause: cause, certainty: Confirmed,
			worded: true, more: fmt.Sprintf(", cause %d", r.Cause),
			basis: ", and the telephone network gives the reason " + phoneNetworkSays(r.Cause, r.Text)}, true
	}
	for _, w := range m.Warnings() {
		cause := warningCause(w.Code)
		if cause == "" {
			continue
		}
		return verdict{cause: cause, certainty: Confirmed,
			worded: w.Text != "", more: fmt.Sprintf(", warning %d", w.Code),
			basis: remark(w.Text)}, true
	}
	text := wordsOf(m)
	for _, w := range wordings {
		if w.method != "" && w.method != method || len(w.codes) > 0 && !slices.Contains(w.codes, m.Status) {
			continue
		}
		for _, word := range w.words {
			if strings.Contains(text, word) {
				return verdict{cause: w.cause, certainty: Likely, worded: true, basis: " with the words " + serverText(m)}, true
			}
		}
	}
	return d.verdict(method, m, s, false)
}

// verdict is what the provider's dictionary says of an answer.
func (d Dictionary) verdict(method string, m *evidence.Message, s scene, first bool) (verdict, bool) {
	k := d.meaning(method, m, s, first)
	if k == nil {
		return verdict{}, false
	}
	v := verdict{cause: k.Cause, certainty: Likely, said: d.said(k)}
	who := orElse(d.Provider, "this provider")
	if v.said == nil {
		v.basis = ", which is what " + who + " does in exactly this case"
		return v, true
	}
	v.basis = ", and " + who + "'s own documentation says what that means there: " + k.Says
	v.worded = true
	return v, true
}

// q850Cause gives the cause that a Q.850 number stands for, "" for those that
// say nothing (normal clearing, unspecified, interworking).
func q850Cause(n int, rang bool) string {
	switch n {
	case 1, 2, 3, 26:
		return "number-unknown"
	case 17:
		return "callee-busy"
	case 18, 19:
		return "callee-no-answer"
	case 20, 27:
		return "callee-not-registered"
	case 21:
		if rang {
			return "callee-declined"
		}
		return "no-credit-or-barred"
	case 50, 52, 53, 54, 55, 57, 87:
		return "no-credit-or-barred"
	case 22, 23:
		return "number-changed"
	case 25:
		return "routing-loop"
	case 28:
		return "number-format-wrong"
	case 34, 42, 44, 46, 47, 58:
		return "provider-overloaded"
	case 38, 41, 111:
		return "provider-fault"
	case 65, 70, 79, 88:
		return "codec-mismatch"
	case 102:
		return "downstream-timeout"
	}
	return ""
}

// warningCause gives the cause that a Warning code stands for (RFC 3261 20.43),
// "" for the ones that only carry a text.
func warningCause(n int) string {
	switch n {
	case 300, 301:
		return "address-family-mismatch"
	case 302:
		return "encryption-mismatch"
	case 304, 305:
		return "codec-mismatch"
	}
	return ""
}

// wording is what servers write when they mean a cause. The order counts: the
// narrow ones stand first.
type wording struct {
	cause  string
	method string // "": any
	codes  []int  // none: any
	words  []string
}

var wordings = []wording{
	{"registration-too-many-devices", "REGISTER", nil, []string{
		"too many contact", "too many registr", "too many device", "too many binding", "too many user agent",
		"max contacts", "maximum number of contact", "maximum contacts", "maximum registrations", "maximum number of registr",
		"registration limit", "registered too many", "contact limit"}},
	{"account-credentials-wrong", "", []int{400, 403, 404, 480, 603}, []string{
		"wrong password", "bad password", "invalid password", "incorrect password", "password mismatch", "authentication fail",
		"auth fail", "invalid credentials", "bad credentials", "wrong credentials", "not authenticated"}},
	{"clock-wrong", "", []int{403}, []string{"stale date"}},
	{"account-domain-wrong", "REGISTER", []int{403, 404, 400, 405, 604}, []string{
		"not local", "unknown domain", "domain not", "wrong domain", "invalid domain", "not a local domain", "no such domain",
		"domain unknown", "wrong realm", "domain is not"}},
	{"account-domain-wrong", "REGISTER", []int{404, 478, 480, 500, 503}, []string{"no dns", "unresolvable", "cannot resolve", "unresolved domain"}},
	{"call-blocked-as-spam", "INVITE", []int{403, 480, 503, 603, 606, 607, 608}, []string{
		"spam", "robocall", "unwanted", "network blocked", "analytics", "fraud", "scam", "nuisance"}},
	{"anonymous-refused", "INVITE", nil, []string{"anonymous", "anonymity", "withheld"}},
	{"caller-id-refused", "INVITE", []int{401, 403, 404, 480, 500, 503, 603, 606}, []string{
		"caller id", "caller-id", "callerid", "calling number", "calling party", "invalid cli", "cli not", "from number",
		"from user", "from header", "presentation number", "originating number", "invalid source number",
		"not allowed to use this number", "not owned"}},
	{"provider-address-not-allowed", "", []int{401, 403, 480, 500, 503, 603}, []string{
		"ip address", "source address", "source ip", "unauthorized ip", "ip not", "ip is not", "unknown peer", "address not allowed",
		"address not auth", "whitelist", "white list", "allow list", "allowlist", "not in acl", "by acl", "unknown trunk", "trunk not"}},
	{"account-suspended-or-unpaid", "", []int{402, 403, 480, 503, 603}, []string{
		"balance", "contract", "suspend", "unpaid", "overdue", "billing", "account disabled", "account is disabled",
		"account locked", "account is locked", "account inactive", "account is inactive", "account expired", "account blocked",
		"account is blocked", "inactive account", "account not active", "account deactivated", "no funds", "insufficient funds",
		"not enough funds", "out of credit", "insufficient credit", "no credit", "not enough credit", "low credit"}},
	{"no-credit-or-barred", "INVITE", []int{403, 480, 503, 603, 606}, []string{
		"barred", "destination not permitted", "destination not allowed", "destination blocked", "destination is blocked",
		"international", "premium", "not permitted to call", "no permission to call", "outgoing calls", "outbound calls",
		"calls not allowed", "spending limit", "no route permission"}},
	{"callee-not-registered", "INVITE", []int{403, 404, 408, 410, 480, 487, 503}, []string{
		"not registered", "not online", "offline", "user not found online", "subscriber absent", "not logged in", "unregistered",
		"no registered", "not reachable"}},
	{"callee-no-answer", "INVITE", []int{408, 480, 487, 603}, []string{
		"no answer", "no_answer", "not answer", "ring timeout", "ring time"}},
	{"callee-busy", "INVITE", []int{403, 480, 503}, []string{"user busy", "user is busy", "subscriber busy", "line busy"}},
	{"number-format-wrong", "INVITE", []int{400, 403, 404, 484, 500, 503, 603}, []string{
		"number format", "invalid number", "e.164", "e164", "wrong format", "dial in international", "dialling format",
		"dialing format", "invalid destination number", "number incomplete", "address incomplete", "invalid number format"}},
	{"codec-mismatch", "INVITE", []int{403, 480, 500, 503}, []string{"codec", "no common media", "incompatible media"}},
	{"encryption-mismatch", "INVITE", []int{403, 415, 480, 488, 500, 503, 606}, []string{
		"srtp", "savp", "encryption", "sdes", "dtls", "secure media", "crypto", "media encryption"}},
	{"routing-loop", "INVITE", []int{403, 480, 500, 503, 603}, []string{"loop detected", "too many hops", "call loop", "forwarding loop"}},
	{"provider-overloaded", "", []int{403, 429, 480, 500, 503, 603}, []string{
		"overload", "too many requests", "too many calls", "rate limit", "capacity", "congestion", "call limit", "channel limit",
		"maximum calls", "max calls", "calls per second", "cps limit"}},
}

// wordsOf is everything that a server wrote beside the code, in small letters.
// The code's usual phrase says nothing more than the code.
func wordsOf(m *evidence.Message) string {
	if !has(m) {
		return ""
	}
	var text []string
	if usual := sipmsg.StatusText(m.Status); !strings.EqualFold(strings.TrimSpace(m.Reason), usual) {
		text = append(text, m.Reason)
	}
	for _, r := range m.Reasons() {
		text = append(text, r.Text)
	}
	for _, w := range m.Warnings() {
		text = append(text, w.Text)
	}
	for _, name := range []string{"Error-Info", "X-Reason", "X-Error", "P-Error-Reason", "Call-Info"} {
		text = append(text, m.All(name)...)
	}
	return strings.ToLower(strings.Join(text, " | "))
}

// serverText is the most telling text of an answer, in quotes.
func serverText(m *evidence.Message) string {
	for _, r := range m.Reasons() {
		if r.Text != "" {
			return quote(r.Text)
		}
	}
	for _, w := range m.Warnings() {
		if w.Text != "" {
			return quote(w.Text)
		}
	}
	return quote(m.Reason)
}

// remark is a warning's text as a basis.
func remark(text string) string {
	if text == "" {
		return ""
	}
	return " with the remark " + quote(text)
}

// quote bounds foreign text: it may be long, or hold anything.
func quote(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 80 {
		s = string(r[:80]) + "..."
	}
	return `"` + s + `"`
}

// phrase is an answer's code with its words, as texts cite it: "486 Busy Here".
func phrase(m *evidence.Message) string {
	if !has(m) {
		return ""
	}
	if m.Reason == "" {
		return fmt.Sprint(m.Status)
	}
	q := quote(m.Reason)
	return fmt.Sprint(m.Status, " ", q[1:len(q)-1])
}
