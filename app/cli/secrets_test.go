package cli

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/app/session"
	"softphonedoctor/sipclient/capture"
)

// What is sown into the capture below, in every place that a message has. proofs are, or
// prove, a password: no output has them. keys open encrypted sound: of all outputs only a
// capture that was asked for with everything in it has them, because the sound lies beside
// them. personal is whose it is: it stands where the person looks at it, and nowhere in what
// is made to be given on.
var (
	proofs = []string{"s3cret-uri", "6629fae49393a05397450978507c4ef1", "77d0d11aa12c5a3d8e23b1d49b9d5e6f", "YW5uYTpzM2NyZXQ", "eyJhbGciOiJIUzI1NiJ9", "TlRMTVNTUAABAAAA", "web-w0rd"}
	keys   = []string{"WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz", "QXnF1tYwS0vL5h1rMtbD0zJ9", "AQAFgM0XflABAAAAAAAAAAAAAAsAyONQ6g", "hunter2-ice"}
	// The machines are told apart by one number each, so that none is a part of another figure.
	personal = []string{"+4930123456", "30123456", "4915112345678", "anna", "berg", "müller", "secretcorp", "annas-laptop", "192.168.77.23", "203.0.113.77", "2001:db8:77:1::23", "geheimnis", "signal=7", "f81d4fae-7dec"}
)

// sownCapture is a call that is refused and what goes with it, as another program has
// captured it: with nothing masked.
func sownCapture() []byte {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	phone, server := netip.MustParseAddrPort("192.168.77.23:5060"), netip.MustParseAddrPort("203.0.113.77:5060")
	var records []capture.Record
	add := func(out bool, text string) {
		at = at.Add(30 * time.Millisecond)
		p := &capture.Packet{Time: at, Net: capture.UDP, Src: phone, Dst: server, Hops: 64, Data: []byte(text)}
		if !out {
			p.Src, p.Dst = p.Dst, p.Src
		}
		records = append(records, capture.Record{N: len(records) + 1, Packet: p})
	}
	send := func(out bool, text string) { add(out, strings.ReplaceAll(text, "\n", "\r\n")) }
	head := func(branch, cseq, to string) string {
		return "Via: SIP/2.0/UDP 192.168.77.23:5060;branch=z9hG4bK" + branch + ";rport;received=203.0.113.77\nFrom: \"Anna Berg\" <sip:+4930123456:s3cret-uri@pbx.secretcorp.example>;tag=a\nTo: Müller <sip:4915112345678@pbx.secretcorp.example>" + to +
			"\nCall-ID: one-" + branch[:1] + "@annas-laptop\nCSeq: " + cseq + "\n"
	}
	const digest = "Digest username=\"anna\", realm=\"secretcorp.example\", nonce=\"n1\", uri=\"sip:anna:s3cret-uri@secretcorp.example\", response=\"6629fae49393a05397450978507c4ef1\", qop=auth, nc=00000001, cnonce=\"c\"\n"
	const contact = "Max-Forwards: 70\nContact: <sip:anna:s3cret-uri@192.168.77.23:5060>;+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>\"\n"
	register := func(n, auth string) {
		send(true, "REGISTER sip:pbx.secretcorp.example SIP/2.0\n"+strings.ReplaceAll(head("r"+n, n+" REGISTER", ""), "4915112345678@", "+4930123456@")+contact+auth+"Content-Length: 0\n\n")
	}
	register("1", "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9\nAuthorization: NTLM opaque=\"1\", gssapi-data=\"TlRMTVNTUAABAAAA\"\n")
	send(false, "SIP/2.0 200 OK\n"+strings.ReplaceAll(head("r1", "1 REGISTER", ";tag=s"), "4915112345678@", "+4930123456@")+"Contact: <sip:anna:s3cret-uri@192.168.77.23:5060>;expires=300\nAuthentication-Info: qop=auth, rspauth=\"77d0d11aa12c5a3d8e23b1d49b9d5e6f\", nextnonce=\"n2\"\nContent-Length: 0\n\n")

	sdp := "v=0\no=anna 1 1 IN IP4 192.168.77.23\ns=Geheimnis\nc=IN IP4 192.168.77.23\nt=0 0\nk=base64:QXnF1tYwS0vL5h1rMtbD0zJ9\nm=audio 4000 RTP/SAVP 8 101\na=rtpmap:101 telephone-event/8000\n" +
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\na=acap:1 crypto:2 AES_CM_128_HMAC_SHA1_32 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\n" +
		"a=key-mgmt:mikey AQAFgM0XflABAAAAAAAAAAAAAAsAyONQ6g\na=ice-pwd:hunter2-ice\na=candidate:1 1 UDP 1 2001:db8:77:1::23 4000 typ host\na=x-owner:Anna Berg\n"
	for i, auth := range []string{"Proxy-Authorization: Basic YW5uYTpzM2NyZXQ=\n", "Proxy-Authorization: " + digest} {
		n := string(rune('1' + i))
		send(true, "INVITE sip:4915112345678:s3cret-uri@pbx.secretcorp.example SIP/2.0\n"+head("i"+n, n+" INVITE", "")+contact+auth+
			"Call-Info: <https://anna:web-w0rd@secretcorp.example/anna>;purpose=icon\nSubject: Geheimnis of Anna\nContent-Type: application/sdp\nContent-Length: "+ /* without the returns */ "\n\n"+sdp)
		if i == 0 {
			send(false, "SIP/2.0 407 Proxy Authentication Required\n"+head("i1", "1 INVITE", ";tag=b")+"Proxy-Authenticate: Digest realm=\"secretcorp.example\", nonce=\"n1\", qop=\"auth\"\nContent-Length: 0\n\n")
		} else {
			send(false, "SIP/2.0 403 Caller +4930123456 of Anna Berg not allowed\n"+head("i2", "2 INVITE", ";tag=c")+"Contact: <sip:4915112345678:s3cret-uri@203.0.113.77>\nX-Customer: Anna Berg 4915112345678\nContent-Length: 0\n\n")
		}
		send(true, "ACK sip:4915112345678@pbx.secretcorp.example SIP/2.0\n"+head("i"+n, n+" ACK", ";tag="+string(rune('b'+i)))+"Max-Forwards: 70\nContent-Length: 0\n\n")
	}
	send(true, "MESSAGE sip:anna@pbx.secretcorp.example SIP/2.0\n"+head("m", "3 MESSAGE", "")+"Max-Forwards: 70\nContent-Type: text/plain\n\nGeheimnis: Anna Berg, 4915112345678, <sip:anna:s3cret-uri@secretcorp.example>")
	send(true, "INFO sip:4915112345678@203.0.113.77 SIP/2.0\n"+head("n", "4 INFO", "")+"Max-Forwards: 70\nContent-Type: application/dtmf-relay\n\nSignal=7\nDuration=160\n")
	return foreign(records)
}

