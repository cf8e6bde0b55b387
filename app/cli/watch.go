package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard/report"
)

// watching is a check that is done again and again; its flags stand at check.
type watching struct {
	every   time.Duration
	metrics string
}

// leastWatch is the shortest time between two checks: each one may sign in and call.
const leastWatch = 30 * time.Second

func (w *watching) flags(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&w.every, "watch", 0, "check again every so often (5m), until Ctrl-C: a line each, with --json a line of JSON; Enter (or the signal USR1) tells the last one in full")
	cmd.Flags().StringVar(&w.metrics, "metrics", "", "with --watch: write figures for Prometheus (OpenMetrics) into this file after each check")
}

func (w *watching) ready() error {
	switch {
	case w.every == 0 && w.metrics != "":
		return errors.New("--metrics goes with --watch")
	case w.every != 0 && w.every < leastWatch:
		return fmt.Errorf("--watch %s is too often: each check signs in and may call, so leave at least %s between", w.every, leastWatch)
	}
	return nil
}

// watch repeats a check until the context ends. The exit status is that of the last one.
// Of it everything is kept in memory: when the person says that it just happened, it is
// told in full, saved where that was asked for, and the next check begins at once.
func (p *program) watch(ctx context.Context, r session.Request, fixed session.Answers, out form, w watching, keep keeping) error {
	r.Person, r.Trace = fixed, p.traces()
	name := r.Account.Name
	if name == "" {
		name = r.Account.Domain
	}
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	moments, told := p.happened(ctx), 0
	if how := p.happenedWords(); how != "" && !out.json {
		fmt.Fprintf(p.Err, "%s when it just happened: the last check is told in full then, and the next one begins.\n", how)
	}
	for n := 0; ; n++ {
		c, err := session.NewCheck(r)
		if err != nil {
			return err
		}
		rep, err := c.Run(ctx)
		if ctx.Err() != nil && n > 0 {
			return nil // the one that was broken off says nothing
		}
		if err != nil {
			return err
		}
		p.status = rep.ExitStatus()
		if err := p.watched(rep, out); err != nil {
			return err
		}
		if w.metrics != "" {
			if err := writeMetrics(w.metrics, name, rep); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-moments:
			told++
			if !out.json { // the line was all of it
				if err := p.print(rep, out); err != nil {
					return err
				}
			}
			if err := p.carry(rep, c.Records(), keep.nth(told), out.json); err != nil {
				fmt.Fprintf(p.Err, "%v\n", err) // the watching goes on
			}
			tick.Reset(w.every)
		}
	}
}

// watched prints a line about one check.
func (p *program) watched(rep *report.Report, out form) error {
	if out.json {
		e := json.NewEncoder(p.Out)
		e.SetEscapeHTML(false)
		return e.Encode(rep.Document())
	}
	cause := ""
	if f := rep.Root(); f != nil {
		cause = " (" + f.Rule.Cause + ", " + f.Certainty.String() + ")"
	}
	rep.In = out.in.tongue()
	heading, _ := rep.Heading()
	_, err := fmt.Fprintf(p.Out, "%s  %-12s  %s%s\n", rep.Started.UTC().Format(time.RFC3339), rep.Verdict, heading, cause)
	return err
}

// writeMetrics replaces the file in one go, so that nobody reads half of it.
func writeMetrics(path, name string, rep *report.Report) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".metrics-*")
	if err == nil {
		err = rep.OpenMetrics(f, name)
		err = errors.Join(err, f.Chmod(0o644), f.Close()) // the monitoring system is another user
		if err == nil {
			err = os.Rename(f.Name(), path)
		}
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}
	if err != nil {
		return fmt.Errorf("the figures cannot be written to %s: %w", path, err)
	}
	return nil
}
