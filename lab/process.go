package lab

import (
	"bytes"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// Process is a program in a process group of its own, so that it can be stopped
// with everything it started.
type Process struct {
	name string
	cmd  *exec.Cmd
	log  logBuffer
	done chan struct{} // closed when the program itself has ended

	silent bool // its last words tell nobody anything

	stop sync.Once
}

// started is every program that this test program began, for its last look around.
var (
	startedMu sync.Mutex
	started   []*Process
)

// start runs a program in a folder. It is stopped when the test ends; its last
// words are shown if the test failed.
func start(t testing.TB, dir, name string, args ...string) (*Process, error) {
	return (*Host)(nil).start(t, dir, name, args...)
}

// start runs a program on a host, in a folder.
func (h *Host) start(t testing.TB, dir, name string, args ...string) (*Process, error) {
	p := &Process{name: name, done: make(chan struct{})}
	name, args = h.command(name, args...)
	p.cmd = exec.Command(name, args...)
	p.cmd.Dir = dir
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	// A child that inherits the pipe must not keep Wait from returning.
	p.cmd.WaitDelay = time.Second
	p.cmd.SysProcAttr = ownGroup()
	if err := startHere(p.cmd); err != nil {
		return nil, err
	}
	startedMu.Lock()
	started = append(started, p)
	startedMu.Unlock()
	go func() {
		_ = p.cmd.Wait() // how a stopped server ends is its own business
		close(p.done)
	}()
	t.Cleanup(func() {
		p.Stop(t)
		if t.Failed() && !p.silent {
			t.Logf("the last words of %s:\n%s", p.name, p.log.tail(4000))
		}
	})
	return p, nil
}

// PID gives the process id, which is the id of its group.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Log gives what the program wrote so far.
func (p *Process) Log() string { return p.log.String() }

// running tells whether the program has not ended by itself.
func (p *Process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Stop ends the program and everything it started: politely first, and after
// 3 s without asking. It returns when nothing is left. It may be called twice.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	p.stop.Do(func() {
		endGroup(p.PID(), false)
		if p.gone(3 * time.Second) {
			return
		}
		endGroup(p.PID(), true)
		if !p.gone(3 * time.Second) {
			t.Errorf("%s (process %d) does not end", p.name, p.PID())
		}
	})
}

// gone waits until no process of the group is left.
func (p *Process) gone(limit time.Duration) bool {
	return eventually(limit, func() bool {
		return !p.running() && groupGone(p.PID())
	})
}

// eventually asks every 10 ms until the answer is yes; false when time is up.
func eventually(limit time.Duration, ask func() bool) bool {
	for end := time.Now().Add(limit); ; time.Sleep(10 * time.Millisecond) {
		if ask() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}

// logBuffer keeps the output of a program, at most logCap bytes of its end.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

const logCap = 1 << 20

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.b.Len() > logCap {
		l.b.Next(logCap / 2)
	}
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logBuffer) tail(n int) string {
	s := strings.TrimSpace(l.String())
	return s[max(0, len(s)-n):]
}
