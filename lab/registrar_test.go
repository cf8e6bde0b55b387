package lab

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/app/session"
	"softphonedoctor/sipclient"
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/report"
)

// lastingPhone is a test phone that is signed in until the test ends.
func lastingPhone(t *testing.T, k *Registrar, cfg sipclient.Config) *sipclient.Phone {
	t.Helper()
	cfg.Password, cfg.Register = Password(cfg.User), true
	if cfg.Domain == "" {
		cfg.Domain = k.Domain()
	}
	if cfg.Tape == nil {
		cfg.Tape = &capture.Tape{}
	}
	p, err := sipclient.New(t.Context(), cfg)
	require.NoError(t, err)
	closing(t, p)
	require.NoError(t, p.Register(t.Context()))
	return p
}

// contacts asks the registrar who is signed in, with a phone that is not.
func contacts(t *testing.T, k *Registrar, user string) []string {
	t.Helper()
	p, err := sipclient.New(t.Context(), sipclient.Config{Tape: &capture.Tape{}, Account: sipclient.Account{
		User: user, Domain: k.Domain(), Password: Password(user), Register: true}})
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Close(context.Background())) }()
	list, err := p.Bindings(t.Context())
	require.NoError(t, err)
	uris := make([]string, len(list))
	for i, b := range list {
		uris[i] = b.URI
	}
	slices.Sort(uris)
	return uris
}

// otherPhones signs in a real phone and further ones of ours, and gives their contacts.
func otherPhones(t *testing.T, k *Registrar, user string, n int) []string {
	t.Helper()
	Baresip(t, k, user, ByHand, PhoneOptions{})
	for range n - 1 {
		lastingPhone(t, k, sipclient.Config{Account: sipclient.Account{User: user}})
	}
	list := contacts(t, k, user)
	require.Len(t, list, n)
	return list
}

// requireOwnContacts holds that a check signed in, or did not, and that no REGISTER of
// it spoke of anybody else's contact.
func requireOwnContacts(t *testing.T, got checked, signsIn bool, others []string) {
	t.Helper()
	named := 0
	for _, m := range got.Evidence.Messages {
		if !m.Out || m.Method != "REGISTER" {
			continue
		}
		for _, c := range m.Contacts() {
			named++
			require.False(t, c.IsAny(), "the check signs everybody out")
			require.NotContains(t, others, c.URI.Raw)
		}
	}
	require.Equal(t, signsIn, named > 0, story(got.Evidence))
}

// hearing answers like a person at the screen, and keeps what was asked.
type hearing struct {
	session.Answers
	asked []wizard.Question
}

func (h *hearing) Ask(ctx context.Context, q wizard.Question) (wizard.Answer, error) {
	h.asked = append(h.asked, q)
	return h.Answers.Ask(ctx, q)
}

// TestOtherPhonesKeepTheirPlace: whatever is answered to the question about other
// phones, the registrar has the same contacts afterwards as before.
func TestOtherPhonesKeepTheirPlace(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{})
	for _, tt := range []struct {
		name    string
		others  int
		person  session.Answers
		signsIn bool
	}{
		{"two-unasked", 2, nil, true}, // this server keeps several
		{"two-yes", 2, session.Answers{"sign_in_anyway": "yes"}, true},
		{"two-no", 2, session.Answers{"sign_in_anyway": "no"}, false},
		{"one-unasked", 1, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name != "two-yes" {
				wholeLab(t)
			}
			t.Parallel()
			before := otherPhones(t, k, tt.name, tt.others)
			person := &hearing{Answers: tt.person}
			got := check(t, session.Request{Account: account(k, tt.name), Situation: "registration", Person: person, Journal: t.TempDir()})
			require.NotEmpty(t, person.asked)
			require.Equal(t, "sign_in_anyway", person.asked[0].ID)
			for _, uri := range before {
				_, host, _ := strings.Cut(uri, "@")
				host, _, _ = strings.Cut(host, ";")
				require.Contains(t, person.asked[0].Text, host, "the question does not name the phone")
			}
			requireOwnContacts(t, got, tt.signsIn, before)
			if tt.signsIn {
				require.Equal(t, report.Healthy, got.Verdict, story(got.Evidence))
				require.Empty(t, got.Warnings)
			} else {
				require.Equal(t, report.Inconclusive, got.Verdict, story(got.Evidence))
				require.Contains(t, strings.Join(got.Warnings, " "), "Not checked: the sign-in.")
			}
			require.Equal(t, before, contacts(t, k, tt.name))
			requireSameFile(t, got)
		})
	}
}

