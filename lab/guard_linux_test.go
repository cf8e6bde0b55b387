package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// doomRole in the environment says how TestDoomed is to end.
const doomRole = "LAB_DOOM"

// TestTidiedUp ends a test program in the midst of its network, in every way that
// there is, and looks for what it left.
func TestTidiedUp(t *testing.T) {
	t.Parallel()
	for _, doom := range []string{"fails", "panics", "has no time left", "is interrupted", "is killed"} {
		t.Run(doom, func(t *testing.T) {
			if doom != "is interrupted" {
				wholeLab(t)
			}
			t.Parallel()
			needsNetworks(t)
			log := filepath.Join(t.TempDir(), "log")
			out, err := os.Create(log)
			require.NoError(t, err)
			defer out.Close()
			args := []string{"-test.run=^TestDoomed$", "-test.v"}
			if doom == "has no time left" {
				args = append(args, "-test.timeout=4s")
			}
			cmd := exec.Command(os.Args[0], args...)
			cmd.Env = append(os.Environ(), doomRole+"="+doom)
			cmd.Stdout, cmd.Stderr = out, out
			cmd.SysProcAttr = ownGroup()
			require.NoError(t, startHere(cmd)) // its death signal is tied to the thread that forks
			said := func() string {
				b, err := os.ReadFile(log)
				require.NoError(t, err)
				return string(b)
			}
			var folder string
			ready := eventually(time.Minute, func() bool {
				_, rest, found := strings.Cut(said(), "doomed in ")
				folder, _, _ = strings.Cut(rest, "\n")
				return found && folder != ""
			})
			switch doom {
			case "is interrupted":
				err = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) // as Ctrl-C does: the whole group
			case "is killed":
				err = cmd.Process.Kill()
			}
			require.NoError(t, err)
			require.Error(t, cmd.Wait(), "it ends well:\n%s", said())
			require.True(t, ready, said())

			ours := fmt.Sprintf("lab%d-*", cmd.Process.Pid)
			var left []string
			if !eventually(10*time.Second, func() bool {
				left = processesWith(folder)
				for _, pattern := range []string{filepath.Join(namespacesDir, ours), filepath.Join("/etc/netns", ours), folder} {
					found, err := filepath.Glob(pattern)
					require.NoError(t, err)
					left = append(left, found...)
				}
				return len(left) == 0
			}) {
				t.Errorf("left behind: %q\n%s", left, said())
			}
		})
	}
}

// TestDoomed is the program that TestTidiedUp ends. On its server runs something that
// does not end when it is asked to.
func TestDoomed(t *testing.T) {
	doom := os.Getenv(doomRole)
	if doom == "" {
		return // only as the victim of TestTidiedUp
	}
	n := newNetwork(t, natPortRestricted)
	p, err := n.server.start(t, n.folder, "sh", "-c", "trap '' TERM; while :; do sleep 1; done # "+n.folder)
	require.NoError(t, err)
	require.True(t, eventually(5*time.Second, func() bool { return len(inhabitants(n.server.namespace)) > 0 }))
	require.True(t, p.running())
	fmt.Println("doomed in " + n.folder)
	switch doom {
	case "fails":
		t.Fatal("as it should")
	case "panics":
		panic("as it should")
	}
	time.Sleep(time.Minute)
}

// TestWithoutRoot: an ordinary user is told why there is no network laboratory, and
// under CI that is a failure.
func TestWithoutRoot(t *testing.T) {
	if os.Geteuid() == 0 {
		// The same test program again, as nobody.
		dir := t.TempDir()
		bin := filepath.Join(dir, "lab.test")
		b, err := os.ReadFile(os.Args[0])
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(bin, b, 0o755))
		for d := dir; strings.HasPrefix(d, os.TempDir()) && d != os.TempDir(); d = filepath.Dir(d) {
			require.NoError(t, os.Chmod(d, 0o755))
		}
		for ci, want := range map[string]string{"": "--- SKIP: TestWithoutRoot", "true": "--- FAIL: TestWithoutRoot"} {
			cmd := exec.Command(bin, "-test.run=^TestWithoutRoot$", "-test.v")
			cmd.Dir = "/"
			cmd.Env = append(os.Environ(), "CI="+ci)
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			out, err := cmd.CombinedOutput()
			require.Equal(t, ci == "true", err != nil, "%s", out)
			require.Contains(t, string(out), want)
			require.Contains(t, string(out), "needs root")
		}
		return
	}
	newNetwork(t, natNone)
}
