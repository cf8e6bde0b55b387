package session

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/providers"
	"softphonedoctor/wizard/report"
)

// providersFolder is the name of a folder with provider files of a support desk.
const providersFolder = "providers"

// Providers is what is known of providers.
type Providers struct {
	Book    *providers.Book
	Folders []string // that were looked into, later ones win
	Broken  []error  // files that are left out: sentences that name file and line
}

// LoadProviders gives the built-in providers and those of the folders "providers" beside
// the program and in the person's configuration, and of one more folder when it is not
// "". A broken file is left out and told. The error is a sentence about that one folder:
// it cannot be read at all.
func LoadProviders(folder string) (*Providers, error) {
	p := &Providers{Book: providers.Built()}
	if program, err := os.Executable(); err == nil {
		p.read(filepath.Join(filepath.Dir(program), providersFolder))
	}
	if config, err := os.UserConfigDir(); err == nil {
		p.read(filepath.Join(config, "softphone-doctor", providersFolder))
	}
	if folder == "" {
		return p, nil
	}
	st, err := os.Stat(folder)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the folder of provider files %s cannot be read: %w", folder, bareError(err))
	case !st.IsDir():
		return nil, fmt.Errorf("%s is a file; name the folder that holds the provider files", folder)
	}
	p.read(folder)
	return p, nil
}

// read adds a folder, if it is there.
func (p *Providers) read(folder string) {
	if st, err := os.Stat(folder); err != nil || !st.IsDir() {
		return
	}
	p.Folders = append(p.Folders, folder)
	for _, err := range p.Book.Read(os.DirFS(folder), filepath.ToSlash(folder)) {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = fmt.Errorf("the provider file %s is left out: %w", filepath.Join(folder, filepath.Base(pe.Path)), pe.Err)
		}
		p.Broken = append(p.Broken, err)
	}
}

// Warn adds to a report which provider files could not be used.
func (p *Providers) Warn(rep *report.Report) {
	rep.Warnings = append(slices.Clip(rep.Warnings), p.warnings()...)
}

// warnings are the broken files as a report tells them.
func (p *Providers) warnings() []string {
	var list []string
	for _, err := range p.Broken {
		s := err.Error()
		list = append(list, strings.ToUpper(s[:1])+s[1:]+". Everything else is used.")
	}
	return list
}

// accountProvider is what is known of one account's provider before anything is sent.
type accountProvider struct {
	named      string // the id that the account names, "" when it names none that is known
	dictionary diagnosis.Dictionary
	warnings   []string
}

// providersOf finds the provider of a request's account.
func providersOf(r Request) accountProvider {
	a := accountProvider{warnings: r.Providers.warnings()}
	p, ok := r.Providers.Book.ForAccount(r.Account.Provider, r.Account.Domain)
	if name := strings.TrimSpace(r.Account.Provider); name != "" {
		if a.named = p.ID; !ok {
			a.warnings = append(a.warnings, fmt.Sprintf("The account's provider %q is not known: only what the domain and the answers show was used. The command softphone-doctor providers lists those that are known.", name))
			p, _ = r.Providers.Book.ForAccount("", r.Account.Domain)
		}
	}
	a.dictionary = p.Dictionary
	return a
}

// EchoTarget is the word for the echo service of the account's provider, in place of a
// number to call.
const EchoTarget = "echo"

// target turns EchoTarget into its number; where nothing is entered, the error offers it.
func (a accountProvider) target(to string) (string, error) {
	who, number := a.dictionary.Provider, a.dictionary.EchoNumber
	switch to = strings.TrimSpace(to); {
	case strings.EqualFold(to, EchoTarget) && number != "":
		return number, nil
	case strings.EqualFold(to, EchoTarget) && who == "":
		return "", &Field{Name: "target", Text: "the provider of this account is not known, and so is the number of its echo service: enter the number, or sip:echo@ and the server for a user of that name"}
	case strings.EqualFold(to, EchoTarget):
		return "", &Field{Name: "target", Text: "the number of an echo service at " + who + " is not known: enter a number to call"}
	case to == "" && number != "":
		return "", &Field{Name: "target", Text: "this check places a call: enter the number or address to call, or " + EchoTarget + " for the echo service of " + who + " (" + number + ")"}
	}
	return to, nil
}
