package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"softphonedoctor/wizard/report"
)

func (p *program) decode() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "decode SUPPORT-CODE",
		Short: "Say in words what a support code means",
		Long: `Gives back in words what somebody read out on the phone: what was checked, what was
found, how sure it is, where it is, and the coarse figures.

A support code stands at the end of every report. It names no person, number, address
or server. Capitals, blanks and hyphens do not matter.`,
		Example: "  softphone-doctor decode 4QK2D-YPFK6-P",
		Args:    atLeast(1, "say the support code; it stands at the end of a report, and looks like 4QK2D-YPFK6-P"),
		RunE: func(_ *cobra.Command, args []string) error {
			code, err := report.DecodeSupportCode(strings.Join(args, " "))
			if err != nil {
				return err
			}
			if asJSON {
				return p.printJSON(code.Document())
			}
			return code.Words().Write(p.Out, 0)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return cmd
}
