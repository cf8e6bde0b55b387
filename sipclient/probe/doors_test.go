package probe

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"softphonedoctor/sipclient/capture"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestDoorUDP: what a server says or does not say over UDP is told apart.
func TestDoorUDP(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		answer func([]byte) []byte
		want   []string
	}{
		"answers":  {func(r []byte) []byte { return okTo(r, 200) }, []string{"yes", "code=200", "wanted=usual"}},
		"refuses":  {func(r []byte) []byte { return okTo(r, 403) }, []string{"yes", "code=403"}},
		"silent":   {func([]byte) []byte { return nil }, []string{"no", "reason=silent"}},
		"alive":    {func([]byte) []byte { return []byte("\r\n\r\n") }, []string{"no", "reason=silent"}},
		"tries":    {func(r []byte) []byte { return okTo(r, 100) }, []string{"no", "reason=silent"}},
		"garbage":  {func([]byte) []byte { return []byte("HTTP/1.1 400 Bad Request\r\n\r\n") }, []string{"no", "reason=garbage"}},
		"stranger": {func([]byte) []byte { return okTo([]byte(foreign), 200) }, []string{"no", "reason=silent"}},
		"torn":     {func(r []byte) []byte { return okTo(r, 200)[:60] }, []string{"no"}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			at := serveUDP(t, "127.0.0.1:0", c.answer)
			got := measured(t, Config{Server: at.String()}, 700*time.Millisecond, "udp", "udp-port")
			for _, key := range []string{capture.ProbeUDP, capture.ProbeUDPPort} {
				if !has(got[key], append(c.want, "server="+at.String())...) || without(got[key], "from") {
					t.Errorf("%s: %q", key, got[key])
				}
			}
		})
	}
}

const foreign = "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bKother\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:a>\r\nCall-ID: another\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"

// TestDoorClosed: a closed port says so, at once.
func TestDoorClosed(t *testing.T) {
	t.Parallel()
	at := closedPort(t)
	began := time.Now()
	got := measured(t, Config{Server: at}, 0, "udp", "tcp")
	if !has(got[capture.ProbeUDP], "no", "reason=refused", "server="+at) || !has(got[capture.ProbeTCP], "no", "reason=refused") || !without(got[capture.ProbeTCP], "open") {
		t.Error(got)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("that took %s", took)
	}
}

// TestWhy: what the system says becomes one of the words that the notes promise.
func TestWhy(t *testing.T) {
	for _, c := range []struct {
		err          error
		reason, said string
	}{
		{errSilent, "silent", ""}, {os.ErrDeadlineExceeded, "silent", ""}, {io.EOF, "closed", ""},
		{syscall.ECONNREFUSED, "refused", ""}, {syscall.ECONNRESET, "reset", ""}, {syscall.EPIPE, "reset", ""},
		{syscall.EMSGSIZE, "too-long", ""}, {syscall.EPERM, "denied", "operation not permitted"},
		{syscall.EHOSTUNREACH, "unreachable", "host unreachable"}, {syscall.ENETUNREACH, "unreachable", "network unreachable"},
		{syscall.EACCES, "unreachable", "admin prohibited"},
	} {
		err := c.err
		if _, ok := err.(syscall.Errno); ok {
			if runtime.GOOS != "linux" {
				continue // other systems have numbers of their own
			}
			err = &net.OpError{Op: "read", Net: "udp", Err: os.NewSyscallError("read", err)}
		}
		if reason, said := why(door{Err: err}); reason != c.reason || said != c.said {
			t.Errorf("%v: %s, %q", c.err, reason, said)
		}
	}
}

