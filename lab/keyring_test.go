package lab

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/app/session"
)

// inPasswordStore says to a test's own process which store it finds.
const inPasswordStore = "LAB_PASSWORD_STORE"

// TestPasswordStore: passwords of kept accounts in a real Secret Service, the one of
// GNOME, on a bus of its own; the part in it is TestInPasswordStore.
func TestPasswordStore(t *testing.T) {
	bus := Program(t, "dbus-run-session", "dbus")
	Program(t, "gnome-keyring-daemon", "gnome-keyring")
	home, runtime := t.TempDir(), t.TempDir()
	require.NoError(t, os.Chmod(runtime, 0o700))
	self := []string{os.Args[0], "-test.run=^TestInPasswordStore$", "-test.v"}
	for _, part := range []struct {
		name    string
		command []string
	}{{"open", append([]string{bus, "--"}, self...)}, {"none", self}} {
		c := exec.CommandContext(t.Context(), part.command[0], part.command[1:]...)
		c.Env = []string{"HOME=" + home, "XDG_RUNTIME_DIR=" + runtime, "PATH=" + os.Getenv("PATH"), inPasswordStore + "=" + part.name}
		out, err := c.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "--- PASS: TestInPasswordStore", "%s", out)
	}
	// Neither the accounts nor the store's own file shows it.
	require.NoError(t, filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NotContains(t, string(b), "s3cret-word", path)
		}
		return err
	}))
}

// TestInPasswordStore runs on the bus of TestPasswordStore only.
func TestInPasswordStore(t *testing.T) {
	a := session.Account{Name: "office", User: "2001", Domain: "pbx.example.net", Password: "s3cret-word"}
	switch os.Getenv(inPasswordStore) {
	case "":
		return // it is a part of TestPasswordStore
	case "none":
		withoutStore(t, a)
		return
	}

	// The store is opened by the empty password, as at the login of somebody who has none.
	// It goes into the background when it is ready, and ends with the bus. Nobody may ask
	// for it before: the bus would start another, which is locked.
	d := exec.CommandContext(t.Context(), "gnome-keyring-daemon", "--unlock", "--components=secrets")
	d.Stdin = strings.NewReader("\n")
	require.NoError(t, d.Run())

	kept, err := session.OpenAccounts("")
	require.NoError(t, err)
	require.NoError(t, kept.Keep(a, nil))
	again, err := session.OpenAccounts("")
	require.NoError(t, err)
	password, err := again.Password("office")
	require.NoError(t, err)
	require.Equal(t, a.Password, password)

	a.Password = "another-word"
	require.NoError(t, kept.Keep(a, nil))
	password, err = again.Password("office")
	require.NoError(t, err)
	require.Equal(t, a.Password, password)

	require.NoError(t, kept.Remove("office"))
	_, err = again.Password("office")
	require.ErrorIs(t, err, session.ErrNoPassword)
}

// withoutStore: where there is no store, the account is kept all the same, and that is
// said at once.
func withoutStore(t *testing.T, a session.Account) {
	kept, err := session.OpenAccounts("")
	require.NoError(t, err)
	a.Name = "without"
	began := time.Now()
	err = kept.Keep(a, nil)
	require.ErrorIs(t, err, session.ErrNoStore)
	require.Less(t, time.Since(began), 5*time.Second)
	_, err = kept.Get("without")
	require.NoError(t, err)
	_, err = kept.Password("without")
	require.True(t, errors.Is(err, session.ErrNoPassword), "%v", err)
}
