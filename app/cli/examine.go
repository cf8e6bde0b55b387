package cli

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"softphonedoctor/wizard"
	"softphonedoctor/wizard/report"
)

func (p *program) examine() *cobra.Command {
	var phone, call string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "examine FILE",
		Short: "Diagnose a capture file (pcap, pcapng, a saved report, or - for standard input)",
		Long: `Reads a capture and gives the same verdict as a live check would.

The capture is judged as the phone saw it: the phone is the one that signs in,
or the one that calls. Say --phone ADDRESS where that is not the one meant.`,
		Example: `  softphone-doctor examine fault.pcapng
  softphone-doctor examine fault.pcap --phone 192.168.1.23 --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			subject := wizard.Subject{CallID: call}
			if phone != "" {
				a, err := parsePhone(phone)
				if err != nil {
					return err
				}
				subject.Phone = a
			}
			rep, err := p.examineFile(args[0], subject)
			if err != nil {
				return err
			}
			p.status = rep.ExitStatus()
			if asJSON {
				return p.printJSON(withCalls(rep))
			}
			p.listCalls(rep)
			return p.print(rep, false)
		},
	}
	f := cmd.Flags()
	f.StringVar(&phone, "phone", "", "address of the phone that the capture is about")
	f.StringVar(&call, "call", "", "judge only the call with this Call-ID")
	f.BoolVar(&asJSON, "json", false, "print the report as JSON")
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
	in, err := p.open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	rep, err := wizard.Examine(in, subject)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rep, nil
}

// open gives the capture's bytes: standard input, a file, or the capture inside
// a saved report.
func (p *program) open(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(p.In), nil
	}
	f, err := os.Open(path)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, fmt.Errorf("cannot open %s: %w", path, err)
	}
	if st, err := f.Stat(); err == nil && st.IsDir() {
		f.Close()
		return nil, fmt.Errorf("%s is a folder; name one capture file in it", path)
	}
	if !strings.HasSuffix(strings.ToLower(path), ".zip") {
		return f, nil
	}
	f.Close()
	return openInZip(path)
}

// inZip closes the archive with its member.
type inZip struct {
	io.ReadCloser
	archive *zip.ReadCloser
}

func (z inZip) Close() error { return errors.Join(z.ReadCloser.Close(), z.archive.Close()) }

func openInZip(path string) (io.ReadCloser, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read as a zip file; save the report again", path)
	}
	member, err := z.Open(captureInZip)
	if err != nil {
		z.Close()
		return nil, fmt.Errorf("%s holds no %s: it is not a report of this program", path, captureInZip)
	}
	return inZip{member, z}, nil
}

// withCalls adds a verdict to each call where a capture holds several.
func withCalls(rep *report.Report) report.Document {
	d := rep.Document()
	if len(d.Calls) < 2 {
		return d
	}
	for i, one := range wizard.PerCall(rep.Evidence) {
		c := one.Document()
		d.Calls[i].Verdict, d.Calls[i].Findings = c.Verdict, c.Findings
	}
	return d
}

// listCalls prints a line per call when there are several.
func (p *program) listCalls(rep *report.Report) {
	if len(rep.Evidence.Calls) < 2 {
		return
	}
	fmt.Fprintf(p.Out, "%d calls in this capture (choose one with --call ID):\n", len(rep.Evidence.Calls))
	for i, one := range wizard.PerCall(rep.Evidence) {
		c := rep.Evidence.Calls[i]
		fmt.Fprintf(p.Out, "  %-12s %-4s %s → %s  %s  [%s]\n", one.Verdict, c.Direction, c.From, c.To, one.Headline(), c.ID)
	}
	fmt.Fprintln(p.Out)
}