// TestDoorSlow: copies of a request do not make an answer look quicker or slower.
func TestDoorSlow(t *testing.T) {
	t.Parallel()
	at := serveUDP(t, "127.0.0.1:0", func(r []byte) []byte { time.Sleep(300 * time.Millisecond); return okTo(r, 200) })
	tape := &capture.Tape{}
	b := newBench(Config{Tape: tape, Server: at.String(), Transport: capture.UDP})
	d, err := b.visit(context.Background(), capture.ProbeUDPPort)
	if err != nil || d.Err != nil || d.Reply.Took < 300*time.Millisecond || d.Reply.Took > 490*time.Millisecond {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestDoorTCP: a connection that is made is not yet an answer.
func TestDoorTCP(t *testing.T) {
	t.Parallel()
	reads := func(c net.Conn) { _, _ = c.Read(make([]byte, 4096)) }
	for what, c := range map[string]struct {
		serve func(net.Conn)
		want  []string
	}{
		"answers": {speakSIP(func(r []byte) []byte { return okTo(r, 405) }), []string{"yes", "code=405"}},
		"silent":  {func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, []string{"no", "reason=silent", "open=yes"}},
		"closes":  {reads, []string{"no", "reason=closed", "open=yes"}},
		"resets":  {func(c net.Conn) { reads(c); _ = c.(*net.TCPConn).SetLinger(0) }, []string{"no", "reason=reset", "open=yes"}},
		"web":     {func(c net.Conn) { reads(c); _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n") }, []string{"no", "reason=garbage", "open=yes"}},
		"noise":   {func(c net.Conn) { reads(c); _, _ = c.Write([]byte{0, 1, 2, 3, 4}) }, []string{"no", "reason=garbage"}},
		"half":    {func(c net.Conn) { reads(c); _, _ = io.WriteString(c, "SIP/2.0 200 OK\r\nVia: x") }, []string{"no", "reason=closed"}},
		"flood": {func(c net.Conn) {
			for chunk := make([]byte, 1<<16); ; {
				if _, err := c.Write(chunk); err != nil {
					return
				}
			}
		}, []string{"no", "reason=garbage"}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			at := serveTCP(t, c.serve)
			got := measured(t, Config{Server: at.String(), Transport: capture.TCP}, 700*time.Millisecond, "tcp")
			if !has(got[capture.ProbeTCP], append(c.want, "server="+at.String())...) {
				t.Errorf("%q", got[capture.ProbeTCP])
			}
		})
	}
}

// TestDoorElsewhere: where the account names a port on which nobody answers, the usual
// one is named when it does, and is not taken for the account's.
func TestDoorElsewhere(t *testing.T) {
	t.Parallel()
	usual := serveUDP(t, "127.0.0.77:5060", func(r []byte) []byte { return okTo(r, 200) })
	got := measured(t, Config{Server: "127.0.0.77:5077"}, 700*time.Millisecond, "udp-port")[capture.ProbeUDPPort]
	if !has(got, "no", "reason=refused", "server=127.0.0.77:5077", "usual="+usual.String()) {
		t.Error(got)
	}
	got = measured(t, Config{Server: "127.0.0.77"}, 700*time.Millisecond, "udp-port")[capture.ProbeUDPPort]
	if !has(got, "yes", "server="+usual.String()) || !without(got, "usual") {
		t.Error(got)
	}
}

// TestDoorNextAddress: a name may lead to several servers, the first of which is dead.
func TestDoorNextAddress(t *testing.T) {
	t.Parallel()
	alive := serveUDP(t, "127.0.0.1:0", func(r []byte) []byte { return okTo(r, 200) })
	silent := serveUDP(t, "127.0.0.1:0", func([]byte) []byte { return nil })
	for what, first := range map[string]netip.AddrPort{"closed": netip.MustParseAddrPort(closedPort(t)), "silent": silent} {
		b := newBench(Config{Tape: &capture.Tape{}, Server: "x.invalid", Transport: capture.UDP})
		l := &lookup{done: make(chan struct{}), list: []netip.AddrPort{first, alive}}
		close(l.done)
		b.found[capture.UDP] = l
		ctx, stop := context.WithTimeout(context.Background(), 3*time.Second)
		if d, err := b.visit(ctx, capture.ProbeUDPPort); err != nil || d.Err != nil || d.Server != alive {
			t.Errorf("%s: %+v, %v", what, d, err)
		}
		stop()
	}
}

// TestDoorNoName: a name that leads nowhere was not asked, which is no silence.
func TestDoorNoName(t *testing.T) {
	t.Parallel()
	nowhere := netip.MustParseAddrPort(closedPort(t))
	got := measured(t, Config{Server: "pbx.invalid", NameServers: []netip.AddrPort{nowhere}}, 2*time.Second, "udp", "tls", "tls-versions", "size-udp", "size-tcp", "clock")
	for _, key := range []string{capture.ProbeUDP, capture.ProbeTLS, capture.ProbeCertificate, capture.ProbeTLSVersions, capture.ProbeSizeUDP, capture.ProbeFragments, capture.ProbeSizeTCP, capture.ProbeClock} {
		if !has(got[key], "not-checked") {
			t.Errorf("%s: %q", key, got[key])
		}
	}
}

// TestDoorStopped: who stops the measuring does not wait, and nothing is claimed.
func TestDoorStopped(t *testing.T) {
	t.Parallel()
	at := serveUDP(t, "127.0.0.1:0", func([]byte) []byte { return nil })
	tape := &capture.Tape{}
	ctx, stop := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer stop()
	inner, cancel := context.WithCancel(ctx)
	time.AfterFunc(150*time.Millisecond, cancel)
	began := time.Now()
	if err := run(inner, Config{Tape: tape, Server: at.String()}, doorProbes); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("that took %s", took)
	}
	for _, n := range notes(tape) {
		if !has(n, "not-checked") && !has(n, "refused") && !has(n, "reason=refused") {
			t.Error(n)
		}
	}
}

// TestDoorsDoNotWait: whatever the server does, the ways and what follows from them end
// in time for everything together.
func TestDoorsDoNotWait(t *testing.T) {
	sum := func(p Probe) time.Duration {
		before := time.Duration(0)
		for _, q := range doorProbes {
			if slices.Contains(p.After, q.ID) {
				before = max(before, q.Limit)
			}
		}
		return before + p.Limit
	}
	for _, p := range doorProbes {
		if sum(p) > Total {
			t.Errorf("%s may end after %s", p.ID, sum(p))
		}
	}
}
