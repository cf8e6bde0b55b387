package cli

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/spf13/cobra"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

func (p *program) examine() *cobra.Command {
	var phone, call, folder, save string
	var mask bool
	var out form
	var lines bool
	cmd := &cobra.Command{
		Use:   "examine FILE",
		Short: "Diagnose a capture file (pcap, pcapng, a saved report, or - for standard input)",
		Long: `Reads a capture and gives the same verdict as a live check would.

Captures may be pcap or pcapng, packed with gzip, zstd or zip, of any usual link
type and through tunnels; SIP may come over UDP, TCP, WebSockets, as HEP copies, or over
TLS where the file carries the keys. What could not be read is said.

The capture is judged as the phone saw it: the phone is the one that signs in,
or the one that calls. Say --phone ADDRESS where that is not the one meant; at a keyboard
you are asked when several could be. A provider is recognised by domain, Server header
or words; its own meanings of codes count then.

Where there are several calls each has a verdict of its own, and a sentence says what
they have in common.

--save writes one call, with the sign-ins of its phone, as a capture for Wireshark; where
there are several calls, --call says which. With --mask numbers and names are masked in
it, addresses become other ones of the same kind, passwords, what proves them and keys of
encrypted sound are left out, and the sound is blanked, which the file's comment says.
Lengths stay, and the saved call gives the same findings. Standard input lies in a
temporary file meanwhile, because a call can be chosen only when all is known.`,
		Example: `  softphone-doctor examine fault.pcapng
  softphone-doctor examine fault.pcap --phone 192.168.1.23 --json
  zstdcat day.pcap.zst | softphone-doctor examine - --json-lines
  softphone-doctor examine day.pcap --call 7
  softphone-doctor examine day.pcap --call 7 --save call7.pcapng --mask`,
		Args: exactly(1, "name a capture file to examine", "name one capture file to examine, not several"),
		RunE: func(cmd *cobra.Command, args []string) error {
			subject := wizard.Subject{CallID: call}
			if mask && save == "" {
				return errors.New("--mask is for a call that is saved: say --save FILE as well")
			}
			if save != "" {
				var err error
				if save, err = session.CallPath(save, args[0]); err != nil {
					return err
				}
			}
			if phone != "" {
				a, err := parsePhone(phone)
				if err != nil {
					return err
				}
				subject.Phone = a
			}
			known, err := session.LoadProviders(folder)
			if err != nil {
				return err
			}
			subject.Providers = known.Book
			reading := p.newReading(args[0])
			if reading != nil {
				subject.Progress = reading.tell
			}
			if p.Terminal && args[0] != "-" && !out.json && !lines {
				subject.Choose = func(phones []evidence.PhoneSeen) netip.Addr {
					reading.clear()
					return p.whichPhone(cmd.Context(), phones)
				}
			}
			restore := withinBudget()
			var spool *session.Spool
			if save != "" && args[0] == "-" {
				var err error
				if spool, err = session.NewSpool(p.In); err != nil {
					return err
				}
				defer spool.Close()
				p.In = spool
			}
			rep, err := p.examineFile(args[0], subject)
			restore()
			reading.clear()
			if err != nil {
				return err
			}
			known.Warn(rep)
			p.status = rep.ExitStatus()
			if save != "" {
				if spool != nil {
					err = spool.SaveCall(save, standardInput, rep, subject, mask)
				} else {
					err = session.SaveCall(save, args[0], rep, subject, mask)
				}
				if err != nil {
					return err
				}
				if !out.json && !lines {
					fmt.Fprintf(p.Err, "The call is saved to %s\n", save)
				}
			}
			if lines {
				return p.jsonLines(rep, subject)
			}
			if !out.json {
				p.listCalls(rep)
			}
			return p.print(rep, out)
		},
	}
	f := cmd.Flags()
	f.StringVar(&phone, "phone", "", "address of the phone that the capture is about")
	f.StringVar(&call, "call", "", "judge only the call with this Call-ID, or with this number in the list of calls")
	f.StringVar(&save, "save", "", "write one call as a capture to this file (.pcapng)")
	f.BoolVar(&mask, "mask", false, "mask numbers, names, addresses and sound in the saved call")
	f.BoolVar(&lines, "json-lines", false, "print a line of JSON for each call")
	providersFlag(cmd, &folder)
	out.flags(cmd)
	cmd.MarkFlagsMutuallyExclusive("json", "json-lines")
	return cmd
}

func parsePhone(s string) (netip.Addr, error) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr(), nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return a, fmt.Errorf("--phone %s is no address; write it like 192.168.1.23", s)
	}
	return a, nil
}

// standardInput is its name in errors.
const standardInput = "standard input"

func (p *program) examineFile(path string, subject wizard.Subject) (*report.Report, error) {
	if path != "-" {
		return session.ExamineFile(path, subject)
	}
	rep, err := wizard.Examine(p.In, subject)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", standardInput, err)
	}
	return rep, nil
}