// What the program of its own that TestKilledRun starts is told.
const (
	killedUser    = "LAB_KILLED_USER"
	killedDomain  = "LAB_KILLED_DOMAIN"
	killedJournal = "LAB_KILLED_JOURNAL"
)

// signInUntilKilled is that program: a check that signs in and waits for a call.
func signInUntilKilled() {
	user := os.Getenv(killedUser)
	c, err := session.NewCheck(session.Request{
		Account:   session.Account{User: user, Domain: os.Getenv(killedDomain), Password: Password(user)},
		Situation: "no-incoming", Person: session.Answers{"sign_in_anyway": "yes"},
		Journal: os.Getenv(killedJournal), CallWait: time.Minute,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	go func() { // a parent that dies first closes it
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	_, _ = c.Run(ctx)
}

// startKilled starts a check that stays signed in, and gives it with the contacts of then.
func startKilled(t *testing.T, k *Registrar, user, journal string) (*exec.Cmd, []string) {
	t.Helper()
	before := contacts(t, k, user)
	cmd := exec.Command(os.Args[0])
	cmd.Stderr = os.Stderr
	cmd.Env = append(os.Environ(), killedUser+"="+user, killedDomain+"="+k.Domain(), killedJournal+"="+journal)
	_, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { kill(cmd) })
	var now []string
	require.True(t, eventually(20*time.Second, func() bool {
		now = contacts(t, k, user)
		return len(now) == len(before)+1
	}), "it does not sign in: %v", now)
	return cmd, now
}

// kill is SIGKILL: nothing can be tidied up.
func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// TestKilledRun: the next run removes exactly the contact that a killed one left, and
// neither the real phone's nor that of a run that still goes on.
func TestKilledRun(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{})
	journal := t.TempDir()
	desk := otherPhones(t, k, "kilda", 1)
	alive, withAlive := startKilled(t, k, "kilda", journal)
	dying, all := startKilled(t, k, "kilda", journal)
	kill(dying)
	require.Equal(t, all, contacts(t, k, "kilda"), "the dead run's contact went by itself")

	next := func(want []string) {
		t.Helper()
		got := check(t, session.Request{Account: account(k, "kilda"), Situation: "registration", Journal: journal, Person: session.Answers{"sign_in_anyway": "yes"}})
		require.Equal(t, report.Healthy, got.Verdict, story(got.Evidence))
		requireOwnContacts(t, got, true, want)
		require.Equal(t, want, contacts(t, k, "kilda"))
	}
	next(withAlive)
	kill(alive)
	next(desk)
	left, err := os.ReadDir(journal)
	require.NoError(t, err)
	require.Empty(t, left, "a clean end leaves a note")
}

// signsOfLife counts what a tape has of one phone's keep-alive.
type signsOfLife struct {
	lines, pongs  int // line ends out and in
	asked, served int // OPTIONS out, repetitions aside, and the 200s to them
}

func countSigns(tape *capture.Tape) (n signsOfLife) {
	out, seen := map[netip.AddrPort]bool{}, map[string]bool{}
	for _, r := range tape.From(0) {
		if r.Packet == nil {
			continue
		}
		m, err := sipmsg.Parse(r.Packet.Data)
		blank := len(strings.Trim(string(r.Packet.Data), "\r\n")) == 0
		switch {
		case err == nil && m.IsRequest():
			out[r.Packet.Src] = true // nobody calls the phone before it is counted
			if m.Method == "OPTIONS" && !seen[m.Branch()] {
				seen[m.Branch()] = true
				n.asked++
			}
		case err == nil && m.Status == 200:
			if _, method, _ := m.CSeq(); method == "OPTIONS" {
				n.served++
			}
		case blank && out[r.Packet.Src]:
			n.lines++
		case blank:
			n.pongs++
		}
	}
	return n
}

// TestSignsOfLife: Kamailio bears short keep-alives, answers those that are to be
// answered, and the phone is still called afterwards.
func TestSignsOfLife(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{Ways: true})
	for _, tt := range []struct {
		transport string
		options   bool
	}{
		{"udp", false}, {"udp", true}, {"tcp", false}, {"tcp", true}, {"tls", false},
	} {
		user := tt.transport + map[bool]string{true: "-options", false: "-line"}[tt.options]
		t.Run(user, func(t *testing.T) {
			if user != "udp-options" {
				wholeLab(t)
			}
			t.Parallel()
			tape := &capture.Tape{}
			cfg := sipclient.Config{Tape: tape, KeepAlive: 150 * time.Millisecond, KeepAliveOptions: tt.options,
				Account: sipclient.Account{User: user, Transport: tt.transport}}
			if tt.transport == "tls" {
				cfg.Domain, cfg.Roots = k.Ways.TLS[CertGood].String(), pool(t, k)
			}
			p := lastingPhone(t, k, cfg)
			var n signsOfLife
			enough := eventually(10*time.Second, func() bool {
				n = countSigns(tape)
				switch {
				case tt.options:
					return n.served >= 4
				case tt.transport == "udp":
					return n.lines >= 4
				}
				return n.lines >= 4 && n.pongs >= 3
			})
			require.True(t, enough, "%+v", n)
			// One may be under way; one more is sent where the server is slow to sign in.
			require.LessOrEqual(t, n.asked-n.served, 2, "OPTIONS without an answer: %+v", n)
			if !tt.options {
				require.LessOrEqual(t, n.asked, 1, "OPTIONS that nobody wanted")
			}
			if tt.transport == "udp" {
				require.Zero(t, n.pongs, "an empty packet is no answer over UDP")
			}
			requireReached(t, k, p, user)
		})
	}
}

