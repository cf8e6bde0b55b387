package lab

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard/report"
)

// question is what the program is asked on the client.
type question struct {
	Account   session.Account
	Situation string // "" is everything
	To        string
	Answers   session.Answers
	Limit     time.Duration // 0: a minute and a half
}

// answer is what it said.
type answer struct {
	report.Document
	Status int           // of its exit
	Said   string        // on standard error
	Took   time.Duration // from the start to its end
	Late   time.Duration // by how much this machine woke a sleeper too late, root mean square
	Saved  string        // the zip with the report and the capture
}

// registrar starts Kamailio on the server, over UDP, TCP and TLS on the usual ports.
func (n *Network) registrar(t testing.TB, h help) *Registrar {
	t.Helper()
	o := KamailioOptions{Host: n.server, Ways: true, NATHelp: h&withNATHelp != 0}
	if h&withRelay != 0 {
		o.Relay = n.server.relay(t)
	}
	return Kamailio(t, o)
}

// help is what a provider does for phones behind NAT.
type help uint8

const (
	noHelp      help = 0
	withNATHelp help = 1 << iota // it answers where packets come from
	withRelay                    // sound passes through its relay
)

// phone starts a second phone on the callee's computer.
func (n *Network) phone(t testing.TB, k *Registrar, user string, o PhoneOptions) *Phone {
	t.Helper()
	o.Host = n.callee
	return Baresip(t, k, user, ByItself, o)
}

// nameServer starts a name server on the server, which the client asks for every name.
func (n *Network) nameServer(t testing.TB, records ...string) {
	t.Helper()
	p := n.server.nameServer(t, n.server.at(t, 53), records...)
	if !eventually(5*time.Second, func() bool { return !p.running() || n.hasPort(n.server, "udp", 53) }) || !p.running() {
		t.Fatalf("dnsmasq does not start:\n%s", p.log.tail(2000))
	}
}

// hasPort tells whether somebody listens on a port of a host.
func (n *Network) hasPort(h *Host, transport string, port int) bool {
	name, args := h.command("ss", "-Hln", "-A", transport, "sport", "=", fmt.Sprintf(":%d", port))
	out, err := exec.Command(name, args...).Output()
	return err == nil && len(bytes.TrimSpace(out)) > 0
}

// doctor builds the program as people get it, without the window, once.
var doctor = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "doctor")
	if err != nil {
		return "", err
	}
	if err := guarded("folder", dir); err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "softphone-doctor")
	cmd := exec.Command("go", "build", "-tags", "nogui", "-o", bin, "softphonedoctor")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return bin, nil
})

// check runs the program's check on the client and reads its JSON. With LAB_KEEP=DIR
// what it saved is kept there.
func (n *Network) check(t testing.TB, q question) answer {
	t.Helper()
	settings, err := toml.Marshal(q.Account)
	if err != nil {
		t.Fatal(err)
	}
	account := filepath.Join(t.TempDir(), "account.toml")
	if err := os.WriteFile(account, settings, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"check"}
	if q.Situation != "" {
		args = append(args, q.Situation)
	}
	args = append(args, "--account", account)
	if q.To != "" {
		args = append(args, "--to", q.To)
	}
	for key, value := range q.Answers {
		args = append(args, "--answer", key+"="+value)
	}
	limit := q.Limit
	if limit == 0 {
		limit = 90 * time.Second
	}
	return n.doctor(t, limit, args...)
}

// probe runs the program's measurements of the way to a server on the client.
func (n *Network) probe(t testing.TB, server string, args ...string) answer {
	t.Helper()
	return n.doctor(t, 30*time.Second, append([]string{"probe", server}, args...)...)
}

