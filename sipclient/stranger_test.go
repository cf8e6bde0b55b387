package sipclient

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
)

func challengingPhone(t *testing.T, change ...func(*Config)) *Phone {
	t.Helper()
	srv := newPeer(t)
	return newPhone(t, srv.addr(), append([]func(*Config){func(c *Config) { c.ChallengeStrangers = true }}, change...)...)
}

// invitation is a call of a stranger: an INVITE with a branch of its own each time.
func invitation(s *peer, p *Phone, id string, seq int, extra ...string) string {
	return s.build("INVITE", "sip:alice@"+p.Local().String(), "<sip:boss@example.com>;tag=b", "<sip:alice@example.com>", id, seq, sdpFor(4000), extra...)
}

// proofFor answers one of the phone's challenges.
func proofFor(t *testing.T, refusal heard, algorithm, uri, password string) string {
	t.Helper()
	for _, value := range refusal.All("WWW-Authenticate") {
		if c, _ := readChallenge(value); c != nil && c.algorithm == algorithm {
			return "Authorization: " + c.credentials("alice", password, "INVITE", uri, "cn", 1)
		}
	}
	t.Fatalf("no challenge for %s in %q", algorithm, refusal.All("WWW-Authenticate"))
	return ""
}

// A caller from elsewhere who knows the account's password is let in, and rings; one
// who does not is not, and neither is a replay of what was good once.
func TestChallengeStranger(t *testing.T) {
	for _, algorithm := range []string{"MD5", "SHA-256"} {
		t.Run(algorithm, func(t *testing.T) {
			p := challengingPhone(t)
			s := newPeerAt(t, "127.0.0.2")
			id := "good-" + algorithm
			uri := "sip:alice@" + p.Local().String()
			s.send(p.Local(), invitation(s, p, id, 1))
			refusal := s.until("401 INVITE")
			if !strings.Contains(refusal.Get("To"), "tag=") || !strings.Contains(refusal.Get("Via"), "rport=") {
				t.Error("not a whole answer:", refusal.Get("To"), refusal.Get("Via"))
			}
			s.send(p.Local(), s.build("ACK", uri, "<sip:boss@example.com>;tag=b", refusal.Get("To"), id, 1, ""))
			auth := proofFor(t, refusal, algorithm, uri, "secret-word")
			good := invitation(s, p, id, 2, auth)
			s.send(p.Local(), good)
			s.send(p.Local(), good) // a repetition of the same request rings only once
			s.until("180 INVITE")
			call, err := p.Await(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if hasNote(p, capture.PhoneStranger) {
				t.Error(notes(p))
			}
			// The caller hangs up again, within the call that stands.
			s.send(p.Local(), strings.ReplaceAll(strings.Replace(good, "INVITE sip", "CANCEL sip", 1), "2 INVITE", "2 CANCEL"))
			s.until("200 CANCEL")
			if call.Wait(context.Background(), Ended) != Ended {
				t.Error("not cancelled")
			}
			s.until("487 INVITE")

			// The same credentials again: in the same call and in another one.
			s.send(p.Local(), good)
			s.send(p.Local(), invitation(s, p, id, 3, auth))
			s.send(p.Local(), invitation(s, p, "replay-"+algorithm, 3, auth))
			s.until("401 INVITE")
			s.send(p.Local(), s.build("OPTIONS", uri, "<sip:boss@example.com>;tag=b", "<sip:alice@example.com>", "o", 1, ""))
			ctx, stop := context.WithTimeout(context.Background(), 150*time.Millisecond)
			defer stop()
			if c, err := p.Await(ctx); err == nil {
				t.Error("a replay rings:", c.ID())
			}
		})
	}
}

// What is not exactly right is not let in: a wrong password, another's nonce, the
// nonce of another call, credentials for another address, a method that is not asked.
func TestStrangersWithoutProof(t *testing.T) {
	p := challengingPhone(t)
	uri := "sip:alice@" + p.Local().String()
	n := 0
	for name, wrongs := range map[string]func(s *peer, refusal heard) string{
		"password": func(s *peer, r heard) string { return proofFor(t, r, "MD5", uri, "guess") },
		"target":   func(s *peer, r heard) string { return proofFor(t, r, "MD5", "sip:boss@198.51.100.9", "secret-word") },
		"made-up": func(s *peer, r heard) string {
			return strings.ReplaceAll(proofFor(t, r, "MD5", uri, "secret-word"), `nonce="`, `nonce="1`)
		},
		"no response":  func(s *peer, r heard) string { return `Authorization: Digest username="alice", realm="127.0.0.1"` },
		"other scheme": func(s *peer, r heard) string { return "Authorization: Basic YWxpY2U6c2VjcmV0" },
		"bad count": func(s *peer, r heard) string {
			return strings.Replace(proofFor(t, r, "MD5", uri, "secret-word"), "nc=00000001", "nc=zz", 1)
		},
		"auth-int": func(s *peer, r heard) string {
			return strings.Replace(proofFor(t, r, "MD5", uri, "secret-word"), "qop=auth", "qop=auth-int", 1)
		},
		"other hash": func(s *peer, r heard) string {
			return strings.Replace(proofFor(t, r, "MD5", uri, "secret-word"), "algorithm=MD5", "algorithm=SHA-512-256", 1)
		},
	} {
		n++
		s := newPeerAt(t, fmt.Sprint("127.0.1.", n)) // an address is asked only so often
		p.door.mu.Lock()
		p.door.rate.used = 0
		p.door.mu.Unlock()
		s.send(p.Local(), invitation(s, p, "x"+name, 1))
		s.send(p.Local(), invitation(s, p, "x"+name, 2, wrongs(s, s.until("401 INVITE"))))
		s.until("401 INVITE")
	}
	a, b := newPeerAt(t, "127.0.1.101"), newPeerAt(t, "127.0.1.102") // a nonce is for one address
	a.send(p.Local(), invitation(a, p, "theft", 1))
	b.send(p.Local(), invitation(b, p, "theft", 1, proofFor(t, a.until("401 INVITE"), "MD5", uri, "secret-word")))
	ctx, stop := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer stop()
	if c, err := p.Await(ctx); err == nil {
		t.Error("a stranger rings:", c.ID())
	}
}

// The phone is no weapon and no oracle: guesses end after three, a flood is answered
// by a handful, and nothing but an INVITE is answered at all.
func TestStrangersAreNotServed(t *testing.T) {
	p := challengingPhone(t)
	uri := "sip:alice@" + p.Local().String()
	s := newPeerAt(t, "127.0.0.2")
	for n := range maxWrong {
		id := fmt.Sprint("guess", n)
		s.send(p.Local(), invitation(s, p, id, 1))
		s.send(p.Local(), invitation(s, p, id, 2, proofFor(t, s.until("401 INVITE"), "MD5", uri, fmt.Sprint("guess", n))))
		if n < maxWrong-1 {
			s.until("401 INVITE")
		}
	}
	eventually(t, "the third wrong answer is noted", func() bool { return hasNote(p, capture.PhoneStranger+" INVITE "+s.addr()) })
	s.send(p.Local(), invitation(s, p, "more", 1))
	for _, method := range []string{"OPTIONS", "REGISTER", "BYE", "CANCEL", "ACK", "MESSAGE", "NOTIFY"} {
		s.send(p.Local(), s.build(method, uri, "<sip:x@y>;tag=b", "<sip:alice@example.com>", "m"+method, 1, ""))
	}
	for len(s.got) > 0 {
		if m := s.next(); name(m) != "401 INVITE" || m.Get("Call-ID") == "more" {
			t.Error("answered:", name(m), m.Get("Call-ID"))
		}
	}
	s.silence(200 * time.Millisecond)

	for n := range 500 {
		s.send(p.Local(), invitation(s, p, fmt.Sprint("again", n), 1))
	}
	s.silence(200 * time.Millisecond) // this address had its chance
	d := newDoorman()
	answered := 0
	now := time.Now()
	for range 1000 {
		if d.rate.pass(0, now) {
			answered++
		}
	}
	if answered != challenges {
		t.Errorf("%d of 1000 at once are answered, want %d", answered, challenges)
	}
}

// Without the wish for it, strangers get no answer at all; and without a password there
// is nothing to ask for.
func TestStrangersAreIgnoredByDefault(t *testing.T) {
	for _, change := range []func(*Config){
		func(c *Config) { c.ChallengeStrangers = false },
		func(c *Config) { c.Password, c.Register = "", false },
	} {
		p := challengingPhone(t, change)
		s := newPeerAt(t, "127.0.0.2")
		s.send(p.Local(), invitation(s, p, "x", 1))
		s.silence(150 * time.Millisecond)
		if !hasNote(p, capture.PhoneStranger+" INVITE "+s.addr()) {
			t.Error(notes(p))
		}
	}
}

func strangersInvite(t *testing.T) (*sip.Request, netip.AddrPort) {
	t.Helper()
	text := "INVITE sip:alice@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1\r\nFrom: <sip:x@y>;tag=1\r\nTo: <sip:alice@y>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n"
	m, err := sip.ParseMessage([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m.(*sip.Request), mustAddr("127.0.0.1:5060")
}

func FuzzStranger(f *testing.F) {
	f.Add(`Digest username="alice", realm="127.0.0.1", nonce="1.2", uri="sip:x", response="3"`)
	f.Add(`Digest nonce=, nc=ffffffffffff, qop="auth"`)
	f.Fuzz(func(t *testing.T, value string) {
		d := newDoorman()
		a := newAuthenticator(Account{User: "alice", Password: "secret-word"}, nil)
		req, from := strangersInvite(t)
		if d.proof(a, "alice", "127.0.0.1", req, value, from, time.Now()) == right {
			t.Errorf("%q is no proof", value)
		}
	})
}
