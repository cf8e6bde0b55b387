package sipmsg

import "strings"

// Credentials is what an Authorization or Proxy-Authorization header says about
// who signs in; the response itself is never read.
type Credentials struct {
	Scheme, Username, Realm, Nonce, URI, Algorithm, QOP string
	NonceCount                                          string // nc, as it stood
	Proxy                                               bool   // Proxy-Authorization
}

// Challenges reads all WWW-Authenticate and Proxy-Authenticate values: several
// headers, and several in one header (RFC 7235 4.1), in their order.
func (m *Message) Challenges() []Challenge {
	var list []Challenge
	for _, h := range m.Headers {
		if h.Name != "WWW-Authenticate" && h.Name != "Proxy-Authenticate" {
			continue
		}
		for _, a := range authValues(h.Value) {
			c := Challenge{
				Scheme: a.scheme, Realm: a.params["realm"], Nonce: a.params["nonce"],
				Algorithm: a.params["algorithm"], Opaque: a.params["opaque"],
				Stale: strings.EqualFold(a.params["stale"], "true"),
				Proxy: h.Name == "Proxy-Authenticate",
			}
			for _, q := range strings.Split(a.params["qop"], ",") {
				if q = trim(q); q != "" {
					c.QOP = append(c.QOP, q)
				}
			}
			list = append(list, c)
		}
	}
	return list
}

// Credentials reads all Authorization and Proxy-Authorization headers.
func (m *Message) Credentials() []Credentials {
	var list []Credentials
	for _, h := range m.Headers {
		if h.Name != "Authorization" && h.Name != "Proxy-Authorization" {
			continue
		}
		for _, a := range authValues(h.Value) {
			list = append(list, Credentials{
				Scheme: a.scheme, Username: a.params["username"], Realm: a.params["realm"],
				Nonce: a.params["nonce"], URI: a.params["uri"], Algorithm: a.params["algorithm"],
				QOP: a.params["qop"], NonceCount: a.params["nc"],
				Proxy: h.Name == "Proxy-Authorization",
			})
		}
	}
	return list
}

type authValue struct {
	scheme string
	params map[string]string
}

// authValues reads "Scheme a=b, c="d", Scheme2 ...": a comma separates both
// parameters and challenges, so a word without "=" opens the next challenge.
func authValues(s string) []authValue {
	var list []authValue
	for i := 0; i < len(s); {
		if isSpace(s[i]) || s[i] == ',' {
			i++
			continue
		}
		start := i
		for i < len(s) && !isSpace(s[i]) && s[i] != ',' && s[i] != '=' && s[i] != '"' {
			i++
		}
		word := s[start:i]
		for i < len(s) && isSpace(s[i]) {
			i++
		}
		if i >= len(s) || s[i] != '=' {
			if word != "" {
				list = append(list, authValue{word, map[string]string{}})
			} else if i < len(s) {
				i = closingQuote(s, i) + 1 // a stray quoted string
			}
			continue
		}
		i++
		for i < len(s) && isSpace(s[i]) {
			i++
		}
		start = i
		if i < len(s) && s[i] == '"' {
			i = min(closingQuote(s, i)+1, len(s))
		} else {
			for i < len(s) && s[i] != ',' && !isSpace(s[i]) {
				i++
			}
		}
		if len(list) == 0 {
			list = append(list, authValue{"", map[string]string{}})
		}
		p, key := list[len(list)-1].params, strings.ToLower(word)
		if _, twice := p[key]; !twice {
			p[key] = unquote(s[start:i])
		}
	}
	return list
}
