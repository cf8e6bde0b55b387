package sipclient

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
)

// newPhone gives a phone at the peer with user alice and password secret-word.
func newPhone(t *testing.T, at string, change ...func(*Config)) *Phone {
	t.Helper()
	cfg := Config{Tape: &capture.Tape{}, Account: Account{User: "alice", Domain: at, Password: "secret-word", Expires: time.Minute, Register: true}}
	for _, f := range change {
		f(&cfg)
	}
	p, err := New(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if srv, ok := peers.Load(at); ok {
			srv := srv.(*peer)
			srv.mu.Lock()
			srv.kind = true
			srv.mu.Unlock()
		}
		began := time.Now()
		_ = p.Close(context.Background())
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("Close took %s", took)
		}
		onlyOurContacts(t, p)
		for _, n := range notes(p) {
			if strings.Contains(n, "secret-word") {
				t.Error("a note holds the password")
			}
		}
	})
	return p
}

// onlyOurContacts looks through the tape of every test: no REGISTER may ever speak of
// all contacts ("*"), or of one that is not this phone's or a crashed run's.
func onlyOurContacts(t *testing.T, p *Phone) {
	t.Helper()
	for _, m := range sent(p, "REGISTER") {
		for _, line := range m.All("Contact") {
			for _, value := range splitList(line) {
				uri, _, _ := strings.Cut(strings.TrimPrefix(value, "<"), ">")
				if userOf(uri) != p.token && !slices.Contains(p.left, uri) {
					t.Errorf("a REGISTER speaks of another's contact: %s", value)
				}
			}
		}
	}
}

// sent gives the requests of a method that the phone has sent, repetitions included.
func sent(p *Phone, method string) []*sipmsg.Message {
	var list []*sipmsg.Message
	for _, r := range p.tape.From(0) {
		if r.Packet == nil {
			continue
		}
		if m, err := sipmsg.Parse(r.Packet.Data); err == nil && m.Method == method && m.Get("User-Agent") == userAgent {
			list = append(list, m)
		}
	}
	return list
}

// notes gives the phone's notes as "key text".
func notes(p *Phone) []string {
	var list []string
	for _, r := range p.tape.From(0) {
		if r.Note != nil {
			list = append(list, r.Note.Key+" "+r.Note.Text)
		}
	}
	return list
}

func hasNote(p *Phone, prefix string) bool {
	for _, n := range notes(p) {
		if strings.HasPrefix(n, prefix) {
			return true
		}
	}
	return false
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if f() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

// background runs f in the background and gives its result's channel.
func background[T any](f func() T) <-chan T {
	c := make(chan T, 1)
	go func() { c <- f() }()
	return c
}

func result[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("it hangs")
		panic("unreachable")
	}
}