// outputs runs the program and gives what it has written.
func outputs(t *testing.T, args ...string) string {
	t.Helper()
	return outputsOf(t, "", args...)
}

// outputsOf is outputs with something at the standard input.
func outputsOf(t *testing.T, in string, args ...string) string {
	t.Helper()
	var out, told bytes.Buffer
	status := Main(args, Env{In: strings.NewReader(in), Out: &out, Err: &told})
	require.NotEqual(t, ExitUnusable, status, "%v: %s", args, told.String())
	return out.String() + told.String()
}

// unzipped gives the files of a saved report.
func unzipped(t *testing.T, path string) map[string]string {
	t.Helper()
	z, err := zip.OpenReader(path)
	require.NoError(t, err)
	defer z.Close()
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		b, err := io.ReadAll(r)
		require.NoError(t, err)
		files[f.Name] = string(b)
	}
	return files
}

func holdsNone(t *testing.T, name, text string, lists ...[]string) {
	t.Helper()
	text = strings.ToLower(text)
	for _, list := range lists {
		for _, s := range list {
			if at := strings.Index(text, strings.ToLower(s)); at >= 0 {
				t.Errorf("%s holds %s: …%q…", name, s, text[max(0, at-60):min(len(text), at+60)])
			}
		}
	}
}

// TestSecretsAreInNoOutput sows secrets into every place of a capture and looks for them in
// everything that the command line makes of it.
func TestSecretsAreInNoOutput(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	at := func(name string) string { return filepath.Join(dir, name) }
	read := func(name string) string {
		b, err := os.ReadFile(at(name))
		require.NoError(t, err)
		return string(b)
	}
	file := sownCapture()
	for _, list := range [][]string{proofs, keys, personal} {
		for _, s := range list {
			if !strings.Contains(s, "2001:db8") { // in the session description only
				require.Contains(t, strings.ToLower(string(file)), strings.ToLower(strings.TrimSpace(s)), "not sown")
			}
		}
	}
	require.NoError(t, os.WriteFile(at("day.pcap"), file, 0o600))

	_, invite, _ := bytes.Cut(file, []byte("Proxy-Authenticate")) // the second one, with the response
	invite = invite[bytes.Index(invite, []byte("INVITE sip:")):bytes.Index(invite, []byte("SIP/2.0 403"))]

	// For the person's own eyes, and for programs of its own.
	own := map[string]string{
		"examine":              outputs(t, "examine", at("day.pcap")),
		"examine --details":    outputs(t, "examine", at("day.pcap"), "--details"),
		"examine --json":       outputs(t, "examine", at("day.pcap"), "--json"),
		"examine --json-lines": outputs(t, "examine", at("day.pcap"), "--json-lines"),
		"share --everything":   outputs(t, "share", at("day.pcap"), at("all.zip"), "--everything", "--preview"),
		"homer":                atCollector(t, at("day.pcap")),
		"explain sdp":          outputsOf(t, string(invite), "explain", "sdp"),
	}
	require.Contains(t, own["examine --json"], "4915112345678")
	require.Contains(t, own["examine --json-lines"], "4915112345678")
	require.Contains(t, own["homer"], "INVITE sip:4915112345678:0000000000@pbx.secretcorp.example")
	holdsNone(t, "homer", own["homer"], []string{"signal=7"})
	for name, text := range unzipped(t, at("all.zip")) {
		own["everything: "+name] = text
	}
	require.Contains(t, own["everything: capture.pcapng"], keys[0], "with everything the sound is there, and what opens it")
	own["everything: capture.pcapng"] = withoutKeys(own["everything: capture.pcapng"])
	outputs(t, "examine", at("day.pcap"), "--call", "one-i@annas-laptop", "--save", at("call.pcapng"))
	own["a call saved as it is"] = withoutKeys(read("call.pcapng"))
	for name, text := range own {
		require.Greater(t, len(text), 200, name)
		holdsNone(t, name, text, proofs, keys)
	}

	// For others.
	outputs(t, "examine", at("day.pcap"), "--call", "one-i@annas-laptop", "--save", at("masked.pcapng"), "--mask")
	given := map[string]string{
		"share --preview":   outputs(t, "share", at("day.pcap"), "--preview"),
		"share":             strings.ReplaceAll(outputs(t, "share", at("day.pcap"), at("report.zip")), dir, ""),
		"a masked call":     read("masked.pcapng"),
		"a shared one":      outputs(t, "examine", at("report.zip"), "--details", "--json"),
		"homer of a report": atCollector(t, at("report.zip")),
	}
	for name, text := range unzipped(t, at("report.zip")) {
		given[name] = text
	}
	require.Len(t, given, 9)
	code := regexp.MustCompile(`[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]`).FindString(given["report.txt"])
	require.NotEmpty(t, code)
	given["decode"] = outputs(t, "decode", code)
	for name, text := range given {
		require.Greater(t, len(text), 60, name)
		holdsNone(t, name, text, proofs, keys, personal)
	}
}

