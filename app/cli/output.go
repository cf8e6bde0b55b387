package cli

import (
	"encoding/json"

	"softphonedoctor/wizard/report"
)

func (p *program) print(rep *report.Report, asJSON bool) error {
	if asJSON {
		return p.printJSON(rep.Document())
	}
	return rep.Text(p.Out, 0)
}

func (p *program) printJSON(v any) error {
	e := json.NewEncoder(p.Out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
