package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard"
)

// row is one line of practise's JSON.
type row struct {
	Cause     string   `json:"cause"`
	Found     string   `json:"found"`
	Right     bool     `json:"right"`
	Certainty *string  `json:"certainty"`
	Where     *string  `json:"where"`
	Others    []string `json:"others"`
	Seconds   float64  `json:"seconds"`
}

func (p *program) practise() *cobra.Command {
	var out form
	var list bool
	var jobs int
	cmd := &cobra.Command{
		Use: "practise [CAUSE]...", Aliases: []string{"practice"},
		Short: "Try the program on the built-in PBX, with a fault switched on or all of them",
		Long: `Starts a small phone system on this computer, switches a fault on, and lets the
check find it. Nothing leaves the computer. Without a name every fault is tried.

Exit status: 0 when every fault was named as itself, 1 when one was not,
3 when it was interrupted.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if list {
				for _, f := range session.Practices() {
					fmt.Fprintf(p.Out, "%-44s %-15s %s\n", f.ID(), f.Situation, f.Title)
				}
				return nil
			}
			causes, err := practices(args)
			if err != nil {
				return err
			}
			if jobs < 1 {
				return fmt.Errorf("--jobs %d: at least one", jobs)
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			if len(causes) == 1 && !out.json {
				return p.practiseOne(ctx, causes[0], out)
			}
			return p.practiseAll(ctx, causes, jobs, out.json)
		},
	}
	f := cmd.Flags()
	out.flags(cmd)
	f.BoolVar(&list, "list", false, "list the faults that can be switched on")
	f.IntVar(&jobs, "jobs", 8, "how many faults to try at the same time")
	return cmd
}

// practices gives the faults to try: those that are named, or all. A name that is
// none is refused before anything starts.
func practices(names []string) ([]string, error) {
	var all []string
	for _, f := range session.Practices() {
		all = append(all, f.ID())
	}
	for _, name := range names {
		if !slices.Contains(all, name) {
			return nil, fmt.Errorf("the built-in PBX has no fault named %q; softphone-doctor practise --list shows all", name)
		}
	}
	if len(names) > 0 {
		return names, nil
	}
	return all, nil
}

// errNotTried is the result of a fault that an interruption came before.
var errNotTried = errors.New("not tried")

// try practises one fault. A check that was interrupted says nothing about the
// program, so it counts as not tried, unless it had found the fault by then.
func try(ctx context.Context, cause string, notify func(wizard.Event)) session.Result {
	if ctx.Err() != nil {
		return session.Result{Cause: cause, Err: errNotTried}
	}
	res := session.Practise(ctx, cause, notify)
	if ctx.Err() != nil && !res.Right {
		return session.Result{Cause: cause, Err: errNotTried}
	}
	return res
}

// interrupted says how many faults were not tried, and sets the exit status.
func (p *program) interrupted(n int) {
	p.status = ExitInconclusive
	fmt.Fprintf(p.Err, "interrupted, %d not tried\n", n)
}

// practiseOne shows the whole report of one fault.
func (p *program) practiseOne(ctx context.Context, cause string, out form) error {
	res := try(ctx, cause, printSteps(p.Err))
	if errors.Is(res.Err, errNotTried) {
		p.interrupted(1)
		return nil
	}
	if res.Err != nil {
		return res.Err
	}
	if err := p.print(res.Report, out); err != nil {
		return err
	}
	verdict := "That is right: it is what was switched on."
	if !res.Right {
		p.status = ExitFault
		verdict = fmt.Sprintf("That is wrong: %s was switched on.", cause)
	}
	fmt.Fprintf(p.Out, "\n%s\n", verdict)
	return nil
}

func (p *program) practiseAll(ctx context.Context, causes []string, jobs int, asJSON bool) error {
	results := make([]session.Result, len(causes))
	var wg sync.WaitGroup
	var mu sync.Mutex // the table's lines come whole
	var screen io.Writer
	if p.Watched {
		screen = p.Err
	}
	progress := newBar(screen, len(causes))
	places := make(chan struct{}, jobs)
	for i, cause := range causes {
		wg.Add(1)
		go func() {
			defer wg.Done()
			places <- struct{}{}
			defer func() { <-places }()
			res := try(ctx, cause, nil)
			results[i] = res
			mu.Lock()
			defer mu.Unlock()
			progress.clear()
			if !asJSON && !errors.Is(res.Err, errNotTried) {
				p.practiseLine(res)
			}
			progress.step()
		}()
	}
	wg.Wait()
	progress.clear()
	return p.practiseSum(results, asJSON)
}

func (p *program) practiseLine(r session.Result) {
	mark, found := "✓", r.Found
	switch {
	case r.Err != nil:
		mark, found = "✗", r.Err.Error()
	case !r.Right:
		mark = "✗"
	}
	if mark == "✓" {
		fmt.Fprintf(p.Out, "%s %-44s %-10s %-15s %4.1f s\n", mark, r.Cause, r.Certainty, r.Where, r.Took.Seconds())
		return
	}
	fmt.Fprintf(p.Out, "%s %-44s found %s %v\n", mark, r.Cause, found, r.Others)
}

func (p *program) practiseSum(results []session.Result, asJSON bool) error {
	rows := make([]row, 0, len(results))
	right, untried := 0, 0
	for _, r := range results {
		if errors.Is(r.Err, errNotTried) {
			untried++
			continue
		}
		if r.Err != nil && !asJSON {
			continue
		}
		line := row{Cause: r.Cause, Found: r.Found, Right: r.Right, Others: r.Others, Seconds: r.Took.Round(1e6).Seconds()}
		if r.Certainty != "" {
			line.Certainty, line.Where = &r.Certainty, &r.Where
		}
		if line.Others == nil {
			line.Others = []string{}
		}
		if r.Err != nil {
			line.Found = "error: " + r.Err.Error()
		}
		rows = append(rows, line)
		if r.Right {
			right++
		}
	}
	if right != len(results) {
		p.status = ExitFault
	}
	if untried > 0 {
		p.interrupted(untried)
	}
	if asJSON {
		return p.printJSON(rows)
	}
	fmt.Fprintf(p.Out, "\n%d of %d named as themselves.\n", right, len(results))
	return nil
}
