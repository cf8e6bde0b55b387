package session

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard"
)

// forwarder answers every INVITE with 302 to 300, and one to 300 with 486.
func forwarder(t *testing.T) (addr string, invites func() []string) {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { conn.Close(); <-done })
	var mu sync.Mutex
	seen := map[string]bool{}
	var list []string
	go func() {
		defer close(done)
		buf := make([]byte, 65536)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			head, _, _ := strings.Cut(string(buf[:n]), "\r\n\r\n")
			lines := strings.Split(head, "\r\n")
			method, rest, _ := strings.Cut(lines[0], " ")
			if method == "ACK" || rest == "" {
				continue
			}
			uri, _, _ := strings.Cut(rest, " ")
			status := "200 OK"
			if method == "INVITE" {
				status = "302 Moved\r\nContact: <sip:300@" + conn.LocalAddr().String() + ">"
				if strings.HasPrefix(uri, "sip:300@") {
					status = "486 Busy Here"
				}
				mu.Lock()
				if !seen[uri] {
					seen[uri] = true
					list = append(list, uri)
				}
				mu.Unlock()
			}
			answer := "SIP/2.0 " + status + "\r\n"
			for _, line := range lines[1:] {
				name, _, _ := strings.Cut(line, ":")
				switch name {
				case "Via", "From", "Call-ID", "CSeq":
					answer += line + "\r\n"
				case "To":
					answer += line + ";tag=srv\r\n"
				}
			}
			_, _ = conn.WriteToUDPAddrPort([]byte(answer+"Content-Length: 0\r\n\r\n"), from)
		}
	}()
	return conn.LocalAddr().String(), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), list...)
	}
}

// slow is a person who thinks before answering, and remembers the question.
type slow struct {
	answer wizard.Answer
	think  time.Duration
	mu     sync.Mutex
	asked  []wizard.Question
}

func (p *slow) Ask(ctx context.Context, q wizard.Question) (wizard.Answer, error) {
	if q.ID != "follow_redirect" {
		return wizard.NotAsked, nil
	}
	p.mu.Lock()
	p.asked = append(p.asked, q)
	p.mu.Unlock()
	select {
	case <-time.After(p.think):
		return p.answer, nil
	case <-ctx.Done():
		return wizard.NotAsked, ctx.Err()
	}
}

func TestRedirectNeedsConsent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		answer  wizard.Answer
		think   time.Duration
		follows bool
	}{{"yes", 0, true}, {"no", 0, false}, {wizard.NotAsked, 0, false}, {"yes", 13 * time.Second, true}} {
		t.Run(string(test.answer)+" after "+test.think.String(), func(t *testing.T) {
			t.Parallel()
			if testing.Short() && test.think > 0 {
				t.Skip("takes longer than a step waits")
			}
			addr, invites := forwarder(t)
			who := &slow{answer: test.answer, think: test.think}
			none := false
			check, err := NewCheck(Request{Account: Account{User: "alice", Domain: addr, Register: &none}, Situation: "no-ringback", Target: "200", Person: who})
			require.NoError(t, err)
			rep, err := check.Run(context.Background())
			require.NoError(t, err)
			want := []string{"sip:200@" + addr}
			if test.follows {
				want = append(want, "sip:300@"+addr)
			}
			require.Equal(t, want, invites())
			require.Len(t, who.asked, 1)
			require.Equal(t, "The server sends this call on to 300@"+addr+". Should the test phone call there?", who.asked[0].Text)

			noted := ""
			for _, r := range check.tape.From(0) {
				if r.Note != nil && r.Note.Kind == capture.KindAnswer && r.Note.Key == "follow_redirect" {
					noted = r.Note.Text
				}
			}
			require.Equal(t, string(test.answer), noted)
			var causes []string
			for _, f := range rep.Diagnosis.Findings {
				causes = append(causes, f.Rule.Cause)
			}
			cause := "redirected"
			if test.follows {
				cause = "callee-busy"
			}
			require.Contains(t, causes, cause)
		})
	}
}
