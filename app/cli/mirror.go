package cli

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"softphonedoctor/app/session"
)

func (p *program) mirror() *cobra.Command {
	var r session.MirrorRequest
	cmd := &cobra.Command{
		Use:   "mirror",
		Short: "Tell others what really arrives here, so that they can prove who changes it",
		Long: `Runs the other end of "softphone-doctor probe SERVER --mirror HOST", on a computer
that can be reached from outside: a support desk's, or a second installation. It
reports back byte for byte what arrived, and counts test sound in both directions.

Only that proves that a router rewrites messages: a good helper (SIP ALG) changes
back what comes in, so that the phone itself sees nothing.

A mirror answers requests that are marked for one, to the address that they came
from, and nothing else. It passes nothing on, signs nobody in, calls nobody and
keeps nothing. It is no way to flood others: until an address has shown that the
answers reach it, they are no longer than the requests, and what one network
may ask in a second is limited.

Open these ports in the firewall here: UDP 5060, 5080 and 10000, TCP 5060, and
TCP 5061 where there is a certificate. Another phone system on the same computer
may have them already; then name others, and the port behind the host's name at
the other end: --mirror desk.example.net:5070.

It runs until it is ended with Ctrl-C.`,
		Example: `  softphone-doctor mirror
  softphone-doctor mirror --listen 192.0.2.7 --cert desk.pem --key desk.key
  softphone-doctor probe pbx.example.net --mirror desk.example.net   (at the other end)`,
		Args: exactly(0, "", "mirror takes no names, only flags: softphone-doctor mirror --help lists them"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r.Ready = func(at session.MirrorPlace) { fmt.Fprint(p.Out, mirrorWords(at)) }
			r.Heard = func(from, text string) { fmt.Fprintf(p.Out, "%s: %s\n", from, text) }
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return session.Mirror(ctx, r)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&r.Listen, "listen", nil, "address of this computer to listen at (may be given several times); without it all")
	f.Uint16Var(&r.Port, "port", session.MirrorPort, "SIP over UDP and TCP; 0 takes any free port, also below")
	f.Uint16Var(&r.Other, "other-port", session.MirrorOtherPort, "SIP over UDP once more, to compare")
	f.Uint16Var(&r.Sound, "sound-port", session.MirrorSoundPort, "sound of tests, UDP")
	f.Uint16Var(&r.TLSPort, "tls-port", session.MirrorTLSPort, "SIP over TLS, with --cert")
	f.StringVar(&r.CertFile, "cert", "", "PEM file with a certificate for this host's name, for TLS")
	f.StringVar(&r.KeyFile, "key", "", "PEM file with the certificate's key")
	return cmd
}

// mirrorWords say where a mirror listens, and what the other end does.
func mirrorWords(at session.MirrorPlace) string {
	var b strings.Builder
	list := slices.DeleteFunc(slices.Clone(at.Addresses), netip.Addr.IsLoopback)
	if len(list) == 0 {
		list = at.Addresses
	}
	var names []string
	for _, a := range list {
		names = append(names, a.String())
	}
	fmt.Fprintf(&b, "Mirror at %s: SIP on UDP and TCP port %d and on UDP port %d", strings.Join(names, ", "), at.Port, at.Other)
	if at.TLS != 0 {
		fmt.Fprintf(&b, ", on TLS port %d", at.TLS)
	}
	fmt.Fprintf(&b, ", sound on UDP port %d.\n", at.Sound)
	host := names[0]
	if at.Port != session.MirrorPort {
		host = netip.AddrPortFrom(list[0], at.Port).String()
	}
	fmt.Fprintf(&b, "The other end runs: softphone-doctor probe SERVER --mirror %s\nEnd it with Ctrl-C.\n", host)
	return b.String()
}