// requireReached calls a phone of ours through the registrar, and hangs up there.
func requireReached(t *testing.T, k *Registrar, p *sipclient.Phone, user string) {
	t.Helper()
	caller := lastingPhone(t, k, sipclient.Config{Account: sipclient.Account{User: "from-" + user}})
	out, err := caller.Dial(t.Context(), fmt.Sprintf("sip:%s@%s", user, k.Domain()))
	require.NoError(t, err)
	in := called(t, p)
	require.NoError(t, in.Answer(t.Context()))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	require.Equal(t, sipclient.Answered, out.Wait(ctx, sipclient.Answered))
	require.NoError(t, in.Hangup(ctx))
	require.Equal(t, sipclient.Ended, out.Wait(ctx, sipclient.Ended))
}

// edgeConfig is a proxy in front of the registrar, as providers have them: it leaves
// its Path in each REGISTER (RFC 3327), so that calls to the phone come through it.
//
//go:embed testdata/edge.cfg
var edgeConfig []byte

// TestBehindAnEdge: a phone that knows the edge only as its outbound proxy can be
// called through it, and sends where the registrar's Service-Route (RFC 3608) says.
func TestBehindAnEdge(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{})
	edge := Kamailio(t, KamailioOptions{config: edgeConfig})
	tape := &capture.Tape{}
	p := lastingPhone(t, k, sipclient.Config{Tape: tape, Account: sipclient.Account{User: "edna", Proxy: edge.Domain()}})
	require.Len(t, contacts(t, k, "edna"), 1)
	requireReached(t, k, p, "edna")

	other := lastingPhone(t, k, sipclient.Config{Account: sipclient.Account{User: "odo"}})
	out, err := p.Dial(t.Context(), "sip:odo@"+k.Domain())
	require.NoError(t, err)
	in := called(t, other)
	require.NoError(t, in.Answer(t.Context()))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	require.Equal(t, sipclient.Answered, out.Wait(ctx, sipclient.Answered))
	require.NoError(t, out.Hangup(ctx))
	require.Equal(t, sipclient.Ended, in.Wait(ctx, sipclient.Ended))

	service, sent, came := "", 0, 0
	for _, r := range tape.From(0) {
		if r.Packet == nil {
			continue
		}
		m, err := sipmsg.Parse(r.Packet.Data)
		if err != nil {
			continue // sound
		}
		ours := strings.HasPrefix(m.Get("User-Agent"), "SoftphoneDoctor") && r.Packet.Dst == edge.Addr
		switch {
		case !m.IsRequest():
			if s := m.Get("Service-Route"); s != "" {
				service = s
			}
		case ours && m.Method == "REGISTER":
			require.Contains(t, m.Supported(), "path")
		case ours && m.Method == "INVITE":
			sent++
			require.Equal(t, service, m.Get("Route"))
		case m.Method == "INVITE":
			came++
			require.Equal(t, edge.Addr, r.Packet.Src, "the call does not come through the edge")
		}
	}
	require.Equal(t, "<sip:"+edge.Domain()+";lr;lab=service>", service)
	require.Positive(t, sent)
	require.Positive(t, came)
}
