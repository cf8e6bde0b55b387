//go:build unix

package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard"
)

// shared is an output that a test reads while it is written.
type shared struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *shared) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// atTerminal is the program at a terminal, whose keys the test presses, beside a built-in
// PBX that refuses the password.
func atTerminal(t *testing.T) (pbx *session.Practice, keys *io.PipeWriter, out, told *shared, p *program) {
	t.Helper()
	pbx, err := session.StartPractice("account-credentials-wrong")
	require.NoError(t, err)
	t.Cleanup(pbx.Close)
	in, keys := io.Pipe()
	t.Cleanup(func() { _ = keys.Close() })
	out, told = new(shared), new(shared)
	return pbx, keys, out, told, &program{Env: Env{In: in, Out: out, Err: told, Terminal: true}}
}

// TestItJustHappened: while between keeps the last minutes, Enter and the signal give the
// verdict of what has passed, each saved under a name of its own, and it goes on.
func TestItJustHappened(t *testing.T) {
	pbx, keys, out, told, p := atTerminal(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	save := filepath.Join(t.TempDir(), "fault.zip")
	done := make(chan error, 1)
	go func() {
		done <- p.stand(ctx, standing{request: session.BetweenRequest{Server: pbx.Account.Domain, Keep: 10 * time.Minute}, keep: keeping{save: save}})
	}()
	soon := func(what string, so func() bool) {
		t.Helper()
		require.Eventually(t, so, 20*time.Second, 20*time.Millisecond, "%s\n%s\n%s", what, told.String(), out.String())
	}
	address := regexp.MustCompile(`127\.0\.0\.1:\d+`)
	soon("it says where it listens", func() bool { return address.MatchString(told.String()) })

	press := func() { _, err := io.WriteString(keys, "\n"); require.NoError(t, err) }
	press()
	soon("nobody came yet", func() bool { return strings.Contains(told.String(), "no softphone has sent anything yet") })

	a := pbx.Account
	a.Proxy = address.FindString(told.String())
	check, err := session.NewCheck(session.Request{Account: a, Situation: "registration", Person: session.Answers(pbx.Answers), Passing: true})
	require.NoError(t, err)
	own, err := check.Run(t.Context())
	require.NoError(t, err)
	headline := own.Headline()
	verdicts := func() int { return strings.Count(strings.Join(strings.Fields(out.String()), " "), headline) }

	press()
	soon("Enter gives the verdict", func() bool { return verdicts() == 1 })
	soon("and saves it", func() bool { _, err := os.Stat(save); return err == nil })
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGUSR1))
	soon("so does the signal", func() bool { return verdicts() == 2 })
	second := strings.TrimSuffix(save, ".zip") + "-2.zip"
	soon("under another name", func() bool { _, err := os.Stat(second); return err == nil })
	stop()
	require.NoError(t, <-done)
	require.Equal(t, ExitFault, p.status)
	for _, path := range []string{save, second} {
		rep, _, err := session.ReadFile(path, wizard.Subject{})
		require.NoError(t, err)
		require.Equal(t, "account-credentials-wrong", rep.Root().Rule.Cause)
	}
}

// TestWatchJustHappened: a check that is done again and again is told in full, saved, and
// begun anew when the person says so.
func TestWatchJustHappened(t *testing.T) {
	pbx, keys, out, told, p := atTerminal(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	save := filepath.Join(t.TempDir(), "fault.zip")
	done := make(chan error, 1)
	go func() {
		done <- p.watch(ctx, session.Request{Account: pbx.Account, Situation: "registration", Passing: true}, session.Answers(pbx.Answers), form{},
			watching{every: time.Hour}, keeping{save: save})
	}()
	lines := func() int { return strings.Count(out.String(), "(account-credentials-wrong, ") }
	require.Eventually(t, func() bool { return lines() == 1 }, 20*time.Second, 20*time.Millisecond)
	_, err := io.WriteString(keys, "\n")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return lines() == 2 }, 20*time.Second, 20*time.Millisecond, "the next check begins at once")
	stop()
	require.NoError(t, <-done)
	rep, _, err := session.ReadFile(save, wizard.Subject{})
	require.NoError(t, err)
	require.Equal(t, "account-credentials-wrong", rep.Root().Rule.Cause)
	require.Contains(t, told.String(), "Saved to "+save)
}
