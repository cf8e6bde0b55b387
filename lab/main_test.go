package lab

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain lets more tests run side by side than there are processors: they wait
// for answers most of the time. Above this the machine, and not the program,
// would decide about jitter. When all tests are through, nothing may be left of
// what they started.
func TestMain(m *testing.M) {
	if os.Getenv(killedUser) != "" {
		signInUntilKilled()
		return
	}
	if os.Getenv(inPasswordStore) != "" {
		os.Exit(m.Run()) // the connection to the bus stays open until the end
	}
	if os.Getenv(guardRole) != "" {
		keepGuard(os.Stdin)
		return
	}
	if config := os.Getenv(impairRole); config != "" {
		fmt.Fprintln(os.Stderr, impairQueue(config))
		os.Exit(1)
	}
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		if err := flag.Set("test.parallel", strconv.Itoa(3*runtime.NumCPU())); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	for _, text := range leftBehind() {
		fmt.Fprintln(os.Stderr, "left behind:", text)
		code = max(code, 1)
	}
	os.Exit(code)
}

// leftBehind lists processes, folders and goroutines that outlived the tests.
func leftBehind() (list []string) {
	startedMu.Lock()
	defer startedMu.Unlock()
	for _, p := range started {
		if !p.gone(time.Second) {
			list = append(list, fmt.Sprintf("%s, process %d", p.name, p.PID()))
		}
		if _, err := os.Stat(p.cmd.Dir); !errors.Is(err, fs.ErrNotExist) {
			list = append(list, p.cmd.Dir)
		}
		list = append(list, processesWith(p.cmd.Dir)...)
	}
	if err := dismissGuard(); err != nil {
		list = append(list, "the guard of the networks: "+err.Error())
	}
	ours := fmt.Sprintf("lab%d-*", os.Getpid())
	for _, pattern := range []string{filepath.Join(namespacesDir, ours), filepath.Join("/etc/netns", ours)} {
		found, _ := filepath.Glob(pattern) // the pattern is good
		list = append(list, found...)
	}
	if err := goleak.Find(goleak.IgnoreAnyFunction("softphonedoctor/lab.init.func1.1")); err != nil {
		list = append(list, err.Error())
	}
	return list
}
