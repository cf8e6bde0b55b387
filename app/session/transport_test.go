package session

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// authority makes a certificate file of an authority that nobody knows.
func authority(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestTransports(t *testing.T) {
	for _, transport := range []string{"", "udp", "TCP", "tls", "TLS"} {
		a := Account{User: "a", Domain: "[::1]:5061", Password: "x", Transport: transport}
		require.NoError(t, a.Check(), transport)
	}
	var field *Field
	require.ErrorAs(t, Account{User: "a", Domain: "b", Password: "x", Transport: "ws"}.Check(), &field)
	require.Equal(t, "transport", field.Name)
}

func TestCAFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	write("ca.pem", authority(t))
	write("none.pem", []byte("this is no certificate"))
	write("huge.pem", make([]byte, maxCAFile+1))
	for file, want := range map[string]string{"ca.pem": "", "none.pem": "holds no certificate", "huge.pem": "larger than", "missing.pem": "cannot read ca_file", ".": "cannot read ca_file"} {
		write("account.toml", []byte("user = \"a\"\ndomain = \"b\"\npassword = \"x\"\ntransport = \"tls\"\nca_file = \""+file+"\"\nprefer_ipv6 = true\n"))
		a, err := LoadAccount(filepath.Join(dir, "account.toml"))
		if want == "" {
			require.NoError(t, err)
			require.Equal(t, filepath.Join(dir, file), a.CAFile, "a relative name is looked for beside the account file")
			require.True(t, a.PreferIPv6)
			pool, err := a.authorities()
			require.NoError(t, err)
			require.NotNil(t, pool)
			continue
		}
		require.ErrorContains(t, err, want, file)
		require.NotContains(t, err.Error(), "\n")
		var field *Field
		require.True(t, errors.As(err, &field) && field.Name == "ca_file", file)
	}
	pool, err := Account{}.authorities()
	require.True(t, pool == nil && err == nil, "without a file the system's authorities stand")
}

// Signs of life that are answered, and callers who prove the password, reach the phone.
func TestKeepAliveAndChallengeReachThePhone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "account.toml")
	require.NoError(t, os.WriteFile(file, []byte("user = \"a\"\ndomain = \"b\"\npassword = \"x\"\nkeep_alive = \"options\"\nchallenge_callers = true\n"), 0o600))
	a, err := LoadAccount(file)
	require.NoError(t, err)
	c, err := NewCheck(Request{Account: a, Situation: "registration", Passing: true})
	require.NoError(t, err)
	require.True(t, c.lazy.config.KeepAliveOptions)
	require.True(t, c.lazy.config.ChallengeStrangers)
	a.KeepAlive, a.ChallengeCallers = "line", false
	c, err = NewCheck(Request{Account: a, Situation: "registration", Passing: true})
	require.NoError(t, err)
	require.False(t, c.lazy.config.KeepAliveOptions || c.lazy.config.ChallengeStrangers)
}

func TestSipsNeedsTLS(t *testing.T) {
	a := Account{User: "a", Domain: "b", Password: "x"}
	_, err := NewCheck(Request{Account: a, Situation: "no-ringback", Target: "sips:200@b"})
	require.ErrorContains(t, err, "over TLS only")
	a.Transport = "tls"
	_, err = NewCheck(Request{Account: a, Situation: "no-ringback", Target: "sips:200@b"})
	require.NoError(t, err)
}
