package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"softphonedoctor/app/session"
)

func (p *program) probe() *cobra.Command {
	var r session.ProbeRequest
	var lifetime, underLoad bool
	var upTo time.Duration
	var out form
	var keep keeping
	cmd := &cobra.Command{
		Use:   "probe SERVER",
		Short: "Measure the way to a server, without signing in or calling",
		Long: `Measures what lies between this computer and the server of a phone account: network
connections and router, name service, every way to the server, what the router
makes of addresses, helpers that rewrite messages, and how long messages may be.
Nothing is signed in and nobody is called. It takes ten seconds at most.

SERVER is the domain or server of the account, with :port where it needs one.

Each question is answered with yes, no or not checked. Which address the internet
sees is asked of the provider's own server and of those given with --stun; a public
one is asked with --third-party only.

--mirror HOST asks a second installation that runs "softphone-doctor mirror", which
reports what really arrives there: only that proves that a router rewrites messages,
and in which direction sound is lost.

--lifetime also measures how long the router remembers a silent phone. That takes as
long as the silence it tries, five minutes, or what --up-to says.

--under-load also compares the delay of the line at rest with that of the line in full
use: you are asked to start something large, a download or a speed test. Nothing large
is sent by this program.`,
		Example: `  softphone-doctor probe pbx.example.net
  softphone-doctor probe pbx.example.net:5070 --transport tcp --json
  softphone-doctor probe pbx.example.net --stun stun.example.net --mirror desk.example.net
  softphone-doctor probe pbx.example.net --under-load`,
		Args: exactly(1, "name the server: softphone-doctor probe pbx.example.net", "name one server only"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Server = args[0]
			if lifetime {
				if upTo < 15*time.Second || upTo > 5*time.Minute {
					return fmt.Errorf("--up-to %s: name a time from 15s to 5m", upTo)
				}
				r.Lifetime = upTo
			}
			if underLoad {
				r.InUse = p.lineInUse
			}
			if err := keep.ready(cmd); err != nil {
				return err
			}
			if !out.json && p.Watched {
				r.Progress = func(title string, done bool, count, of int) {
					if done {
						fmt.Fprintf(p.Err, "  ✓ %d of %d: %s\n", count, of, title)
					}
				}
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			rep, tape, err := session.Probe(ctx, r)
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
	f.StringVar(&r.Transport, "transport", "", "how the account reaches the server: udp, tcp or tls")
	f.StringArrayVar(&r.STUN, "stun", nil, "server to ask which address the internet sees (may be given several times)")
	f.BoolVar(&r.ThirdParty, "third-party", false, "also ask a public server which address the internet sees")
	f.StringVar(&r.Mirror, "mirror", "", "host of a softphone-doctor mirror")
	f.StringVar(&r.CAFile, "ca-file", "", "PEM file with the certificate authority of a private server")
	f.BoolVar(&lifetime, "lifetime", false, "also measure how long the router remembers a silent phone")
	f.DurationVar(&upTo, "up-to", 5*time.Minute, "with --lifetime: the longest silence to try, 15s to 5m")
	f.BoolVar(&underLoad, "under-load", false, "also measure whether the line becomes slow in full use")
	keep.saveFlag(cmd, "report and measurements")
	out.flags(cmd)
	return cmd
}

// lineInUse asks the person to put the line to full use, and waits for Enter.
func (p *program) lineInUse(ctx context.Context) error {
	fmt.Fprintln(p.Err, "Now put the internet connection to full use: start a large download, an upload, or a speed test. Press Enter as soon as it runs, and let it run for ten seconds.")
	said := make(chan error, 1)
	go func() {
		_, err := readLine(p.In)
		said <- err
	}()
	select {
	case err := <-said:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
