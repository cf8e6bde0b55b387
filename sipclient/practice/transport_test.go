package practice

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTransportFaults speaks to each server by hand, as far as its fault lets one.
func TestTransportFaults(t *testing.T) {
	for id, test := range transportTests {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			f, ok := FaultFor(id)
			require.True(t, ok)
			p, err := Start(f)
			require.NoError(t, err)
			t.Cleanup(func() {
				require.NoError(t, p.Close())
				require.NoError(t, p.Close())
				require.Empty(t, p.open, "connections are left")
			})
			test(t, p)
		})
	}
}

// dialTLS does a handshake as a careful phone would.
func dialTLS(t *testing.T, p *PBX) (net.Conn, error) {
	t.Helper()
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: long}, Config: &tls.Config{RootCAs: p.Roots(), MinVersion: tls.VersionTLS12}}
	conn, err := d.Dial("tcp4", p.Domain())
	if err == nil {
		t.Cleanup(func() { _ = conn.Close() })
	}
	return conn, err
}

func dialTCP(t *testing.T, p *PBX) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp4", p.Domain())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

const lineOptions = "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:x>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"

// answered sends an OPTIONS, in two pieces, and a ping, and wants an answer to each.
func answered(t *testing.T, conn net.Conn) {
	t.Helper()
	require.NoError(t, conn.SetDeadline(time.Now().Add(long)))
	for _, part := range []string{lineOptions[:30], lineOptions[30:]} {
		_, err := io.WriteString(conn, part)
		require.NoError(t, err)
	}
	r := bufio.NewReader(conn)
	line, err := r.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "SIP/2.0 200 OK\r\n", line)
	for line != "\r\n" {
		line, err = r.ReadString('\n')
		require.NoError(t, err)
	}
	_, err = io.WriteString(conn, "\r\n\r\n")
	require.NoError(t, err)
	line, err = r.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "\r\n", line)
}

// badCertificate is a test for a handshake that fails with such words.
func badCertificate(words string) func(*testing.T, *PBX) {
	return func(t *testing.T, p *PBX) {
		_, err := dialTLS(t, p)
		require.ErrorContains(t, err, words)
	}
}

// silentLine takes what is sent and says nothing for a while.
func silentLine(t *testing.T, p *PBX) {
	conn := dialTCP(t, p)
	_, err := io.WriteString(conn, lineOptions)
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(brief)))
	_, err = conn.Read(make([]byte, 10))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
}

var transportTests = map[string]func(*testing.T, *PBX){
	"healthy--tcp": func(t *testing.T, p *PBX) {
		require.Equal(t, "tcp", p.Transport())
		answered(t, dialTCP(t, p))
	},
	"healthy--tls": func(t *testing.T, p *PBX) {
		require.Equal(t, "tls", p.Transport())
		conn, err := dialTLS(t, p)
		require.NoError(t, err)
		answered(t, conn)
	},
	"tls-certificate-invalid":                    badCertificate("doesn't contain any IP SANs"),
	"tls-certificate-invalid--expired":           badCertificate("has expired"),
	"tls-certificate-invalid--not-yet-valid":     badCertificate("not yet valid"),
	"tls-certificate-invalid--self-signed":       badCertificate("unknown authority"),
	"tls-certificate-invalid--unknown-authority": badCertificate("unknown authority"),
	"tls-version-mismatch":                       badCertificate("protocol version"),
	"server-unreachable--tcp":                    silentLine,
	"server-unreachable--tls":                    silentLine,
	"server-port-closed--tcp": func(t *testing.T, p *PBX) {
		_, err := net.Dial("tcp4", p.Domain())
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
	},
	"server-port-closed--tls": func(t *testing.T, p *PBX) {
		_, err := dialTLS(t, p)
		require.True(t, errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET), err)
	},
	"server-not-sip": func(t *testing.T, p *PBX) {
		_, err := dialTLS(t, p)
		var header tls.RecordHeaderError
		require.ErrorAs(t, err, &header)
	},
	"registration-unanswered-or-banned--tcp": func(t *testing.T, p *PBX) {
		conn := dialTCP(t, p)
		answered(t, conn)
		_, err := io.WriteString(conn, strings.NewReplacer("OPTIONS", "REGISTER", "bK1", "bK2", "Content-Length", "Contact: <sip:a@127.0.0.1:9>\r\nContent-Length").Replace(lineOptions))
		require.NoError(t, err)
		_, err = conn.Read(make([]byte, 10))
		require.ErrorIs(t, err, io.EOF)
	},
	"inbound-tcp-connection-lost": func(t *testing.T, p *PBX) {
		answered(t, dialTCP(t, p))
		require.Positive(t, p.fault.line.cutAfter) // after a sign-in, as the whole program's test shows
	},
}
