package sipclient

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// memory is a journal without a disk.
type memory struct {
	mu   sync.Mutex
	left []string
	now  []string
	all  [][]string
}

func (m *memory) Leftover() []string { return m.left }

func (m *memory) Stand(contacts []string, _ time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = slices.Clone(contacts)
	m.all = append(m.all, m.now)
}

func (m *memory) standing() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

func TestBindings(t *testing.T) {
	srv := newPeer(t)
	old := "sip:doctor-0123456789ab@10.9.9.9:5060"
	p := newPhone(t, srv.addr(), func(c *Config) { c.Journal = &memory{left: []string{old}} })
	done := background(func() []Binding {
		list, err := p.Bindings(context.Background())
		if err != nil {
			t.Error(err)
		}
		return list
	})
	first := srv.until("REGISTER")
	if first.Get("Contact") != "" || first.Get("Expires") != "" {
		t.Error("the question is no question:", first.Get("Contact"), first.Get("Expires"))
	}
	srv.reply(first, 401, "x", "", challengeMD5)
	second := srv.until("REGISTER")
	srv.reply(second, 200, "x", "",
		`Contact: "Desk" <sip:line1@192.168.1.20:5060;transport=udp>;expires=120;q=0.5;+sip.instance="<urn:uuid:1>", <sip:doctor-aa@192.168.1.21>;expires=77`,
		"Contact: <"+old+">;expires=60", "Contact: <sip:gone@10.0.0.1>;expires=0", "Contact: *", "Contact: <sip:"+p.token+"@10.0.0.9>")
	list := result(t, done)
	want := []Binding{
		{URI: "sip:line1@192.168.1.20:5060;transport=udp", Host: "192.168.1.20:5060", Expires: 2 * time.Minute, Q: 0.5, UserAgent: "Desk", Instance: "<urn:uuid:1>"},
		{URI: "sip:doctor-aa@192.168.1.21", Host: "192.168.1.21", Expires: 77 * time.Second, Q: 1, TestPhone: true},
		{URI: old, Host: "10.9.9.9:5060", Expires: time.Minute, Q: 1, Ours: true, TestPhone: true},
		{URI: "sip:" + p.token + "@10.0.0.9", Host: "10.0.0.9", Q: 1, Ours: true, TestPhone: true},
	}
	if !slices.Equal(list, want) {
		t.Errorf("%+v", list)
	}

	// The sign-in goes on in the same Call-ID, and with the same nonce: no further round.
	signed := background(func() error { return p.Register(context.Background()) })
	third := srv.until("REGISTER")
	auth := third.Get("Authorization")
	if !strings.Contains(auth, `nonce="abc"`) || !strings.Contains(auth, "nc=00000002") {
		t.Error("not at once with the nonce that was good:", auth)
	}
	if third.Get("Call-ID") != first.Get("Call-ID") || third.Get("CSeq") != "3 REGISTER" {
		t.Error(third.Get("Call-ID"), third.Get("CSeq"))
	}
	if !strings.Contains(strings.Join(third.All("Contact"), ","), "<"+old+">;expires=0") {
		t.Error("what a crashed run left is not removed:", third.All("Contact"))
	}
	srv.reply(third, 200, "x", "", "Contact: <"+contactOf(third)+">;expires=600")
	if err := result(t, signed); err != nil {
		t.Error(err)
	}
}

// A question is answered by silence or a refusal without any word of the caller's: no
// binding of ours stands, so that closing the phone sends nothing.
func TestBindingsRefusedLeavesNothing(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	p.timing.register = 200 * time.Millisecond
	if list, err := p.Bindings(context.Background()); err != nil || list != nil {
		t.Error(list, err)
	}
	srv.until("REGISTER")
	done := background(func() error { _, err := p.Bindings(context.Background()); return err })
	srv.reply(srv.until("REGISTER"), 404, "x", "")
	if err := result(t, done); err != nil {
		t.Error(err)
	}
	if err := p.Close(context.Background()); err != nil {
		t.Error(err)
	}
	srv.silence(100 * time.Millisecond)
}

