package lab

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/app"
)

// enoughWork is how much work a start may be until its first frame is on the screen: half
// a second of a quiet computer, with OpenGL in software.
const enoughWork = 500 * time.Millisecond

// usualTurn is what a turn of work takes on the computer on which that was measured, when
// nothing else ran there. One that is busy with other things is slower at the same work,
// up to twice where two processors share what they have.
const usualTurn = 46 * time.Millisecond

// TestWindowStart starts the real program again and again until its first frame is on
// the screen, and says how long that took and how much work it was: the median of
// REPEAT runs (5 without), after a first one in a home folder that nobody has used.
// Between the starts a piece of work that is always the same tells how fast this computer
// is at the moment, and the least start of all must be under half a second by that: what
// a computer that is busy adds is no work of ours, and what we add is in every start.
func TestWindowStart(t *testing.T) {
	bin := built(t)
	x := display(t)
	home := personsHome(t)
	runs := max(5, repeats())
	var walls, works, fair []time.Duration
	before := turn(t)
	for i := range runs + 1 {
		wall, work := firstFrame(t, bin, x, home)
		after := turn(t)
		slow := max(1, float64(before+after)/float64(2*usualTurn))
		before = after
		if i == 0 {
			t.Logf("the very first start: %v, %v of work", wall, work)
			continue
		}
		walls, works, fair = append(walls, wall), append(works, work), append(fair, time.Duration(float64(work)/slow).Round(time.Millisecond))
	}
	slices.Sort(walls)
	slices.Sort(works)
	slices.Sort(fair)
	t.Logf("a turn of work takes %v now", before)
	t.Logf("first frame after %v (%v to %v), %v of work (%v to %v), median of %d; at this computer's own speed %v (%v to %v)", walls[runs/2], walls[0], walls[runs-1],
		works[runs/2], works[0], works[runs-1], runs, fair[runs/2], fair[0], fair[runs-1])
	if fair[0] > enoughWork {
		t.Errorf("%v of work until the first frame, more than %v", fair[0], enoughWork)
	}
}

// turn is how much processor time a certain piece of work takes now: a good part of it is
// taking memory, as in a start.
func turn(t *testing.T) time.Duration {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := cpuIn(t, "/proc/thread-self/schedstat")
	for range 4 {
		b, err := syscall.Mmap(-1, 0, 4<<20, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		require.NoError(t, err)
		sha256.Sum256(b)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		require.NoError(t, syscall.Munmap(b))
	}
	return cpuIn(t, "/proc/thread-self/schedstat") - began
}

// personsHome is a home folder of somebody who is not root, as people are: X keeps nothing
// between starts for root.
func personsHome(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if os.Getuid() == 0 {
		for d := dir; len(d) > len(os.TempDir()); d = filepath.Dir(d) {
			require.NoError(t, os.Chmod(d, 0o755))
		}
		require.NoError(t, os.Chown(dir, nobody, nobody))
	}
	return dir
}

// nobody is the user who owns nothing.
const nobody = 65534

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
	if os.Getuid() == 0 {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
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
