package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"softphonedoctor/app/session"
)

// standing is one use of the command between.
type standing struct {
	request session.BetweenRequest
	length  time.Duration
	keep    keeping
	out     form
}

func (p *program) between() *cobra.Command {
	var s standing
	cmd := &cobra.Command{
		Use:   "between SERVER",
		Short: "Watch your own softphone's calls and say what is wrong with them",
		Long: `Stands between the softphone on this computer and its provider, so that its own
calls are seen and judged with the same rules as a test call.

SERVER is the provider's server or domain, as in the softphone's account. In the
softphone, set the outbound proxy to the address that is printed (UDP or TCP, no
TLS), let it sign in again, and make the call that fails. Enter gives the verdict
so far, as often as you like; Ctrl-C gives it and ends. Then take the outbound
proxy out again.

For a fault that comes now and then, --keep 10m lets it run in the background for
days: the sound of the last ten minutes is kept, and the messages of calls and
sign-ins for an hour, in memory only and in 64 MB at most. When it just happened,
press Enter, or from elsewhere: kill -USR1 with its process number. What
passed in these minutes is judged, and saved with --save FILE (FILE.zip, FILE-2.zip
...); it goes on watching.

Nothing is changed on the way but addresses, and nobody else can use it: it
listens on this computer only. The softphone's password does not pass through it,
only what the softphone makes of it. What cannot be seen this way: TLS, and what
the softphone itself does with its own addresses (STUN, ICE).`,
		Example: `  softphone-doctor between pbx.example.net
  softphone-doctor between pbx.example.net --keep 10m --save call`,
		Args: exactly(1, "name the server: softphone-doctor between pbx.example.net", "name one server only"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s.request.Server = args[0]
			if s.request.Keep < 0 || s.request.Keep > 0 && s.request.Keep < leastKept {
				return fmt.Errorf("--keep %s is too short: a call does not fit into less than %s", s.request.Keep, leastKept)
			}
			if err := s.keep.ready(cmd); err != nil {
				return err
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			if s.length > 0 {
				var over context.CancelFunc
				ctx, over = context.WithTimeout(ctx, s.length)
				defer over()
			}
			return p.stand(ctx, s)
		},
	}
	f := cmd.Flags()
	f.Uint16Var(&s.request.Port, "port", session.BetweenPort, "port of this computer for the softphone, UDP and TCP; 0 takes any free one")
	f.DurationVar(&s.length, "for", 0, "end by itself after this time")
	f.DurationVar(&s.request.Keep, "keep", 0, "keep the last minutes only (10m), to run in the background until it happens")
	s.keep.saveFlag(cmd, "report and capture")
	s.out.flags(cmd)
	return cmd
}

// leastKept is the shortest time that --keep takes.
const leastKept = 2 * time.Second

// stand passes on, and judges each time that the person says so and at the end.
func (p *program) stand(ctx context.Context, s standing) error {
	s.request.Heard = func(e session.BetweenEvent) { fmt.Fprintf(p.Err, "  %s  %s\n", e.Time.Format("15:04:05"), e.Text) }
	b, err := session.StandBetween(ctx, s.request)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Err, "Set the softphone's outbound proxy to %s (UDP or TCP), let it sign in again, and make the call that fails.\n", b.At())
	if how := p.happenedWords(); how != "" {
		fmt.Fprintf(p.Err, "%s when it just happened: what passed is judged then, and it goes on. Ctrl-C ends it.\n", how)
	}
	served := make(chan struct{})
	go func() { defer close(served); b.Serve(ctx) }()
	given := 0
	for moments := p.happened(ctx); ; {
		select {
		case <-moments:
			if err := p.judge(b, s, given+1); err != nil {
				fmt.Fprintf(p.Err, "  %v\n", err)
				continue
			}
			given++
		case <-served:
			err := p.judge(b, s, given+1)
			if given > 0 && errors.Is(err, session.ErrNothingRecent) {
				return nil // all was said
			}
			return err
		}
	}
}

// judge prints and saves the nth verdict.
func (p *program) judge(b *session.Between, s standing, n int) error {
	rep, records, err := b.Judge()
	if err != nil {
		return err
	}
	p.status = rep.ExitStatus()
	if err := p.print(rep, s.out); err != nil {
		return err
	}
	return p.carry(rep, records, s.keep.nth(n), s.out.json)
}
