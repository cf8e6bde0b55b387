package cli

import (
	"fmt"
	"net/netip"

	"github.com/spf13/cobra"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/report"
)

func (p *program) examine() *cobra.Command {
	var phone, call, folder string
	var out form
	cmd := &cobra.Command{
		Use:   "examine FILE",
		Short: "Diagnose a capture file (pcap, pcapng, a saved report, or - for standard input)",
		Long: `Reads a capture and gives the same verdict as a live check would.

The capture is judged as the phone saw it: the phone is the one that signs in,
or the one that calls. Say --phone ADDRESS where that is not the one meant. A provider
is recognised by domain, Server header or words; its own meanings of codes count then.`,
		Example: `  softphone-doctor examine fault.pcapng
  softphone-doctor examine fault.pcap --phone 192.168.1.23 --json`,
		Args: exactly(1, "name a capture file to examine", "name one capture file to examine, not several"),
		RunE: func(_ *cobra.Command, args []string) error {
			subject := wizard.Subject{CallID: call}
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
			rep, err := p.examineFile(args[0], subject)
			if err != nil {
				return err
			}
			known.Warn(rep)
			p.status = rep.ExitStatus()
			if out.json {
				return p.printJSON(withCalls(rep, subject))
			}
			p.listCalls(rep, subject)
			return p.print(rep, out)
		},
	}
	f := cmd.Flags()
	f.StringVar(&phone, "phone", "", "address of the phone that the capture is about")
	f.StringVar(&call, "call", "", "judge only the call with this Call-ID")
	providersFlag(cmd, &folder)
	out.flags(cmd)
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

func (p *program) examineFile(path string, subject wizard.Subject) (*report.Report, error) {
	if path != "-" {
		return session.ExamineFile(path, subject)
	}
	rep, err := wizard.Examine(p.In, subject)
	if err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	return rep, nil
}

// withCalls adds a verdict to each call where a capture holds several.
func withCalls(rep *report.Report, subject wizard.Subject) report.Document {
	d := rep.Document()
	if len(d.Calls) < 2 {
		return d
	}
	for i, one := range wizard.PerCall(rep.Evidence, subject) {
		c := one.Document()
		d.Calls[i].Verdict, d.Calls[i].Findings = c.Verdict, &c.Findings
	}
	return d
}

// listCalls prints a line per call when there are several.
func (p *program) listCalls(rep *report.Report, subject wizard.Subject) {
	if len(rep.Evidence.Calls) < 2 {
		return
	}
	fmt.Fprintf(p.Out, "%d calls in this capture (choose one with --call ID):\n", len(rep.Evidence.Calls))
	for i, one := range wizard.PerCall(rep.Evidence, subject) {
		c := rep.Evidence.Calls[i]
		fmt.Fprintf(p.Out, "  %-12s %-4s %s → %s  %s  [%s]\n", one.Verdict, c.Direction, c.From, c.To, one.Headline(), c.ID)
	}
	fmt.Fprintln(p.Out)
}
