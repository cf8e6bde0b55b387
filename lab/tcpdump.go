package lab

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Capture is a running tcpdump on the loopback interface.
type Capture struct {
	*Process
	File string // pcap
}

// Tcpdump begins to capture what a filter lets through on loopback, and returns
// when it listens. Stop it before reading its File.
func Tcpdump(t testing.TB, filter string) *Capture {
	t.Helper()
	program := Program(t, "tcpdump", "tcpdump")
	dir := t.TempDir()
	c := &Capture{File: filepath.Join(dir, "lo.pcap")}
	args := []string{"-i", "lo", "-n", "-U", "--immediate-mode", "-B", "65536", "-w", c.File}
	if os.Geteuid() == 0 {
		args = append(args, "-Z", "root") // its own user may not write into our folder
	}
	var err error
	if c.Process, err = start(t, dir, program, append(args, filter)...); err != nil {
		t.Fatalf("tcpdump: %v", err)
	}
	listening := func() bool { return strings.Contains(c.Log(), "listening on") }
	if !eventually(10*time.Second, func() bool { return !c.running() || listening() }) || !c.running() {
		if strings.Contains(c.Log(), "permi") {
			Missing(t, "tcpdump may not capture here: %s", strings.TrimSpace(c.Log()))
		}
		t.Fatalf("tcpdump does not start:\n%s", c.log.tail(2000))
	}
	return c
}

// Missed tells how many packets a stopped capture lost, because this machine was too busy.
func (c *Capture) Missed() int {
	m := droppedRow.FindStringSubmatch(c.Log())
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1]) // digits only
	return n
}

var droppedRow = regexp.MustCompile(`(\d+) packets? dropped by kernel`)

// Settle waits until nothing has been added to the file for 200 ms, at most 3 s:
// a captured packet reaches the file a little later.
func (c *Capture) Settle() {
	var size int64 = -1
	quiet := time.Now()
	eventually(3*time.Second, func() bool {
		if fi, err := os.Stat(c.File); err == nil && fi.Size() != size {
			size, quiet = fi.Size(), time.Now()
		}
		return time.Since(quiet) > 200*time.Millisecond
	})
}
