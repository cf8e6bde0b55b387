package lab

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// guardRole in the environment makes this test program a guard: it outlives the
// tests, however they end (a panic, Ctrl-C, kill -9), and then removes the
// namespaces and folders that they told it about. It knows the end by its input,
// which closes with the process that holds the other side.
const guardRole = "LAB_GUARD"

// guard is started with the first thing to be guarded.
var guard struct {
	sync.Mutex
	cmd *exec.Cmd
	in  io.WriteCloser
}

// guarded tells the guard of something that must not stay behind: "netns NAME" or
// "folder PATH". What is gone by then is none of its business.
func guarded(kind, name string) error {
	guard.Lock()
	defer guard.Unlock()
	if guard.cmd == nil {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		cmd := exec.Command(self)
		cmd.Dir = "/"
		cmd.Env = append(os.Environ(), guardRole+"=yes")
		cmd.SysProcAttr = ownSession()
		in, err := cmd.StdinPipe()
		if err != nil {
			return err
		}
		if err := cmd.Start(); err != nil {
			return err
		}
		guard.cmd, guard.in = cmd, in
	}
	_, err := fmt.Fprintf(guard.in, "%s %s\n", kind, name)
	return err
}

// dismissGuard lets the guard look a last time, and waits for it.
func dismissGuard() error {
	guard.Lock()
	defer guard.Unlock()
	if guard.cmd == nil {
		return nil
	}
	guard.in.Close()
	err := guard.cmd.Wait()
	guard.cmd = nil
	return err
}

// keepGuard is the guard.
func keepGuard(in io.Reader) {
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	var namespaces, folders []string
	for lines := bufio.NewScanner(in); lines.Scan(); {
		switch kind, name, _ := strings.Cut(lines.Text(), " "); kind {
		case "netns":
			namespaces = append(namespaces, name)
		case "folder":
			folders = append(folders, name)
		}
	}
	for _, name := range namespaces {
		removeNamespace(name)
	}
	for _, folder := range folders {
		if under, err := filepath.Rel(os.TempDir(), folder); err == nil && filepath.IsLocal(under) && under != "." {
			_ = os.RemoveAll(folder) // nobody is left to be told
		}
	}
}

// removeNamespace ends what runs in a namespace and takes it away, with its settings.
func removeNamespace(name string) {
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		for _, pid := range inhabitants(name) {
			if p, err := os.FindProcess(pid); err == nil {
				_ = p.Signal(s) // it may be gone
			}
		}
		if eventually(time.Second, func() bool { return len(inhabitants(name)) == 0 }) {
			break
		}
	}
	if _, err := os.Stat(filepath.Join(namespacesDir, name)); err == nil {
		_ = exec.Command("ip", "netns", "del", name).Run() // who looks afterwards sees it
	}
	_ = os.RemoveAll(filepath.Join("/etc/netns", name))
}

// inhabitants are the processes in a namespace.
func inhabitants(name string) (pids []int) {
	out, err := exec.Command("ip", "netns", "pids", name).Output()
	if err != nil {
		return nil // it is gone
	}
	for _, word := range strings.Fields(string(out)) {
		if pid, err := strconv.Atoi(word); err == nil && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}
