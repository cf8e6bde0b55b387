package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard/providers"
)

// providersFlag adds --providers to a command.
func providersFlag(cmd *cobra.Command, folder *string) {
	cmd.Flags().StringVar(folder, "providers", "", "folder with further provider files (TOML), beside those that are known")
}

func (p *program) providers() *cobra.Command {
	var folder string
	cmd := &cobra.Command{
		Use:   "providers [NAME]",
		Short: "List the providers whose own documentation is known, or show one",
		Long: `Lists the providers whose own meanings of codes are known, and where they are
known from: part of the program, or a file in a folder named "providers" beside the
program, in the configuration folder, or named with --providers. With a name it shows
all that is known of one, with the sources. docs/guide/providers.md tells how to write
a file. A file that is broken is named and left out; the others are used.`,
		Example: `  softphone-doctor providers
  softphone-doctor providers 2talk
  softphone-doctor providers --providers ./our-providers`,
		Args: atMost(1, "name one provider; without a name all are listed"),
		RunE: func(_ *cobra.Command, args []string) error {
			known, err := session.LoadProviders(folder)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				one, err := named(known, args[0])
				if err != nil {
					return err
				}
				p.showProvider(one)
				return nil
			}
			for _, one := range known.Book.All() {
				at := strings.Join(one.Domains, ", ")
				if at == "" {
					at = "not by domain"
				}
				fmt.Fprintf(p.Out, "%-20s %s; %s; %s\n", one.ID, one.Name, at, one.From)
			}
			for _, err := range known.Broken {
				fmt.Fprintf(p.Err, "softphone-doctor: %v\n", err)
				p.status = ExitUnusable
			}
			return nil
		},
	}
	providersFlag(cmd, &folder)
	return cmd
}

// named finds a provider; the error says what is known.
func named(known *session.Providers, name string) (providers.Provider, error) {
	one, ok := known.Book.Named(name)
	if ok {
		return one, nil
	}
	var ids []string
	for _, p := range known.Book.All() {
		ids = append(ids, p.ID)
	}
	return one, fmt.Errorf("the provider %q is not known; known are %s", name, strings.Join(ids, ", "))
}

func (p *program) showProvider(one providers.Provider) {
	line := func(label, text string) {
		if text != "" {
			fmt.Fprintf(p.Out, "%s\n%s\n\n", label, wrap(text, 78, "  "))
		}
	}
	fmt.Fprintf(p.Out, "%s (%s; %s)\n\n", one.Name, one.ID, one.From)
	line("Recognised by the account's domain", strings.Join(one.Domains, ", "))
	line("Recognised by the Server header", strings.Join(one.Servers, ", "))
	line("Recognised by its words", strings.Join(one.Texts, ", "))
	line("In the account file", fmt.Sprintf("provider = %q", one.ID))
	line("Echo service", one.Dictionary.EchoNumber)
	var list []string
	for _, m := range one.Dictionary.Meanings {
		what := strings.TrimSpace(fmt.Sprintf("%s %s %s", orAny(m.Method), number(m.Code), m.When))
		if m.Text != "" {
			what += fmt.Sprintf(" %q", m.Text)
		}
		list = append(list, what+": "+m.Says+" → "+m.Cause)
	}
	line("Its codes", strings.Join(list, "\n"))
	list = nil
	for _, a := range one.Dictionary.Advice {
		list = append(list, a.Text+" → "+strings.Join(a.Causes, ", "))
	}
	line("What it asks for, and beside which verdict that is shown", strings.Join(list, "\n"))
	list = nil
	for _, s := range one.Sources {
		list = append(list, s.At+" (looked up "+s.Looked+")")
	}
	line("Sources", strings.Join(list, "\n"))
}

func orAny(method string) string {
	if method == "" {
		return "REGISTER, INVITE"
	}
	return method
}

func number(code int) string {
	if code == 0 {
		return ""
	}
	return fmt.Sprint(code)
}
