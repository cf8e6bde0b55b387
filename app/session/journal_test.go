package session

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient"
	"softphonedoctor/sipclient/practice"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/report"
)

// TestMain keeps the tests' journals out of the person's own folder.
func TestMain(m *testing.M) {
	if os.Getenv(childDomain) != "" && os.Getenv(childSituation) != "" {
		checkUntilKilled()
		return
	}
	if os.Getenv(childDomain) != "" {
		signInAndStay()
		return
	}
	dir, err := os.MkdirTemp("", "journal")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Setenv("XDG_CACHE_HOME", dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

const (
	childDomain   = "JOURNAL_TEST_DOMAIN"
	childPassword = "JOURNAL_TEST_PASSWORD"
	childFolder   = "JOURNAL_TEST_FOLDER"
)

// signInAndStay is a program of its own that signs in, says so, and stays until it is killed.
func signInAndStay() {
	a := Account{User: "1001", Domain: os.Getenv(childDomain), Password: os.Getenv(childPassword)}
	c, err := NewCheck(Request{Account: a, Situation: "registration", Journal: os.Getenv(childFolder)})
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := sipclient.New(context.Background(), c.lazy.config)
	if err == nil {
		err = p.Register(context.Background())
	}
	fmt.Println("signed in", err)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// startChild gives a running child that has signed in, and ends it with the test.
func startChild(t *testing.T, pbx *practice.PBX, folder string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDomain+"="+pbx.Domain(), childPassword+"="+pbx.Password(), childFolder+"="+folder)
	_, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "signed in <nil>\n", line)
	return cmd
}

func startPBX(t *testing.T, f practice.Fault) (*practice.PBX, Account) {
	t.Helper()
	pbx, err := practice.Start(f)
	require.NoError(t, err)
	t.Cleanup(func() { _ = pbx.Close() })
	return pbx, Account{User: pbx.User(), Domain: pbx.Domain(), Password: pbx.Password()}
}

func healthyPBX(t *testing.T) practice.Fault {
	t.Helper()
	f, ok := practice.FaultFor(practice.Healthy)
	require.True(t, ok)
	return f
}

// A program that is killed leaves its contact at the server. The next one removes
// exactly that, and neither other phones nor a test phone that still runs.
func TestNextRunRemovesWhatACrashLeft(t *testing.T) {
	pbx, account := startPBX(t, healthyPBX(t).WithDevices(2))
	desk := pbx.Bindings()
	require.Len(t, desk, 2)
	folder := t.TempDir()

	alive := startChild(t, pbx, folder)
	withAlive := pbx.Bindings()
	require.Len(t, withAlive, 3)
	dying := startChild(t, pbx, folder)
	require.Len(t, pbx.Bindings(), 4)
	require.NoError(t, dying.Process.Kill()) // SIGKILL: nothing can be tidied up
	_ = dying.Wait()
	require.Len(t, pbx.Bindings(), 4, "the dead program's contact is gone by itself")
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 2)

	c, err := NewCheck(Request{Account: account, Situation: "registration", Journal: folder, Person: Answers{"sign_in_anyway": "yes"}})
	require.NoError(t, err)
	rep, err := c.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, report.Healthy, rep.Verdict, rep.Headline())
	require.Equal(t, withAlive, pbx.Bindings())

	require.NoError(t, alive.Process.Kill())
	_ = alive.Wait()
	c, err = NewCheck(Request{Account: account, Situation: "registration", Journal: folder})
	require.NoError(t, err)
	rep, err = c.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, report.Healthy, rep.Verdict, rep.Headline())
	require.Equal(t, desk, pbx.Bindings())
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, left, "a clean end leaves a file")
}

func openJournal(t *testing.T, folder string, a Account) (*journal, *[]string) {
	t.Helper()
	var remarks []string
	j := newJournal(folder, a, func(s string) { remarks = append(remarks, s) })
	t.Cleanup(j.Close)
	return j, &remarks
}

var (
	journalAccount = Account{User: "2001", Domain: "pbx.example.net", Password: "secret-word", Transport: "udp"}
	contactA       = "sip:doctor-a@192.0.2.1:5060"
	contactB       = "sip:doctor-b@192.0.2.1:5060"
)

