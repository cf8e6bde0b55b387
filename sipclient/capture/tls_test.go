package capture

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"
	"github.com/stretchr/testify/require"
)

// wiretap keeps what is written to a connection.
type wiretap struct {
	net.Conn
	back bool
	mu   *sync.Mutex
	talk *[]said
}

func (w wiretap) Write(b []byte) (int, error) {
	w.mu.Lock()
	*w.talk = append(*w.talk, said{w.back, bytes.Clone(b)})
	w.mu.Unlock()
	return w.Conn.Write(b)
}

// self is a certificate that nobody signed but itself.
func self(t testing.TB) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), fixedRandom{})
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(fixedRandom{}, template, template, key.Public(), key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// fixedRandom is a source that is not random: good enough for a test's certificate.
type fixedRandom struct{}

// secureTalk lets Go's own TLS carry messages, client and server in turns, and gives
// what crossed the wire with the key log.
func secureTalk(t testing.TB, config *tls.Config, turns ...string) (talk []said, keys string) {
	var log bytes.Buffer
	var mu sync.Mutex
	config = config.Clone()
	config.Certificates, config.InsecureSkipVerify = []tls.Certificate{self(t)}, true
	theirs := config.Clone()
	config.KeyLogWriter = &log
	a, b := net.Pipe()
	client := tls.Client(wiretap{a, false, &mu, &talk}, config)
	server := tls.Server(wiretap{b, true, &mu, &talk}, theirs)
	fail := make(chan error, 1)
	go func() {
		for i, text := range turns {
			if i%2 == 0 {
				got := make([]byte, len(text))
				if _, err := io.ReadFull(server, got); err != nil {
					fail <- err
					return
				}
			} else if _, err := io.WriteString(server, text); err != nil {
				fail <- err
				return
			}
		}
		fail <- nil
	}()
	for i, text := range turns {
		if i%2 == 0 {
			_, err := io.WriteString(client, text)
			require.NoError(t, err)
		} else {
			got := make([]byte, len(text))
			_, err := io.ReadFull(client, got)
			require.NoError(t, err)
		}
	}
	require.NoError(t, <-fail)
	require.NoError(t, a.Close())
	require.NoError(t, b.Close())
	return talk, log.String()
}

// withSecrets puts a block with a key log in front of the packets of a pcapng file
// (draft-ietf-opsawg-pcapng 4.7).
func withSecrets(t testing.TB, keys string, frames ...[]byte) []byte {
	file := pcapngFile(t, layers.LinkTypeRaw, frames...)
	section := binary.LittleEndian.Uint32(file[4:])
	body := binary.LittleEndian.AppendUint32(nil, secretsTLS)
	body = binary.LittleEndian.AppendUint32(body, uint32(len(keys)))
	body = append(body, keys...)
	body = append(body, make([]byte, pad(uint32(len(keys))))...)
	block := binary.LittleEndian.AppendUint32(nil, blockSecrets)
	block = binary.LittleEndian.AppendUint32(block, uint32(len(body)+12))
	block = append(block, body...)
	block = binary.LittleEndian.AppendUint32(block, uint32(len(body)+12))
	return append(append(bytes.Clone(file[:section]), block...), file[section:]...)
}

var tlsKinds = []struct {
	name   string
	config *tls.Config
}{
	{"1.2 AES-128-GCM", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}},
	{"1.2 AES-256-GCM", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}}},
	{"1.2 ChaCha20", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256}}},
	{"1.3", &tls.Config{MinVersion: tls.VersionTLS13}},
	{"1.3 asked again", &tls.Config{MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.CurveP256}}},
}

func TestTLS(t *testing.T) {
	long := strings.Replace(askMessage, "Content-Length: 0", "Subject: "+strings.Repeat("a long one ", 3000)+"\r\nContent-Length: 0", 1)
	for _, c := range tlsKinds {
		t.Run(c.name, func(t *testing.T) {
			talk, keys := secureTalk(t, c.config, askMessage, answer, long, answer)
			want := []string{"TLS>" + askMessage, "TLS<" + answer, "TLS>" + long, "TLS<" + answer}
			for _, size := range []int{13, 700, 100_000} {
				frames := connection(t, min(size, 60_000), talk)
				got := collect(t, bytes.NewReader(withSecrets(t, keys, frames...)))
				require.Equal(t, want, carried(got), size)
				for _, r := range got {
					require.LessOrEqual(t, r.N, len(frames))
				}
			}
		})
	}
}

