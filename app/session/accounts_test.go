package session

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// drawer is a password store in memory.
type drawer map[string]string

func (d drawer) Get(name string) (string, error) {
	if p, ok := d[name]; ok {
		return p, nil
	}
	return "", ErrNoPassword
}
func (d drawer) Set(name, password string) error { d[name] = password; return nil }
func (d drawer) Delete(name string) error        { delete(d, name); return nil }

// noDrawer is a computer without one.
type noDrawer struct{}

func (noDrawer) Get(string) (string, error) { return "", ErrNoPassword }
func (noDrawer) Set(string, string) error   { return ErrNoStore }
func (noDrawer) Delete(string) error        { return nil }

const word = "s3cret-word"

func TestAccountsAreKept(t *testing.T) {
	store := drawer{}
	s := &Accounts{dir: filepath.Join(t.TempDir(), "new", "accounts"), secrets: store}
	list, err := s.List()
	require.NoError(t, err)
	require.Empty(t, list)
	_, err = s.Get("office")
	require.ErrorIs(t, err, ErrNoAccount)

	no := false
	office := Account{Name: "Office / Büro", User: "2001", Domain: "pbx.example.net:5070", Login: `a"b\c`, Password: word, Proxy: "sbc.example.net", Transport: "tls", Codecs: []string{"G722", "PCMA"},
		Encryption: "srtp", STUN: []string{"stun.example.net"}, CallerID: "+4930", PreferIPv6: true, KeepAlive: "options", Provider: "2talk", Mirror: "m.example.net", CAFile: "/ca.pem", ChallengeCallers: true}
	require.NoError(t, s.Keep(office, &Origin{From: "Linphone", Account: Account{User: "2001", Domain: "old.example.net", Password: word}}))
	require.NoError(t, s.Keep(Account{User: "2002", Domain: "b.example.net", Register: &no}, nil))
	list, err = s.List()
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, "2002@b.example.net", list[0].Name)
	require.False(t, list[0].Registers())

	k, err := s.Get("OFFICE / büro")
	require.NoError(t, err)
	want := office
	want.Password = ""
	require.Equal(t, want, k.Account, "everything but the password comes back")
	require.Equal(t, "old.example.net", k.Origin.Account.Domain)
	password, err := s.Password("Office / Büro")
	require.NoError(t, err)
	require.Equal(t, word, password)
	require.Equal(t, "Office / Büro 2", s.Free("Office / Büro"))

	// No file holds a password, and nobody else can read one.
	require.NoError(t, filepath.Walk(s.dir, func(path string, st os.FileInfo, err error) error {
		require.NoError(t, err)
		require.Zero(t, st.Mode().Perm()&0o077, path)
		if !st.IsDir() {
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NotContains(t, string(b), word)
		}
		return nil
	}))

	require.NoError(t, s.SetPassword("office / büro", "other"))
	k, err = s.Get("Office / Büro")
	require.NoError(t, err)
	require.True(t, k.Origin.PasswordChanged)
	require.NoError(t, s.Remove("Office / Büro"))
	require.Empty(t, store)
	left, err := filepath.Glob(filepath.Join(s.dir, "*"))
	require.NoError(t, err)
	require.Len(t, left, 1)
}

// Names are no way out of the folder, and no two share a file.
func TestAccountNames(t *testing.T) {
	s := &Accounts{dir: t.TempDir(), secrets: drawer{}}
	seen := map[string]string{}
	for _, name := range []string{"../x", "x", ".x", "a/b", "a%2fb", `a\b`, "a:b", "a b", "..", "con.", "x\x00y"} {
		p := s.path(name)
		require.Equal(t, s.dir, filepath.Dir(p), name)
		require.NotContains(t, seen, p, name)
		seen[p] = name
		require.NoError(t, s.Keep(Account{Name: name, User: "a", Domain: "b"}, nil), name)
	}
}

// Without a password store the account is kept, and that is said.
func TestAccountsWithoutStore(t *testing.T) {
	s := &Accounts{dir: t.TempDir(), secrets: noDrawer{}}
	err := s.Keep(Account{Name: "office", User: "2001", Domain: "b", Password: word}, nil)
	require.ErrorIs(t, err, ErrNoStore)
	_, err = s.Get("office")
	require.NoError(t, err)
	_, err = s.Password("office")
	require.ErrorIs(t, err, ErrNoPassword)
}

