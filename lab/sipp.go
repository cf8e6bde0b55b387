package lab

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// SIPpOptions says which part a SIPp takes. The zero value waits to be called.
type SIPpOptions struct {
	Through *Registrar    // it calls: the proxy it sends to
	User    string        // it calls: whom
	As      string        // it calls: as which user, with that user's password
	Port    int           // its SIP port; 0: a free one
	Echo    bool          // send every RTP packet back from the port echoPort
	Limit   time.Duration // of the whole call; 0: 60 s
	Again   bool          // play the script for every call, until stopped
}

// Scripted is a SIPp that plays one script once.
type Scripted struct {
	*Process
	Addr   netip.AddrPort // where it listens, UDP
	Script Script

	errors, messages string // files
}

// SIPp plays a script. It returns when the peer listens, or has begun to call.
func SIPp(t testing.TB, script Script, o SIPpOptions) *Scripted {
	t.Helper()
	program := Program(t, "sipp", "sip-tester")
	dir := t.TempDir()
	if o.Port == 0 {
		o.Port = FreePort(t)
	}
	if o.Limit == 0 {
		o.Limit = time.Minute
	}
	s := &Scripted{
		Addr:     netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(o.Port)),
		Script:   script,
		errors:   filepath.Join(dir, "errors.log"),
		messages: filepath.Join(dir, "messages.log"),
	}
	file := filepath.Join(dir, "script.xml")
	if err := os.WriteFile(file, []byte(script.xml()), 0o600); err != nil {
		t.Fatal(err)
	}
	seconds := strconv.Itoa(max(1, int(o.Limit.Seconds())))
	args := []string{"-sf", file, "-i", "127.0.0.1", "-p", strconv.Itoa(o.Port), "-mi", "127.0.0.1", "-mp", strconv.Itoa(FreePorts(t, 4)),
		"-nostdin", "-recv_timeout", "15s", "-timeout", seconds + "s", "-timeout_error", "-deadcall_wait", "0",
		"-trace_err", "-error_file", s.errors, "-trace_msg", "-message_file", s.messages}
	if !o.Again {
		args = append(args, "-m", "1")
	}
	if o.Echo {
		args = append(args, "-rtp_echo")
	}
	if o.Through != nil {
		args = append(args, "-au", o.As, "-ap", Password(o.As), "-key", "me", o.As, "-key", "user", o.User, o.Through.Addr.String())
	}
	var err error
	if s.Process, err = start(t, dir, program, args...); err != nil {
		t.Fatalf("sipp: %v", err)
	}
	s.silent = true // Account says it better than its screens do
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the peer of the script %q says: %s", script.Name, s.Account())
		}
	})
	if !eventually(10*time.Second, func() bool { return !s.running() || bound(o.Port) }) || !s.running() && s.exitCode() != 0 {
		t.Fatalf("sipp does not start: %s", s.Account())
	}
	return s
}

// Finish waits until the script has been played to its end, and fails the test
// with what the peer said when it was not, or not as it stands.
func (s *Scripted) Finish(t testing.TB, within time.Duration) {
	t.Helper()
	select {
	case <-s.done:
	case <-time.After(within):
		t.Errorf("the script %q is not at its end after %v: %s", s.Script.Name, within, s.Account())
		return
	}
	if code := s.exitCode(); code != 0 {
		t.Errorf("the peer of the script %q ended with %d: %s", s.Script.Name, code, s.Account())
	}
}

// exitCode gives how the program ended: 0 when its one call went as the script
// says, 1 when it did not.
func (s *Scripted) exitCode() int { return s.cmd.ProcessState.ExitCode() }

// Account gives what the peer complained of, and the first lines of the messages
// that it sent and received, for whoever reads a failure.
func (s *Scripted) Account() string {
	var b strings.Builder
	if text, err := os.ReadFile(s.errors); err == nil {
		b.WriteString(tail(string(text), 1500))
	} else if !strings.Contains(s.log.String(), "Scenario Screen") {
		b.WriteString(s.log.tail(500)) // it did not even begin
	}
	b.WriteString("\nwhat crossed:")
	for _, line := range s.Messages() {
		b.WriteString("\n  " + line)
	}
	return b.String()
}

// Messages lists the first lines of all messages that the peer sent (">") and
// received ("<"), in order.
func (s *Scripted) Messages() (list []string) {
	text, err := os.ReadFile(s.messages)
	if err != nil {
		return nil
	}
	for _, m := range messageHead.FindAllStringSubmatch(string(text), -1) {
		arrow := "<"
		if m[1] == "sent" {
			arrow = ">"
		}
		list = append(list, arrow+" "+strings.TrimSpace(m[2]))
	}
	return list
}

// messageHead matches how SIPp's message log introduces a message, and its first line.
var messageHead = regexp.MustCompile(`(?m)message (sent|received) (?:\(\d+ bytes\)|\[\d+\] bytes) ?:\r?\n\r?\n(.*)$`)

func tail(s string, n int) string {
	s = strings.TrimSpace(s)
	return s[max(0, len(s)-n):]
}

// bound asks the kernel whether somebody listens on a UDP port of loopback. A
// trial packet would be part of the script, and a trial bind would be in the way.
func bound(port int) bool {
	table, err := os.ReadFile("/proc/net/udp")
	return err == nil && strings.Contains(string(table), fmt.Sprintf(" 0100007F:%04X ", port))
}

// portUser is the user name under which Kamailio reaches a scripted peer.
func portUser(s *Scripted) string { return fmt.Sprintf("port-%d", s.Addr.Port()) }
