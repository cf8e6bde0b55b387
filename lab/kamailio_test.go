package lab

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/icholy/digest"

	"softphonedoctor/sipclient/sipmsg"
)

func TestKamailioStartsAndStops(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{})
	if !Answers(k.Addr) {
		t.Error("it does not answer")
	}
	k.Stop(t)
	if Answers(k.Addr) {
		t.Error("it still answers after Stop")
	}
	k.Stop(t)
}

// TestKamailioByName holds the table of the package comment against the real
// server.
func TestKamailioByName(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{})
	sha := Kamailio(t, KamailioOptions{SHA256: true})
	tests := []struct {
		method, name  string
		codes         string // in order; the second request has credentials
		header, value string // of the last answer
	}{
		{"REGISTER", "dora", "401 200", "Contact", ""},
		{"REGISTER", "reg-401loop", "401 401", "WWW-Authenticate", ""},
		{"REGISTER", "reg-403", "401 403", "", ""},
		{"REGISTER", "reg-403plain", "403", "", ""},
		{"REGISTER", "reg-404", "404", "", ""},
		{"REGISTER", "reg-423", "401 423", "Min-Expires", "1800"},
		{"REGISTER", "reg-503", "503", "Retry-After", "7"},
		{"REGISTER", "reg-503plain", "503", "", ""},
		{"REGISTER", "reg-480", "480", "", ""},
		{"REGISTER", "reg-silent", "", "", ""},
		{"INVITE", "code-302", "407 302", "Contact", "<sip:moved@" + k.Domain() + ">"},
		{"INVITE", "code-486", "407 486", "", ""},
		{"INVITE", "code-503", "407 503", "Retry-After", "30"},
		{"INVITE", "code-503plain", "407 503", "", ""},
		{"INVITE", "code-603", "407 603", "", ""},
		{"INVITE", "ring-480", "407 480", "", ""},
		{"INVITE", "loop407", "407 407", "Proxy-Authenticate", ""},
		{"INVITE", "silent", "", "", ""},
		{"INVITE", "stranger", "407 480", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.name, func(t *testing.T) {
			c := newCaller(t, k.Addr)
			last, codes := c.ask(tt.method, tt.name)
			if codes != tt.codes {
				t.Fatalf("codes %q, want %q", codes, tt.codes)
			}
			if last == nil || tt.header == "" {
				if last != nil && last.Has("Retry-After") {
					t.Error("an unwanted Retry-After")
				}
				return
			}
			if got := last.Get(tt.header); got == "" || tt.value != "" && got != tt.value {
				t.Errorf("%s is %q, want %q", tt.header, got, tt.value)
			}
			if len(last.Problems) > 0 {
				t.Errorf("problems %v", last.Problems)
			}
		})
	}
	t.Run("SHA-256", func(t *testing.T) {
		c := newCaller(t, sha.Addr)
		if _, codes := c.ask("REGISTER", "emil"); codes != "401 200" || c.algorithm != "SHA-256" {
			t.Errorf("codes %q with %s", codes, c.algorithm)
		}
	})
	t.Run("423 only for a short time", func(t *testing.T) {
		c := newCaller(t, k.Addr)
		c.expires = 3600
		if _, codes := c.ask("REGISTER", "reg-423"); codes != "401 200" {
			t.Errorf("with a long time: %q", codes)
		}
	})
}

// caller is the smallest user agent that can sign in.
type caller struct {
	t         *testing.T
	conn      *net.UDPConn
	server    netip.AddrPort
	expires   int
	algorithm string
}

func newCaller(t *testing.T, server netip.AddrPort) *caller {
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(server))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &caller{t: t, conn: conn, server: server, expires: 60}
}

// ask sends a request, answers one challenge, and gives the last answer and the
// final codes.
func (c *caller) ask(method, name string) (last *sipmsg.Message, codes string) {
	from, uri := name, "sip:"+c.server.String()
	if method == "INVITE" {
		from, uri = "frida", "sip:"+name+"@"+c.server.String()
	}
	id := strconv.FormatInt(time.Now().UnixNano(), 36)
	m := sipmsg.NewRequest(method, uri)
	local := c.conn.LocalAddr().String()
	m.Add("Via", "")
	m.Add("Max-Forwards", "70")
	m.Add("From", fmt.Sprintf("<sip:%s@%s>;tag=%s", from, c.server, id))
	if method == "INVITE" {
		m.Add("To", "<"+uri+">")
	} else {
		m.Add("To", fmt.Sprintf("<sip:%s@%s>", name, c.server))
		m.Add("Expires", strconv.Itoa(c.expires))
	}
	m.Add("Call-ID", id)
	m.Add("CSeq", "")
	m.Add("Contact", fmt.Sprintf("<sip:%s@%s>", from, local))
	for n := 1; n <= 2; n++ {
		m.Set("Via", fmt.Sprintf("SIP/2.0/UDP %s;rport;branch=z9hG4bK%s%d", local, id, n))
		m.Set("CSeq", fmt.Sprintf("%d %s", n, method))
		answer := c.exchange(m)
		if answer == nil {
			return nil, codes
		}
		if last = answer; codes != "" {
			codes += " "
		}
		codes += strconv.Itoa(answer.Status)
		challenge, credentials := answer.Get("WWW-Authenticate"), "Authorization"
		if answer.Status == 407 {
			challenge, credentials = answer.Get("Proxy-Authenticate"), "Proxy-Authorization"
		}
		if challenge == "" {
			return last, codes
		}
		parsed, err := digest.ParseChallenge(challenge)
		if err != nil {
			c.t.Fatal(err)
		}
		c.algorithm = parsed.Algorithm
		cred, err := digest.Digest(parsed, digest.Options{Method: method, URI: uri, Username: from, Password: Password(from)})
		if err != nil {
			c.t.Fatal(err)
		}
		m.Set(credentials, cred.String())
	}
	return last, codes
}

// exchange sends a request and waits for its final answer; nil after 1.5 s of silence.
func (c *caller) exchange(m *sipmsg.Message) *sipmsg.Message {
	if _, err := c.conn.Write(m.Bytes()); err != nil {
		c.t.Fatal(err)
	}
	buf := make([]byte, 8192)
	for {
		if err := c.conn.SetReadDeadline(time.Now().Add(1500 * time.Millisecond)); err != nil {
			c.t.Fatal(err)
		}
		n, err := c.conn.Read(buf)
		if err != nil {
			return nil
		}
		answer, err := sipmsg.Parse(buf[:n])
		if err != nil {
			c.t.Fatal(err)
		}
		if answer.Status < 200 || answer.Get("CSeq") != m.Get("CSeq") {
			continue
		}
		if m.Method == "INVITE" {
			ack := sipmsg.NewRequest("ACK", m.URI)
			for _, name := range []string{"Via", "From", "Call-ID", "Max-Forwards"} {
				ack.Add(name, m.Get(name))
			}
			ack.Add("To", answer.Get("To"))
			number, _, _ := m.CSeq()
			ack.Add("CSeq", fmt.Sprintf("%d ACK", number))
			if _, err := c.conn.Write(ack.Bytes()); err != nil {
				c.t.Fatal(err)
			}
		}
		return answer
	}
}
