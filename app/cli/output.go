package cli

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"softphonedoctor/wizard/report"
)

// form is how a report is printed; its flags are the same for every command.
type form struct{ json, details bool }

func (f *form) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.json, "json", false, "print the report as JSON")
	cmd.Flags().BoolVar(&f.details, "details", false, "list what was ruled out and what was not checked")
}

func (p *program) print(rep *report.Report, f form) error {
	switch {
	case f.json:
		return p.printJSON(rep.Document())
	case f.details:
		return rep.Text(p.Out, 0)
	}
	return rep.Brief(p.Out, 0)
}

func (p *program) printJSON(v any) error {
	e := json.NewEncoder(p.Out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