// withoutKeys takes out the keys that may stand there.
func withoutKeys(text string) string {
	for _, k := range keys {
		text = strings.ReplaceAll(text, k, "")
	}
	return text
}

// atCollector is what a collector gets of a file.
func atCollector(t *testing.T, path string) string {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetReadBuffer(1<<20))
	told := outputs(t, "homer", path, conn.LocalAddr().String())
	require.NotContains(t, told, " 0 messages")
	var all strings.Builder
	buf := make([]byte, 65536)
	for {
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(300*time.Millisecond)))
		n, err := conn.Read(buf)
		if err != nil {
			return all.String()
		}
		all.Write(buf[:n])
	}
}

// proof is a digest response that was not blanked.
var proof = regexp.MustCompile(`response=\\?"[0-9a-f]*[1-9a-f]`)

// TestPasswordIsInNoOutput: a check with an account leaves its password, and what proves it,
// in nothing that it prints, keeps or saves.
func TestPasswordIsInNoOutput(t *testing.T) {
	pbx, err := session.StartPractice("callee-busy")
	require.NoError(t, err)
	t.Cleanup(pbx.Close)
	dir, home := t.TempDir(), t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(home, "cache"))
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "config"))
	a := pbx.Account
	const word = "s3cret-word-of-the-account"
	// The built-in PBX has a password of its own: a wrong one is sent, refused, and in no output either.
	for _, password := range []string{a.Password, word} {
		account := filepath.Join(dir, "a.toml")
		require.NoError(t, os.WriteFile(account, []byte("user = \""+a.User+"\"\ndomain = \""+a.Domain+"\"\npassword = \""+password+"\"\n"), 0o600))
		all := map[string]string{}
		for _, args := range [][]string{
			{"check", "no-ringback", "--account", account, "--to", pbx.Target, "--save", filepath.Join(home, "a.zip"), "--preview"},
			{"check", "no-ringback", "--account", account, "--to", pbx.Target, "--save", filepath.Join(home, "b.zip"), "--everything", "--json"},
		} {
			all[strings.Join(args[len(args)-2:], " ")] = outputs(t, args...)
		}
		for _, name := range []string{"a.zip", "b.zip"} {
			for member, text := range unzipped(t, filepath.Join(home, name)) {
				all[name+" "+member] = text
			}
		}
		require.NoError(t, filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				b, err := os.ReadFile(path)
				require.NoError(t, err)
				all[path] = string(b)
			}
			return err
		}))
		require.Contains(t, all["b.zip capture.pcapng"], "Authorization: Digest")
		for name, text := range all {
			holdsNone(t, name, text, []string{password})
			require.NotRegexp(t, proof, text, name)
		}
	}
}