// Without its keys a connection stays what it was, and only a file with secrets says so.
func TestTLSWithoutKeys(t *testing.T) {
	for _, c := range tlsKinds {
		talk, keys := secureTalk(t, c.config, askMessage, answer)
		frames := connection(t, 700, talk)
		for _, r := range raw(t, frames) {
			require.NotNil(t, r.Packet, "no note: nobody promised keys")
			require.Equal(t, TCP, r.Packet.Net)
		}
		other := "CLIENT_RANDOM " + strings.Repeat("ab", 32) + " " + strings.Repeat("cd", 48) + "\n"
		wrong := strings.NewReplacer("a", "b", "0", "1").Replace
		for lines, says := range map[string]string{
			other:                             "no keys for it",
			wrongSecrets(keys, wrong):         "not those that it used",
			keys[:len(keys)/4] + "\n" + other: "no keys for it",
		} {
			got := collect(t, bytes.NewReader(withSecrets(t, lines, frames...)))
			var notes []string
			for _, r := range got {
				if r.Note != nil {
					notes = append(notes, r.Note.Key+": "+r.Note.Text)
				} else {
					require.NotContains(t, string(r.Packet.Data), "SIP/2.0")
				}
			}
			require.Len(t, notes, 1, "%s: %v", c.name, notes)
			require.Contains(t, notes[0], says, c.name)
		}
	}
}

// wrongSecrets changes the secrets of a key log, but not whose they are.
func wrongSecrets(keys string, wrong func(string) string) string {
	var b strings.Builder
	for line := range strings.Lines(keys) {
		f := strings.Fields(line)
		fmt.Fprintln(&b, f[0], f[1], wrong(f[2]))
	}
	return b.String()
}

// Suites that are not read are named; so is a beginning that was missed.
func TestTLSLimits(t *testing.T) {
	talk, keys := secureTalk(t, &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}, askMessage, answer)
	got := carriedNotes(collect(t, bytes.NewReader(withSecrets(t, keys, connection(t, 700, talk)...))))
	require.Len(t, got, 1)
	require.Contains(t, got[0], "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA")

	talk, keys = secureTalk(t, &tls.Config{}, askMessage, answer, askMessage)
	for i, s := range talk {
		if s.data[0] == recordData { // the first protected record
			got = carriedNotes(collect(t, bytes.NewReader(withSecrets(t, keys, connection(t, 60_000, talk[i:])[3:]...))))
			break
		}
	}
	require.Len(t, got, 1)
	require.Contains(t, got[0], "beginning is not in the capture")
}

func carriedNotes(records []Record) (notes []string) {
	for _, r := range records {
		if r.Note != nil {
			notes = append(notes, r.Note.Text)
		}
	}
	return notes
}

// A lost segment costs the messages in it, and no others.
func TestTLSGap(t *testing.T) {
	for _, c := range tlsKinds {
		var turns []string
		for i := range 10 {
			turns = append(turns, strings.Replace(askMessage, "Call-ID: 1", fmt.Sprintf("Call-ID: %d", i), 1), answer)
		}
		talk, keys := secureTalk(t, c.config, turns...)
		last := len(talk) - 6 // the eighth question
		frames := connection(t, 60_000, talk)
		frames = append(frames[:3+last], frames[3+last+1:]...)
		var asked []string
		gaps := 0
		for _, r := range collect(t, bytes.NewReader(withSecrets(t, keys, frames...))) {
			require.NotNil(t, r.Packet, c.name)
			require.Equal(t, TLS, r.Packet.Net)
			if r.Packet.Src == alice {
				asked = append(asked, string(r.Packet.Data))
			}
			if r.Packet.Gap {
				gaps++
			}
		}
		require.Equal(t, 1, gaps, c.name)
		joined := strings.Join(asked, "")
		require.NotContains(t, joined, "Call-ID: 7\r\n", c.name)
		require.Contains(t, joined, "Call-ID: 8\r\n", c.name)
		require.Contains(t, joined, "Call-ID: 9\r\n", c.name)
	}
}

// WebSockets within TLS, as browsers use them.
func TestWebSocketInTLS(t *testing.T) {
	client, server := string(wsFrames(t, true, text(askMessage))), string(wsFrames(t, false, text(answer)))
	talk, keys := secureTalk(t, &tls.Config{}, wsAsk, wsAnswer, client, server)
	got := collect(t, bytes.NewReader(withSecrets(t, keys, connection(t, 700, talk)...)))
	require.Equal(t, []string{"WSS>" + askMessage, "WSS<" + answer}, carried(got))
	var again bytes.Buffer
	_, err := Write(&again, values(got))
	require.NoError(t, err)
	require.Equal(t, carried(got), carried(collect(t, &again)))
}

