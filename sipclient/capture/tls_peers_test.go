package capture

import (
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func (fixedRandom) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(i*7 + 1)
	}
	return len(b), nil
}

// TLS 1.3 with ChaCha20 and new keys in the middle: OpenSSL chooses what Go does not.
func TestTLSByOpenSSL(t *testing.T) {
	path, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("openssl is not installed")
		}
		t.Skip("openssl is not installed")
	}
	for _, suite := range []string{"TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"} {
		t.Run(suite, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer listener.Close()
			var mu sync.Mutex
			var talk []said
			done := make(chan error, 1)
			go func() { done <- relayed(self(t), listener, &mu, &talk) }()
			keyFile := filepath.Join(t.TempDir(), "keys")
			cmd := exec.Command(path, "s_client", "-connect", listener.Addr().String(), "-tls1_3", "-ciphersuites", suite, "-keylogfile", keyFile, "-nocommands", "-quiet")
			in, err := cmd.StdinPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			_, err = io.WriteString(in, askMessage)
			require.NoError(t, err)
			require.NoError(t, <-done)
			_ = in.Close()
			_ = cmd.Wait()
			keys, err := os.ReadFile(keyFile)
			require.NoError(t, err)
			mu.Lock()
			defer mu.Unlock()
			got := carried(collect(t, bytes.NewReader(withSecrets(t, string(keys), connection(t, 700, talk)...))))
			require.Equal(t, []string{"TLS>" + askMessage, "TLS<" + answer}, got)
		})
	}
}

// relayed is a server for one question.
func relayed(cert tls.Certificate, listener net.Listener, mu *sync.Mutex, talk *[]said) error {
	conn, err := listener.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	server := tls.Server(&bothWays{wiretap{conn, true, mu, talk}}, &tls.Config{Certificates: []tls.Certificate{cert}})
	got := make([]byte, len(askMessage))
	if _, err := io.ReadFull(server, got); err != nil {
		return err
	}
	_, err = io.WriteString(server, answer)
	return err
}

// bothWays keeps what is read as well.
type bothWays struct{ wiretap }

func (b *bothWays) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p)
	b.mu.Lock()
	*b.talk = append(*b.talk, said{false, bytes.Clone(p[:n])})
	b.mu.Unlock()
	return n, err
}

// The values of RFC 8448 3, which others computed.
func TestTLSKeysOfRFC8448(t *testing.T) {
	bytesOf := func(s string) []byte {
		b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
		require.NoError(t, err)
		return b
	}
	suite := tlsSuites[tls.TLS_AES_128_GCM_SHA256]
	secret := bytesOf("b6 7b 7d 69 0c c1 6c 4e 75 e5 42 13 cb 2d 37 b4 e9 c9 12 bc de d9 10 5d 42 be fd 59 d3 91 ad 38")
	key, err := expandLabel(suite.hash, secret, "key", 16)
	require.NoError(t, err)
	require.Equal(t, bytesOf("3f ce 51 60 09 c2 17 27 d0 f2 e4 e8 6e e4 03 bc"), key)
	c, err := suite.keys13(secret)
	require.NoError(t, err)
	require.Equal(t, bytesOf("5d 31 3e b2 67 12 76 ee 13 00 0b 30"), c.iv)
}

// tshark reads the same messages with the same keys.
func TestTLSAsTsharkReadsIt(t *testing.T) {
	needTshark(t)
	for _, c := range tlsKinds {
		talk, keys := secureTalk(t, c.config, askMessage, answer)
		file := filepath.Join(t.TempDir(), "tls.pcapng")
		require.NoError(t, os.WriteFile(file, withSecrets(t, keys, connection(t, 700, talk)...), 0o600))
		lines := tshark(t, "-n", "-r", file, "-d", "tcp.port==5060,tls", "-d", "tls.port==5060,sip", "-Y", "sip", "-T", "fields", "-e", "sip.CSeq.method", "-e", "frame.number")
		records, err := readAll(t, file)
		require.NoError(t, err)
		var ours []string
		for _, r := range records {
			ours = append(ours, "OPTIONS", fmt.Sprint(r.N))
		}
		require.Equal(t, lines, ours, c.name)
	}
}
