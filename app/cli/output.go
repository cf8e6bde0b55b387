package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"softphonedoctor/app/words"
	"softphonedoctor/wizard/report"
)

// form is how a report is printed; its flags are the same for every command.
type form struct {
	json, details bool
	in            spoken
}

func (f *form) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.json, "json", false, "print the report as JSON")
	cmd.Flags().BoolVar(&f.details, "details", false, "list what was ruled out and what was not checked")
	f.in.flag(cmd)
}

func (p *program) print(rep *report.Report, f form) error {
	rep.In = f.in.tongue()
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

// spoken is the code of the language in which reports are printed and saved. It is said by
// a flag and not taken from the system, because support desks and programs read them.
type spoken string

func (s *spoken) flag(cmd *cobra.Command) {
	cmd.Flags().Var(s, "lang", "language of the report: "+strings.Join(languages(), ", ")+" (what belongs to one case only stays English, and is marked EN)")
	_ = cmd.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions(languages(), cobra.ShellCompDirectiveNoFileComp)) // the flag is there
}

func languages() []string {
	var codes []string
	for _, l := range words.Languages() {
		codes = append(codes, l.Code)
	}
	return codes
}

// Set takes the flag's value (pflag.Value).
func (s *spoken) Set(code string) error {
	for _, known := range languages() {
		if strings.EqualFold(code, known) {
			*s = spoken(known)
			return nil
		}
	}
	return fmt.Errorf("it takes one of %s", strings.Join(languages(), ", "))
}

func (s *spoken) String() string { return string(*s) }

// Type names the value in the list of flags (pflag.Value).
func (s *spoken) Type() string { return "code" }

// tongue gives the language to a report.
func (s spoken) tongue() report.Tongue {
	if s == "" {
		return report.Tongue{}
	}
	words.Choose(string(s))
	return words.Tongue()
}
