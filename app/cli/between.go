package cli

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"softphonedoctor/app/session"
)

func (p *program) between() *cobra.Command {
	var r session.BetweenRequest
	var length time.Duration
	var keep keeping
	var out form
	cmd := &cobra.Command{
		Use:   "between SERVER",
		Short: "Watch your own softphone's calls and say what is wrong with them",
		Long: `Stands between the softphone on this computer and its provider, so that its own
calls are seen and judged with the same rules as a test call.

SERVER is the provider's server or domain, as in the softphone's account. In the
softphone, set the outbound proxy to the address that is printed (UDP or TCP, no
TLS), let it sign in again, and make the call that fails. Ctrl-C ends it and gives
the verdict. Then take the outbound proxy out again.

Nothing is changed on the way but addresses, and nobody else can use it: it
listens on this computer only. The softphone's password does not pass through it,
only what the softphone makes of it. What cannot be seen this way: TLS, and what
the softphone itself does with its own addresses (STUN, ICE).`,
		Example: `  softphone-doctor between pbx.example.net
  softphone-doctor between pbx.example.net --for 2m --save call`,
		Args: exactly(1, "name the server: softphone-doctor between pbx.example.net", "name one server only"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Server = args[0]
			if err := keep.ready(cmd); err != nil {
				return err
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			if length > 0 {
				var over context.CancelFunc
				ctx, over = context.WithTimeout(ctx, length)
				defer over()
			}
			r.Ready = func(at netip.AddrPort) {
				fmt.Fprintf(p.Err, "Set the softphone's outbound proxy to %s (UDP or TCP), let it sign in again, and make the call that fails.\nEnd with Ctrl-C for the verdict.\n", at)
			}
			r.Heard = func(at time.Time, text string) { fmt.Fprintf(p.Err, "  %s  %s\n", at.Format("15:04:05"), text) }
			rep, tape, err := session.Between(ctx, r)
			if err != nil {
				return err
			}
			p.status = rep.ExitStatus()
			if err := p.print(rep, out); err != nil {
				return err
			}
			return p.carry(rep, tape.From(0), keep, out.json)
		},
	}
	f := cmd.Flags()
	f.Uint16Var(&r.Port, "port", session.BetweenPort, "port of this computer for the softphone, UDP and TCP; 0 takes any free one")
	f.DurationVar(&length, "for", 0, "end by itself after this time")
	keep.saveFlag(cmd, "report and capture")
	out.flags(cmd)
	return cmd
}