func TestJournalFile(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "deep", "down")
	j, _ := openJournal(t, folder, journalAccount)
	require.Empty(t, j.Leftover())
	j.Stand([]string{contactA, contactB}, time.Now().Add(time.Hour))
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	data, err := os.ReadFile(files[0])
	require.NoError(t, err)
	for _, want := range []string{"2001", "pbx.example.net", "udp", contactA, contactB} {
		require.Contains(t, string(data), want)
	}
	require.NotContains(t, string(data), journalAccount.Password)
	if runtime.GOOS != "windows" {
		for path, mode := range map[string]os.FileMode{files[0]: 0o600, strings.TrimSuffix(files[0], ".json") + ".lock": 0o600, folder: 0o700} {
			st, err := os.Stat(path)
			require.NoError(t, err)
			require.Equal(t, mode, st.Mode().Perm(), path)
		}
	}

	other, _ := openJournal(t, folder, journalAccount)
	require.Empty(t, other.Leftover(), "a session that lives was taken for dead")
	j.Close() // with contacts that may stand: as after a crash
	stranger, _ := openJournal(t, folder, Account{User: "2002", Domain: "pbx.example.net"})
	require.Empty(t, stranger.Leftover(), "another account's contacts")
	require.Equal(t, []string{contactA, contactB}, other.Leftover())
	third, _ := openJournal(t, folder, journalAccount)
	require.Empty(t, third.Leftover(), "two sessions see to the same contact")

	// What was taken over is in the new file before the old one goes.
	other.Stand([]string{"sip:doctor-c@192.0.2.1", contactA, contactB}, time.Now().Add(time.Hour))
	files, err = filepath.Glob(filepath.Join(folder, "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	other.Stand(nil, time.Time{})
	other.Close()
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, left)
}

// Without a sign-in nothing is seen to: the note stays for the next time.
func TestJournalStaysUntilSeenTo(t *testing.T) {
	folder := t.TempDir()
	j, _ := openJournal(t, folder, journalAccount)
	j.Stand([]string{contactA}, time.Now().Add(time.Hour))
	j.Close()
	for range 3 {
		j, _ := openJournal(t, folder, journalAccount)
		require.Equal(t, []string{contactA}, j.Leftover())
		j.Close()
	}
	late, _ := openJournal(t, folder, journalAccount)
	late.now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	require.Empty(t, late.Leftover(), "a contact that has run out")
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestBrokenJournalIsSetAside(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "cut": `{"version":1,"user":"20`, "binary": "\x00\xff", "newer": `{"version":9,"user":"2001","domain":"pbx.example.net"}`,
		"no account": `{"version":1}`, "wrong types": `{"version":1,"user":[],"contacts":5}`, "huge": strings.Repeat("[", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, "session-1.json")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			good, _ := openJournal(t, folder, journalAccount)
			good.Stand([]string{contactA}, time.Now().Add(time.Hour))
			good.Close()
			j, remarks := openJournal(t, folder, journalAccount)
			require.Equal(t, []string{contactA}, j.Leftover(), "a broken file beside it loses a good one")
			require.Len(t, *remarks, 1)
			require.Contains(t, (*remarks)[0], "was set aside as "+filepath.Join(folder, "session-1.broken"))
			kept, err := os.ReadFile(filepath.Join(folder, "session-1.broken"))
			require.NoError(t, err)
			require.True(t, bytes.Equal([]byte(text), kept), "set aside, and changed")
			j.Close()
			again, remarks := openJournal(t, folder, journalAccount)
			again.Leftover()
			require.Empty(t, *remarks, "said twice")
		})
	}
}

// A folder that cannot be written is said once, and stops nobody from checking.
func TestJournalWithoutAFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	pbx, account := startPBX(t, healthyPBX(t))
	said := make(chan string, 100)
	c, err := NewCheck(Request{Account: account, Situation: "registration", Journal: filepath.Join(file, "below"), Notify: func(e wizard.Event) {
		if strings.HasPrefix(e.Title, "No note can be kept") {
			said <- e.Title
		}
	}})
	require.NoError(t, err)
	rep, err := c.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, report.Healthy, rep.Verdict)
	require.Len(t, said, 1)
	require.Empty(t, pbx.Bindings())
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"version":1,"user":"2001","domain":"pbx.example.net","contacts":[{"uri":"sip:doctor-a@x","until":"2099-01-01T00:00:00Z"}]}`))
	f.Add([]byte(`{"contacts":[null]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		folder := t.TempDir()
		path := filepath.Join(folder, "session-1.json")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		j := newJournal(folder, journalAccount, nil)
		_ = j.Leftover()
		j.Close()
		if left, err := os.ReadDir(folder); err != nil || len(left) > 1 {
			t.Error(left, err)
		}
	})
}
