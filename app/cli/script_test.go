package cli

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"softphonedoctor/sipclient/capture"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"softphone-doctor": func() {
			os.Exit(Main(os.Args[1:], Env{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
		},
		"stubborn": stubborn,
	})
}

// TestScripts runs the program as a person would type it; see testdata/script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":  status,
			"garbage": garbage,
			"capture": writeCapture,
			"calls":   writeCalls,
			"many":    writeMany,
			"cut":     cut,
			"free":    free,
			"listens": listens,
			"emptied": emptied,
		},
	})
}

// status N PROGRAM ARGS... runs a program and checks its exact exit status.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N program [args]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// emptied DIR makes sure that nothing lies in a folder.
func emptied(ts *testscript.TestScript, _ bool, args []string) {
	left, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(left) > 0 {
		ts.Fatalf("%s was left in %s", left[0].Name(), args[0])
	}
}

// free NAME... sets variables to ports of 127.0.0.1 that nobody has.
func free(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		ts.Check(err)
		defer l.Close() // behind the last, so that all differ
		_, port, err := net.SplitHostPort(l.Addr().String())
		ts.Check(err)
		ts.Setenv(name, port)
	}
}

// listens PORT waits until a program in the background takes connections there.
func listens(ts *testscript.TestScript, _ bool, args []string) {
	for range 100 {
		conn, err := net.Dial("tcp4", "127.0.0.1:"+args[0])
		if err == nil {
			ts.Check(conn.Close())
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("nobody listens at port %s", args[0])
}

// garbage starts a server on loopback that answers every packet with nonsense,
// and puts its address into the account file that is named.
func garbage(ts *testscript.TestScript, _ bool, args []string) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	ts.Check(err)
	ts.Defer(func() { conn.Close() })
	go func() {
		buf := make([]byte, 65536)
		for {
			_, from, err := conn.ReadFromUDP(buf)
			if err != nil {
				return
			}
			for _, reply := range []string{"SIP/2.0 banana\r\n\r\n", "\x00\xff\xfe garbage", "SIP/2.0 200"} {
				_, _ = conn.WriteToUDP([]byte(reply), from)
			}
		}
	}()
	text := "user = \"2001\"\npassword = \"secret-word\"\ndomain = \"" + conn.LocalAddr().String() + "\"\n"
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// writeCapture makes a capture of a sign-in that is refused twice.
func writeCapture(ts *testscript.TestScript, _ bool, args []string) {
	phone, server := netip.MustParseAddrPort("192.168.1.23:5060"), netip.MustParseAddrPort("198.51.100.20:5060")
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tape := &capture.Tape{}
	for i, auth := range []string{"", "Authorization: Digest username=\"2001\", realm=\"pbx\", nonce=\"a\", uri=\"sip:pbx.example.net\", response=\"0123456789abcdef0123456789abcdef\"\r\n"} {
		n := strconv.Itoa(i + 1)
		head := "Via: SIP/2.0/UDP 192.168.1.23:5060;branch=z9hG4bK" + n + ";rport\r\nFrom: <sip:2001@pbx.example.net>;tag=a\r\nTo: <sip:2001@pbx.example.net>\r\nCall-ID: one\r\nCSeq: " + n + " REGISTER\r\n"
		tape.Packet(capture.Packet{Time: at, Net: capture.UDP, Src: phone, Dst: server, Data: []byte(
			"REGISTER sip:pbx.example.net SIP/2.0\r\n" + head + "Max-Forwards: 70\r\nContact: <sip:2001@192.168.1.23:5060>\r\n" + auth + "Content-Length: 0\r\n\r\n")})
		at = at.Add(20 * time.Millisecond)
		tape.Packet(capture.Packet{Time: at, Net: capture.UDP, Src: server, Dst: phone, Data: []byte(
			"SIP/2.0 401 Unauthorized\r\n" + head + "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"" + n + "\"\r\nContent-Length: 0\r\n\r\n")})
		at = at.Add(time.Millisecond)
	}
	// A keep-alive at the end, for the test that cuts the file.
	tape.Packet(capture.Packet{Time: at.Add(time.Second), Net: capture.UDP, Src: phone, Dst: server, Data: []byte("\r\n\r\n")})
	var buf bytes.Buffer
	_, err := tape.WriteTo(&buf)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), buf.Bytes(), 0o600))
}

// writeCalls makes a capture of two calls: the first still rings at the end,
// the second is refused because the number does not exist.
func writeCalls(ts *testscript.TestScript, _ bool, args []string) {
	phone, server := netip.MustParseAddrPort("192.168.1.23:5060"), netip.MustParseAddrPort("198.51.100.20:5060")
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tape := &capture.Tape{}
	send := func(out bool, call, first, method string) {
		tag, contact := "", ""
		if !out {
			tag = ";tag=b"
		}
		if method == "INVITE" && out {
			contact = "Max-Forwards: 70\r\nContact: <sip:2001@192.168.1.23:5060>\r\n"
		}
		branch := call
		if method == "ACK" && call == "two" {
			tag = ";tag=b"
		}
		p := capture.Packet{Time: at, Net: capture.UDP, Src: phone, Dst: server, Data: []byte(first + "\r\n" +
			"Via: SIP/2.0/UDP 192.168.1.23:5060;branch=z9hG4bK" + branch + ";rport\r\nFrom: <sip:2001@pbx.example.net>;tag=a\r\n" +
			"To: <sip:2002@pbx.example.net>" + tag + "\r\nCall-ID: " + call + "\r\nCSeq: 1 " + method + "\r\n" + contact + "Content-Length: 0\r\n\r\n")}
		if !out {
			p.Src, p.Dst = server, phone
		}
		tape.Packet(p)
		at = at.Add(50 * time.Millisecond)
	}
	to := " sip:2002@pbx.example.net SIP/2.0"
	send(true, "one", "INVITE"+to, "INVITE")
	send(false, "one", "SIP/2.0 180 Ringing", "INVITE")
	send(true, "two", "INVITE"+to, "INVITE")
	send(false, "two", "SIP/2.0 404 Not Found", "INVITE")
	send(true, "two", "ACK"+to, "ACK")
	var buf bytes.Buffer
	_, err := tape.WriteTo(&buf)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), buf.Bytes(), 0o600))
}

// cut FILE N removes the last N bytes of a file.
func cut(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	b := []byte(ts.ReadFile(args[0]))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b[:len(b)-n], 0o600))
}
