package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/app"
)

// enoughWork is how much work a start may be at least until its first frame is on the
// screen: half a second on a quiet computer with OpenGL in software, and what one adds
// that is busy with other things, where two processors share what they have.
const enoughWork = 700 * time.Millisecond

// TestWindowStart starts the real program again and again until its first frame is on
// the screen, and says how long that took and how much work it was: the median of
// REPEAT runs (5 without), after a first one in a home folder that nobody has used.
// The least of them is held: what a busy computer adds comes and goes, what we add is in
// every start.
func TestWindowStart(t *testing.T) {
	bin := built(t)
	x := display(t)
	home := t.TempDir()
	runs := max(5, repeats())
	var walls, works []time.Duration
	for i := range runs + 1 {
		wall, work := firstFrame(t, bin, x, home)
		if i == 0 {
			t.Logf("the very first start: %v, %v of work", wall, work)
			continue
		}
		walls, works = append(walls, wall), append(works, work)
	}
	slices.Sort(walls)
	slices.Sort(works)
	t.Logf("first frame after %v (%v to %v), %v of work (%v to %v), median of %d", walls[runs/2], walls[0], walls[runs-1],
		works[runs/2], works[0], works[runs-1], runs)
	if works[0] > enoughWork {
		t.Errorf("at least %v of work until the first frame, more than %v", works[0], enoughWork)
	}
}

// built is the program as make build made it.
func built(t *testing.T) string {
	t.Helper()
	bin, err := filepath.Abs("../bin/softphone-doctor")
	require.NoError(t, err)
	if own := os.Getenv("PROGRAM"); own != "" {
		bin = own
	}
	if _, err := os.Stat(bin); err != nil {
		Missing(t, "bin/softphone-doctor is not there: run make build first")
	}
	return bin
}

// firstFrame starts the window and ends it when its first frame is painted.
func firstFrame(t *testing.T, bin, display, home string) (wall, work time.Duration) {
	t.Helper()
	c := exec.Command(bin)
	// An empty XDG_CACHE_HOME is not the same as none: the software OpenGL would translate
	// its programs anew each time.
	c.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "XDG_") })
	c.Env = append(c.Env, "DISPLAY="+display, "WAYLAND_DISPLAY=", "HOME="+home, app.FirstFrameVariable+"=1")
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	c.Stderr = w
	began := time.Now()
	require.NoError(t, c.Start())
	w.Close()
	defer func() {
		_ = c.Process.Kill()
		_ = c.Wait() // it was killed
	}()
	var said strings.Builder
	for chunk := make([]byte, 4096); !strings.Contains(said.String(), "first frame"); {
		n, err := r.Read(chunk)
		require.NoError(t, err, "no frame: %s", said.String())
		said.Write(chunk[:n])
	}
	return time.Since(began).Round(time.Millisecond), cpuOf(t, c.Process.Pid).Round(time.Millisecond)
}

// cpuOf is how long all threads of a process have worked.
func cpuOf(t *testing.T, pid int) (sum time.Duration) {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	require.NoError(t, err)
	for _, f := range files {
		if _, err := os.Stat(f); err == nil { // else the thread has ended
			sum += cpuIn(t, f)
		}
	}
	return sum
}

// cpuIn reads how long a thread has worked.
func cpuIn(t *testing.T, schedstat string) time.Duration {
	t.Helper()
	text, err := os.ReadFile(schedstat)
	require.NoError(t, err)
	ns, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
	require.NoError(t, err)
	return time.Duration(ns)
}