// A damaged file hides no other account.
func TestAccountsWithDamage(t *testing.T) {
	s := &Accounts{dir: t.TempDir(), secrets: drawer{}}
	require.NoError(t, s.Keep(Account{Name: "good", User: "a", Domain: "b"}, nil))
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "bad.toml"), []byte("user = 5"), 0o600))
	list, err := s.List()
	require.ErrorContains(t, err, "bad.toml")
	require.Len(t, list, 1)
	_, err = s.Get("good")
	require.NoError(t, err)
}

func TestImportAccounts(t *testing.T) {
	list, err := ImportAccounts("../softphones/testdata/linphonerc")
	require.NoError(t, err)
	require.Len(t, list, 1)
	a := list[0].Account
	require.Equal(t, "s3cret-word", a.Password)
	require.Empty(t, list[0].Origin.Account.Password)
	require.Equal(t, "Anna Berg", a.Name)
	require.NoError(t, a.Check(), "what is imported can be checked with")

	list, err = ImportAccounts("sip:2001:pw@[2001:db8::1]:5070")
	require.NoError(t, err)
	require.NoError(t, list[0].Account.Check())
	_, err = ImportAccounts(filepath.Join(t.TempDir(), "none"))
	require.ErrorContains(t, err, "cannot read")
	_, err = ImportAccounts(t.TempDir())
	require.ErrorContains(t, err, "is a folder")
}

// What differs is said only after something worked, and against what worked.
func TestDifferences(t *testing.T) {
	aor, own := "2001@pbx.example.net", true
	signIn := func(net capture.Net, status int) *report.Report {
		request, err := sipmsg.Parse([]byte("REGISTER sip:b SIP/2.0\r\nContact: <sip:a@c>\r\nCSeq: 1 REGISTER\r\n\r\n"))
		require.NoError(t, err)
		tr := &evidence.Transaction{Method: "REGISTER", Out: true, Request: &evidence.Message{Message: request}, Responses: []*evidence.Message{{Message: &sipmsg.Message{Status: status}}}}
		return report.New("registration", &evidence.Evidence{Registrations: []*evidence.Registration{{AOR: aor, Out: own, Net: net, Transactions: []*evidence.Transaction{tr}}}}, diagnosis.Diagnosis{})
	}
	used := Account{User: "2001", Domain: "pbx.example.net", Login: "auth-2001", Transport: "tls"}
	origin := &Origin{From: "Linphone", Account: Account{User: "2001", Domain: "pbx.example.net"}}
	require.Equal(t, []Difference{
		{"login (authentication name)", "not set", "auth-2001"},
		{"transport", "UDP", "TLS"},
	}, Differences(origin, used, signIn(capture.TLS, 200)))

	same := Account{User: "2001", Domain: "PBX.example.net"}
	require.Empty(t, Differences(origin, same, signIn(capture.UDP, 200)))
	// The account says UDP, and the check found that only TCP gets through.
	require.Equal(t, []Difference{{"transport", "UDP", "TCP"}}, Differences(origin, same, signIn(capture.TCP, 200)))
	require.Empty(t, Differences(origin, used, signIn(capture.TLS, 403)), "nothing worked")
	require.Empty(t, Differences(nil, used, signIn(capture.TLS, 200)))

	// Another phone that signs in, or another account of ours, proves nothing.
	own = false
	require.Empty(t, Differences(origin, used, signIn(capture.TLS, 200)), "another phone's sign-in")
	own, aor = true, "2009@pbx.example.net"
	require.Empty(t, Differences(origin, used, signIn(capture.TLS, 200)), "another account's sign-in")
	aor = "2001@pbx.example.net"

	changed := &Origin{From: "Linphone", Account: same, PasswordChanged: true}
	list := Differences(changed, same, signIn(capture.UDP, 200))
	require.Len(t, list, 1)
	require.Equal(t, "password", list[0].Setting)
}

// The system's store, where it does not exist, gives the errors that lead on.
func TestNoSystemStore(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "none"))
	if _, err := (systemSecrets{}).Get("softphone-doctor-test-" + strings.ReplaceAll(t.Name(), "/", "-")); err != nil {
		require.True(t, errors.Is(err, ErrNoPassword))
	}
}
