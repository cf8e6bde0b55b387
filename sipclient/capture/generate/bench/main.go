// Command bench compares this program with tshark and sngrep on the standard capture:
// the same file, one after the other, in one run. `make bench` runs it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"softphonedoctor/sipclient/capture/generate"
)

func main() {
	program := flag.String("program", "bin/softphone-doctor-cli", "the program that is compared")
	packets := flag.Int("packets", generate.Standard().Packets, "how many packets the capture has")
	runs := flag.Int("runs", 3, "how often each one runs; the best run counts")
	keep := flag.String("file", "", "keep the capture in this file, and use it when it is there")
	flag.Parse()
	if err := compare(os.Stdout, *program, *packets, *runs, *keep); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// contestant is a command that reads the capture.
type contestant struct {
	name string
	args func(file string) []string
	ours bool
	// statuses beside 0 that tell of the capture and not of the program
	also []int
}

// contestants are this program and what people use today.
func contestants(program string) []contestant {
	return []contestant{
		{name: "examine", ours: true, also: []int{1, 3}, args: func(f string) []string { return []string{program, "examine", f} }},
		{name: "tshark", args: func(f string) []string {
			return []string{"tshark", "-n", "-q", "-r", f, "-z", "rtp,streams", "-z", "sip,stat"}
		}},
		{name: "sngrep", args: func(f string) []string { return []string{"sngrep", "-r", "-N", "-I", f} }},
	}
}

// result is the best of some runs.
type result struct {
	contestant
	took, cpu time.Duration
	peak      int64 // bytes, 0: not known here
	missing   bool
}

func compare(out io.Writer, program string, packets, runs int, keep string) error {
	file, done, err := standard(out, packets, keep)
	if err != nil {
		return err
	}
	defer done()
	reading, size, err := plainReading(file)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d packets, %.1f MB, %d processors; the best of %d runs each\n\n", packets, float64(size)/1e6, runtime.NumCPU(), runs)
	var results []result
	for _, c := range contestants(program) {
		results = append(results, result{contestant: c, took: 1 << 62})
	}
	for range runs { // in turn, so that a busy moment meets all of them
		for i := range results {
			if err := results[i].run(file); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(out, "%-10s %10s %10s %12s %14s\n", "", "time", "processor", "peak memory", "examine is")
	ours := results[slices.IndexFunc(results, func(r result) bool { return r.ours })]
	for _, r := range results {
		if r.missing {
			fmt.Fprintf(out, "%-10s is not installed\n", r.name)
			continue
		}
		ratio := ""
		if !r.ours {
			ratio = fmt.Sprintf("%.1f × faster", r.took.Seconds()/ours.took.Seconds())
		}
		fmt.Fprintf(out, "%-10s %8.2f s %8.2f s %9.1f MB %14s\n", r.name, r.took.Seconds(), r.cpu.Seconds(), float64(r.peak)/1e6, ratio)
	}
	fmt.Fprintf(out, "%-10s %8.2f s %37.1f × slower\n", "reading", reading.Seconds(), ours.took.Seconds()/reading.Seconds())
	return nil
}

// standard makes the capture, in a folder of its own that done removes unless it is kept.
func standard(out io.Writer, packets int, keep string) (path string, done func(), err error) {
	done = func() {}
	if keep == "" {
		dir, err := os.MkdirTemp("", "softphone-doctor-bench-*")
		if err != nil {
			return "", nil, err
		}
		done = func() { os.RemoveAll(dir) }
		keep = filepath.Join(dir, "standard.pcap")
	} else if _, err := os.Stat(keep); err == nil {
		return keep, done, nil
	}
	f, err := os.Create(keep)
	if err != nil {
		return "", done, err
	}
	truth, err := generate.Capture(f, generate.Scaled(packets))
	if err = errors.Join(err, f.Close()); err != nil {
		return "", done, err
	}
	fmt.Fprintf(out, "made: %d calls of %d phones, %d messages\n", len(truth.Calls), truth.Registrations, truth.Signalling)
	return keep, done, nil
}

// plainReading is how long it takes to read the file and do nothing, from the system's
// cache as for the others.
func plainReading(path string) (best time.Duration, size int64, err error) {
	buffer := make([]byte, 1<<20)
	for range 3 {
		f, err := os.Open(path)
		if err != nil {
			return 0, 0, err
		}
		began := time.Now()
		size, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}, buffer)
		took := time.Since(began)
		f.Close()
		if err != nil {
			return 0, 0, err
		}
		if best == 0 || took < best {
			best = took
		}
	}
	return best, size, nil
}

// run runs the command once, without its output.
func (r *result) run(file string) error {
	args := r.args(file)
	cmd := exec.Command(args[0], args[1:]...)
	if errors.Is(cmd.Err, exec.ErrNotFound) {
		r.missing = true
		if r.ours {
			return fmt.Errorf("there is no %s: run make cli first", args[0])
		}
		return nil
	}
	began := time.Now()
	err := cmd.Run()
	took := time.Since(began)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && slices.Contains(r.also, exit.ExitCode()) {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	if took < r.took {
		r.took, r.cpu = took, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
	}
	r.peak = max(r.peak, peak(cmd.ProcessState))
	return nil
}