// A registrar that takes each nonce once: with "stale" it costs no try, without it
// costs one until the right password is seen to be right.
func TestNonceTakenOnce(t *testing.T) {
	for _, stale := range []string{", stale=true", ""} {
		srv := newPeer(t)
		p := newPhone(t, srv.addr())
		for n := range 6 {
			done := background(func() error { return p.Register(context.Background()) })
			m := srv.until("REGISTER")
			if n > 0 && m.Get("Authorization") == "" {
				t.Fatal("the nonce was not tried again")
			}
			nonce := randomHex(4)
			srv.reply(m, 401, "x", "", `WWW-Authenticate: Digest realm="test", qop="auth", nonce="`+nonce+`"`+stale)
			m = srv.until("REGISTER")
			if !strings.Contains(m.Get("Authorization"), nonce) || !strings.Contains(m.Get("Authorization"), "nc=00000001") {
				t.Fatal(m.Get("Authorization"))
			}
			srv.reply(m, 200, "x", "", "Contact: <"+contactOf(m)+">;expires=600")
			_ = result(t, done)
		}
		if p.auth.tries.refused != 0 || p.auth.tries.underway != 0 {
			t.Errorf("%q: refused %d, underway %d", stale, p.auth.tries.refused, p.auth.tries.underway)
		}
	}
}

// The journal knows a contact before the REGISTER that makes it leaves, and forgets it
// when the registrar has confirmed that it is gone.
func TestJournalKnowsWhatStands(t *testing.T) {
	srv := newPeer(t)
	j := &memory{}
	p := newPhone(t, srv.addr(), func(c *Config) { c.Journal = j })
	done := background(func() error { return p.Register(context.Background()) })
	m := srv.until("REGISTER")
	if now := j.standing(); len(now) != 1 || now[0] != contactOf(m) {
		t.Error("the REGISTER is out, and the journal holds", now)
	}
	srv.reply(m, 200, "x", "", "Contact: <"+contactOf(m)+">;expires=600")
	_ = result(t, done)
	closed := background(func() error { return p.Close(context.Background()) })
	gone := srv.until("REGISTER")
	if len(j.standing()) != 1 {
		t.Error("forgotten before the registrar said so")
	}
	srv.reply(gone, 200, "x", "")
	_ = result(t, closed)
	if now := j.standing(); len(now) != 0 {
		t.Error("still there after a clean end:", now)
	}
}

// Only contacts that this program makes are ever removed, whatever a file says.
func TestJournalIsNotTrusted(t *testing.T) {
	srv := newPeer(t)
	bad := []string{"*", "sip:bob@10.0.0.1", "sip:doctor-1@x>;q=1,<sip:bob@10.0.0.1", "sip:doctor-1@x\r\nContact: *", "sip:doctor-@x", ""}
	p := newPhone(t, srv.addr(), func(c *Config) { c.Journal = &memory{left: bad} })
	done := background(func() error { return p.Register(context.Background()) })
	m := srv.until("REGISTER")
	if len(m.All("Contact")) != 1 {
		t.Error(m.All("Contact"))
	}
	srv.reply(m, 403, "x", "")
	_ = result(t, done)
}

func FuzzBinding(f *testing.F) {
	f.Add(`"a" <sip:b@c:5060;x=y>;expires=10;q=0.3`)
	f.Add(`sip:b@c;expires=x`)
	f.Add(`<sip:[::1]:99999>;+sip.instance="<urn>"`)
	f.Fuzz(func(t *testing.T, s string) {
		if b, ok := readBinding(s); ok && (b.Q < 0 || b.Q > 1 || b.Expires < 0 || b.Host == "") {
			t.Errorf("%+v", b)
		}
		_ = cleanURI(s)
	})
}