// sealed makes a record as its sender does.
func sealed(c *recordCipher, kind byte, body string) []byte {
	plain := []byte(body)
	head := []byte{kind, 3, 3, 0, 0}
	var nonce [12]byte
	binary.BigEndian.PutUint64(nonce[4:], c.sequence)
	switch {
	case c.salted: // the part of the nonce that is sent is the number of the record
		copy(nonce[:], c.iv)
		extra := binary.BigEndian.AppendUint64(nil, c.sequence)
		extra = binary.BigEndian.AppendUint16(append(extra, kind, 3, 3), uint16(len(plain)))
		binary.BigEndian.PutUint16(head[3:], uint16(8+len(plain)+16))
		c.sequence++
		return c.aead.Seal(append(head, nonce[4:]...), nonce[:], plain, extra)
	case c.modern:
		plain = append(plain, kind, 0, 0, 0)
		head[0] = recordData
	}
	binary.BigEndian.PutUint16(head[3:], uint16(len(plain)+16))
	for i := range nonce {
		nonce[i] ^= c.iv[i]
	}
	c.sequence++
	return c.aead.Seal(head, nonce[:], plain, head)
}

// madeTalk is a client's side of TLS 1.3 or 1.2, the same each time, with the keys; in
// 1.3 with new keys in the middle (RFC 8446 4.6.3).
func madeTalk(t testing.TB, modern bool) (talk []said, keys string) {
	secret := func(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }
	client, server := secret(7), secret(8)
	clear := func(kind byte, body []byte) []byte {
		return join([]byte{kind, 3, 3, 0, byte(len(body))}, body)
	}
	line := func(label string, secret []byte) string {
		return label + " " + hex.EncodeToString(client) + " " + hex.EncodeToString(secret) + "\n"
	}
	const finishedMessage = "\x14\x00\x00\x02ok"
	hello := said{false, clear(recordHandshake, join("\x01\x00\x00\x22\x03\x03", client))}
	change := said{false, clear(recordChange, []byte{1})}
	if !modern {
		reply := join("\x02\x00\x00\x26\x03\x03", server, "\x00\xc0\x2f\x00")
		both, err := tlsSuites[0xc02f].keys12(append(secret(9), secret(9)[:16]...), client, server)
		require.NoError(t, err)
		return []said{hello, {true, clear(recordHandshake, reply)}, change,
			{false, sealed(both[0], recordHandshake, finishedMessage)}, {false, sealed(both[0], recordData, askMessage[:30])},
			{false, sealed(both[0], recordData, askMessage[30:])}}, line("CLIENT_RANDOM", append(secret(9), secret(9)[:16]...))
	}
	suite := tlsSuites[tls.TLS_CHACHA20_POLY1305_SHA256]
	cipherOf := func(secret []byte) *recordCipher {
		c, err := suite.keys13(secret)
		require.NoError(t, err)
		return c
	}
	handshake, first := cipherOf(secret(1)), cipherOf(secret(2))
	next, err := expandLabel(suite.hash, secret(2), "traffic upd", 32)
	require.NoError(t, err)
	second := cipherOf(next)
	reply := join("\x02\x00\x00\x2e\x03\x03", server, "\x00\x13\x03\x00\x00\x06\x00\x2b\x00\x02\x03\x04")
	return []said{hello, {true, clear(recordHandshake, reply)}, change,
		{false, sealed(handshake, recordHandshake, "\x0b\x00\x00\x03abc"+finishedMessage[:3])}, {false, sealed(handshake, recordHandshake, finishedMessage[3:])},
		{false, sealed(first, recordData, askMessage[:30])}, {false, sealed(first, recordHandshake, "\x18\x00\x00\x01\x00")},
		{false, sealed(second, recordData, askMessage[30:])}}, line("CLIENT_TRAFFIC_SECRET_0", secret(2)) + line("CLIENT_HANDSHAKE_TRAFFIC_SECRET", secret(1))
}

func TestTLSKeyUpdate(t *testing.T) {
	for _, modern := range []bool{true, false} {
		talk, keys := madeTalk(t, modern)
		frames := connection(t, 60_000, talk)
		require.Equal(t, []string{"TLS>" + askMessage}, carried(collect(t, bytes.NewReader(withSecrets(t, keys, frames...)))))
		if modern { // also where only the secret behind the handshake is known: the handshake is passed over
			keys, _, _ = strings.Cut(keys, "\n")
			require.Equal(t, []string{"TLS>" + askMessage}, carried(collect(t, bytes.NewReader(withSecrets(t, keys, frames...)))))
		}
	}
}
