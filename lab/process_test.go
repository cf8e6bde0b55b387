package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestNothingStaysBehind starts every kind of peer and looks for processes that
// know its folder after they were stopped.
func TestNothingStaysBehind(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		Missing(t, "this system has no /proc")
		return
	}
	var dirs []string
	t.Run("peers", func(t *testing.T) {
		k := Kamailio(t, KamailioOptions{})
		p := Baresip(t, k, "carl", ByItself, PhoneOptions{})
		c := Tcpdump(t, "udp port 9")
		for _, running := range []*Process{k.Process, p.Process, c.Process} {
			dirs = append(dirs, running.cmd.Dir)
			if len(processesWith(running.cmd.Dir)) == 0 {
				t.Errorf("%s does not run", running.name)
			}
		}
	})
	for _, dir := range dirs {
		if left := processesWith(dir); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("left behind: %s", dir)
		}
	}
}

// processesWith lists the command lines that contain a text.
func processesWith(text string) (list []string) {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline") // the pattern is good
	for _, file := range files {
		if b, err := os.ReadFile(file); err == nil && strings.Contains(string(b), text) {
			list = append(list, strings.ReplaceAll(string(b), "\x00", " "))
		}
	}
	return list
}

// TestStartSaysWhyNot starts each peer in a way that must fail: the reason, in the
// peer's own words, belongs into the message.
func TestStartSaysWhyNot(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		start func(testing.TB)
		words string
	}{
		"kamailio": {func(t testing.TB) { Kamailio(t, KamailioOptions{config: []byte("request_route { nonsense\n")}) }, "parse error"},
		"baresip": {func(tb testing.TB) {
			Baresip(tb, Kamailio(t, KamailioOptions{}), "reg-403plain", ByHand, PhoneOptions{})
		}, "403"},
		"tcpdump": {func(t testing.TB) { Tcpdump(t, "no such filter") }, "syntax error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &failing{TB: t}
			done := make(chan struct{})
			go func() {
				defer close(done)
				tt.start(f)
			}()
			<-done
			if f.skipped {
				t.Skip(f.text)
			}
			if !strings.Contains(f.text, tt.words) {
				t.Errorf("it says %q, want %q among it", f.text, tt.words)
			}
		})
	}
}

// failing is a test that notes why it failed.
type failing struct {
	testing.TB
	text    string
	skipped bool
}

func (f *failing) Fatalf(format string, args ...any) {
	f.text = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (f *failing) Skipf(format string, args ...any) {
	f.skipped = true
	f.Fatalf(format, args...)
}
