package sipclient

import (
	"slices"
	"time"
)

// Journal remembers outside the process which contacts of ours a registrar may
// have, so that the next run can remove them when this one dies. Its methods are
// called by one goroutine at a time and must not take long.
type Journal interface {
	// Stand is called before a REGISTER leaves, with all contacts of ours that may
	// stand until the given time; and with none when the registrar has said that
	// nothing of ours is left.
	Stand(contacts []string, until time.Time)
	// Leftover lists contacts of this account whose runs died, in the order in which
	// they came. Those it gave are this phone's to remove.
	Leftover() []string
}

// maxLeftover bounds how many contacts of dead runs one REGISTER removes: it has
// to stay a message of usual size. The journal keeps the others for the next time.
const maxLeftover = 8

// leftover gives the contacts of dead runs, asked for at the first use.
func (p *Phone) leftover() []string {
	p.leftOnce.Do(func() {
		if p.cfg.Journal == nil {
			return
		}
		for _, uri := range p.cfg.Journal.Leftover() {
			if cleanURI(uri) && len(p.left) < maxLeftover && !slices.Contains(p.left, uri) {
				p.left = append(p.left, uri)
			}
		}
		p.reg.mu.Lock()
		p.reg.stale = append(p.reg.stale, p.left...)
		p.reg.mu.Unlock()
	})
	return p.left
}

// cleanURI tells whether a text from a file may stand between angle brackets, and
// is a contact that this program makes: no other is ever removed.
func cleanURI(uri string) bool {
	for _, c := range []byte(uri) {
		if c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == '"' || c == ',' {
			return false
		}
	}
	user := userOf(uri)
	return len(uri) < 256 && len(user) > len(tokenPrefix) && user[:len(tokenPrefix)] == tokenPrefix
}

// remember writes down what of ours may stand at the registrar from now on.
func (p *Phone) remember(contacts []string, expires time.Duration) {
	if p.cfg.Journal != nil {
		p.cfg.Journal.Stand(contacts, time.Now().Add(max(expires, time.Minute)))
	}
}