// doctor runs one of the program's commands on the client, as somebody with a home of
// their own would, and reads its JSON.
func (n *Network) doctor(t testing.TB, limit time.Duration, args ...string) answer {
	t.Helper()
	bin, err := doctor()
	if err != nil {
		t.Fatal(err)
	}
	n.checks++
	dir := filepath.Join(n.folder, fmt.Sprintf("check-%d", n.checks))
	home := filepath.Join(dir, "home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	a := answer{Saved: filepath.Join(dir, "report.zip")}
	name, args := n.client.command("env", append(append([]string{"HOME=" + home, "XDG_CACHE_HOME=" + home, "XDG_CONFIG_HOME=" + home, bin}, args...), "--json", "--everything", "--save", a.Saved)...)
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.SysProcAttr = ownGroup()
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if n.atEnter != nil {
		enter, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stderr = &prompted{said: &said, then: func() {
			n.atEnter()
			_, _ = enter.Write([]byte("\n"))
		}}
	}
	ended := make(chan struct{})
	lateness := measureLateness(ended)
	began := time.Now()
	if err := startHere(cmd); err != nil {
		t.Fatal(err)
	}
	overdue := time.AfterFunc(limit, func() { endGroup(cmd.Process.Pid, true) })
	err = cmd.Wait()
	inTime := overdue.Stop()
	a.Took, a.Said = time.Since(began), said.String()
	close(ended)
	a.Late = <-lateness
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		a.Status = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	if !inTime {
		t.Fatalf("it took longer than %v:\n%s", limit, a.Said)
	}
	if err := json.Unmarshal(out.Bytes(), &a.Document); err != nil {
		t.Fatalf("its JSON (exit status %d): %v\n%s\n%s", a.Status, err, out.String(), a.Said)
	}
	t.Cleanup(func() { n.keep(t, a) })
	return a
}

// prompted is the standard error of a program that waits for Enter.
type prompted struct {
	said *bytes.Buffer
	then func() // once, when it does
}

func (p *prompted) Write(b []byte) (int, error) {
	n, err := p.said.Write(b)
	if p.then != nil && bytes.Contains(p.said.Bytes(), []byte("Press Enter")) {
		p.then()
		p.then = nil
	}
	return n, err
}

// keep puts what a check saved where LAB_KEEP says.
func (n *Network) keep(t testing.TB, a answer) {
	folder := os.Getenv("LAB_KEEP")
	if folder == "" {
		return
	}
	b, err := os.ReadFile(a.Saved)
	if err != nil {
		return // it saved nothing
	}
	name := strings.NewReplacer("/", "-", " ", "_").Replace(t.Name()) + "-" + filepath.Base(filepath.Dir(a.Saved)) + ".zip"
	if err = os.MkdirAll(folder, 0o700); err == nil {
		err = os.WriteFile(filepath.Join(folder, name), b, 0o600)
	}
	if err != nil {
		t.Log(err)
	}
}

// root is the cause of the verdict: the first finding that no other explains; nil: none.
func (a answer) root() *report.FindingDoc {
	for i := range a.Findings {
		if !a.Findings[i].Symptom {
			return &a.Findings[i]
		}
	}
	return nil
}

// stream is the one with most packets in a direction; nil: none.
func (a answer) stream(w way) (best *report.StreamDoc) {
	for i := range a.Streams {
		if s := &a.Streams[i]; s.Direction == string(w) && (best == nil || s.Packets > best.Packets) {
			best = s
		}
	}
	return best
}

// String is an answer in a few lines.
func (a answer) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%v, exit status %d): %s", a.Verdict, a.Took.Round(10*time.Millisecond), a.Status, a.Headline)
	for _, f := range a.Findings {
		symptom := ""
		if f.Symptom {
			symptom = ", symptom"
		}
		fmt.Fprintf(&b, "\n  %s %s at %s, %s, %s%s: %s", f.Kind, f.Cause, f.Where, f.Direction, f.Certainty, symptom, f.Why)
	}
	for _, c := range a.Calls {
		fmt.Fprintf(&b, "\n  call %s %v", c.Direction, c.Codes)
	}
	for _, r := range a.Registrations {
		fmt.Fprintf(&b, "\n  sign-in at %s over %s %v", r.Server, r.Transport, r.Codes)
	}
	for _, s := range a.Streams {
		jitter := 0.0
		if s.JitterMS != nil {
			jitter = *s.JitterMS
		}
		fmt.Fprintf(&b, "\n  %s %s>%s: %d packets, %d lost, %d doubled, %d reordered, jitter %.1f ms", s.Direction, s.From, s.To, s.Packets, s.Lost, s.Duplicate, s.Reordered, jitter)
	}
	for _, p := range a.Probes {
		fmt.Fprintf(&b, "\n  measured %s: %s %s", p.Name, p.Result, p.Detail)
	}
	if a.Said != "" {
		b.WriteString("\n" + a.Said)
	}
	return b.String()
}

// account is an account of the lab's Kamailio on the server.
func (n *Network) account(k *Registrar, user, transport string) session.Account {
	a := session.Account{User: user, Domain: k.Addr.Addr().String(), Password: Password(user), Transport: transport}
	if transport == "tls" {
		a.CAFile = k.Ways.CAFile
	}
	return a
}
