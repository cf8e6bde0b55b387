package providers

import (
	"net/netip"
	"strings"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
)

// Of recognises the provider of what a tape shows: by the note of a check whose account
// names it, by the domain of the account, by the Server header, or by the words of the
// answers, in this order. Where the phone talks with several servers and not all of
// them are this provider's, none is recognised: a meaning must never be read into
// another network's answer.
func (b *Book) Of(e *evidence.Evidence) (Provider, bool) {
	if b == nil || e == nil || len(b.list) == 0 {
		return Provider{}, false
	}
	var account string
	for _, ev := range e.Phone {
		switch ev.Key {
		case capture.PhoneProvider:
			if p, ok := b.Named(ev.Text); ok {
				return p, true
			}
		case capture.PhoneAccount:
			if f := strings.Fields(ev.Text); len(f) > 1 {
				account = f[1]
			}
		}
	}
	if p := b.byDomain(account); p != nil {
		return *p, true
	}
	var one *Provider
	for _, s := range b.servers(e) {
		p := s.provider()
		if p == nil || one != nil && one.ID != p.ID {
			return Provider{}, false
		}
		one = p
	}
	if one == nil {
		return Provider{}, false
	}
	return *one, true
}

// Dictionary is Of, with the zero dictionary where nobody is recognised.
func (b *Book) Dictionary(e *evidence.Evidence) diagnosis.Dictionary {
	p, _ := b.Of(e)
	return p.Dictionary
}

// server is what one address that our phone talks with shows of its provider, the
// surest way first: domain, Server header, words.
type server struct{ by [3]*Provider }

func (s *server) provider() *Provider {
	for _, p := range s.by {
		if p != nil {
			return p
		}
	}
	return nil
}

func (s *server) put(way int, p *Provider) {
	if s.by[way] == nil {
		s.by[way] = p
	}
}

// servers are the addresses to which our phone sent a sign-in or a call, or from
// which one came.
func (b *Book) servers(e *evidence.Evidence) map[netip.Addr]*server {
	list := map[netip.Addr]*server{}
	for _, m := range e.Messages {
		if m == nil || m.Message == nil || !m.IsRequest() || m.Method != "REGISTER" && m.Method != "INVITE" {
			continue
		}
		at, mine, other := m.To.Addr(), m.FromAddr().URI.Host, m.ToAddr().URI.Host
		if !m.Out {
			if m.Method == "REGISTER" {
				continue
			}
			at, mine, other = m.From.Addr(), other, mine
		}
		s := list[at]
		if s == nil {
			s = &server{}
			list[at] = s
		}
		for _, host := range []string{mine, other} {
			s.put(0, b.byDomain(host))
		}
	}
	for _, m := range e.Messages {
		if m == nil || m.Message == nil || m.Out || m.IsRequest() {
			continue
		}
		if s := list[m.From.Addr()]; s != nil && s.by[0] == nil {
			b.byAnswer(s, m)
		}
	}
	return list
}

// byAnswer looks at what a server writes about itself and beside its codes.
func (b *Book) byAnswer(s *server, m *evidence.Message) {
	who := strings.ToLower(strings.Join(append(m.All("Server"), m.All("User-Agent")...), " "))
	words := strings.ToLower(strings.Join(append(append(m.All("Reason"), m.All("Warning")...), m.Reason), " "))
	for i := range b.list {
		p := &b.list[i]
		if who != "" && holdsOne(who, p.Servers) {
			s.put(1, p)
		}
		if m.Status >= 300 && holdsOne(words, p.Texts) {
			s.put(2, p)
		}
	}
}

func holdsOne(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, strings.ToLower(part)) {
			return true
		}
	}
	return false
}
