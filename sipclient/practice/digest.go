package practice

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"

	"softphonedoctor/sipclient/sipmsg"
)

// algorithms are the digests that the server can check (RFC 7616 3.2, RFC 8760).
// It may ask for others: that is one of the faults.
var algorithms = map[string]func() hash.Hash{
	"MD5":         md5.New,
	"SHA-256":     sha256.New,
	"SHA-512-256": sha512.New512_256,
}

// algorithm is the digest this PBX asks for.
func (p *PBX) algorithm() string {
	if a := p.fault.register.algorithm; a != "" {
		return a
	}
	return "MD5"
}

// realm is the protection domain this PBX names.
func (p *PBX) realm() string {
	if r := p.fault.register.realm; r != "" {
		return r
	}
	return realm
}

// challenge makes the header that asks for credentials, with a fresh nonce.
func (p *PBX) challenge(header string) string {
	nonce := token(12)
	p.mu.Lock()
	p.nonces[nonce] = true
	p.mu.Unlock()
	return fmt.Sprintf(`%s: Digest realm="%s", nonce="%s", algorithm=%s, qop="auth"`,
		header, p.realm(), nonce, p.algorithm())
}

// authorized checks the credentials in the named header of a request.
func (p *PBX) authorized(m *sipmsg.Message, header string) bool {
	for _, line := range m.All(header) {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.EqualFold(scheme, "Digest") && p.genuine(m.Method, digestParams(rest)) {
			return true
		}
	}
	return false
}

// genuine tells whether the response fits user, password and one of our nonces
// (RFC 7616 3.4.1).
func (p *PBX) genuine(method string, c map[string]string) bool {
	p.mu.Lock()
	known := p.nonces[c["nonce"]]
	p.mu.Unlock()
	algorithm := c["algorithm"]
	if algorithm == "" {
		algorithm = "MD5"
	}
	make := algorithms[p.algorithm()]
	if !known || make == nil || !strings.EqualFold(algorithm, p.algorithm()) ||
		c["username"] != account || c["realm"] != p.realm() {
		return false
	}
	sum := func(s string) string {
		h := make()
		h.Write([]byte(s))
		return hex.EncodeToString(h.Sum(nil))
	}
	ha1 := sum(account + ":" + p.realm() + ":" + p.expected)
	ha2 := sum(method + ":" + c["uri"])
	want := sum(ha1 + ":" + c["nonce"] + ":" + ha2)
	if c["qop"] != "" {
		want = sum(strings.Join([]string{ha1, c["nonce"], c["nc"], c["cnonce"], c["qop"], ha2}, ":"))
	}
	return subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(c["response"]))) == 1
}

// digestParams reads the name=value list of an Authorization header; values may
// be quoted and hold commas. Names come in lower case.
func digestParams(s string) map[string]string {
	params := map[string]string{}
	for s != "" {
		var name, value string
		name, s, _ = strings.Cut(s, "=")
		name = strings.ToLower(strings.Trim(name, " \t,"))
		s = strings.TrimLeft(s, " \t")
		if strings.HasPrefix(s, `"`) {
			value, s = quoted(s[1:])
		} else {
			value, s, _ = strings.Cut(s, ",")
			value = strings.TrimSpace(value)
		}
		if name != "" {
			params[name] = value
		}
	}
	return params
}

// quoted reads up to the closing quote and gives the rest behind it.
func quoted(s string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] == '"':
			return b.String(), s[i+1:]
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), ""
}
