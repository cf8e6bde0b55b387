// Package providers knows what providers' own documentation says about their
// networks: TOML files, built in or added by a support desk, and how the provider of
// an account or of a capture is recognised. It decides nothing: package diagnosis does.
package providers

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"softphonedoctor/assets"
	"softphonedoctor/wizard/diagnosis"
)

// BuiltIn is where the providers come from that are part of the program.
const BuiltIn = "built in"

// Provider is one file.
type Provider struct {
	ID      string   // the file's name without .toml, as in the account's `provider`
	Name    string   // as people write it
	Also    []string // other names for `provider`
	From    string   // BuiltIn, or the file's path
	Domains []string // of accounts, each with everything below it
	Servers []string // parts of the Server header
	Texts   []string // parts of the words beside a code

	Dialling string // how numbers are written, "" when not known
	Echo     diagnosis.Source
	Sources  []diagnosis.Source
	Settings []Setting

	Dictionary diagnosis.Dictionary // EchoNumber included
}

// Setting is a setting that the documentation asks for.
type Setting struct{ Name, Value string }

// Book is all the providers that are known. The zero value knows none. It is not
// changed any more once it is in use, so that goroutines may share it.
type Book struct {
	list []Provider // what was read later stands first
}

// Built gives the providers that are part of the program. The Book is the caller's.
func Built() *Book { return &Book{list: slices.Clone(builtOnce())} }

var builtOnce = sync.OnceValue(func() []Provider {
	b := &Book{}
	b.Read(assets.Providers(), BuiltIn) // a test holds that none is broken
	return b.list
})

// Read adds all *.toml files of a folder. A file of the name of a known provider takes
// its place. Each error is a sentence that names file and line; the file is left out
// and the others are used.
func (b *Book) Read(folder fs.FS, where string) (broken []error) {
	names, err := fs.Glob(folder, "*.toml")
	if err != nil {
		return []error{fmt.Errorf("%s cannot be read: %w", where, err)}
	}
	for _, name := range slices.Backward(names) { // the first of equals wins
		from := where
		if where != BuiltIn {
			from = path.Join(where, name)
		}
		data, err := readFile(folder, name)
		var p Provider
		if err == nil {
			p, err = Parse(strings.TrimSuffix(name, ".toml"), data)
		}
		if err != nil {
			broken = append(broken, fmt.Errorf("the provider file %s is left out: %w", from, err))
			continue
		}
		p.From = from
		b.list = slices.DeleteFunc(b.list, func(old Provider) bool { return strings.EqualFold(old.ID, p.ID) })
		b.list = slices.Insert(b.list, 0, p)
	}
	slices.Reverse(broken)
	return broken
}

func readFile(folder fs.FS, name string) ([]byte, error) {
	if st, err := fs.Stat(folder, name); err == nil && st.Size() > largest {
		return nil, fmt.Errorf("it is larger than %d KB", largest>>10)
	}
	return fs.ReadFile(folder, name)
}

// All lists the providers by name.
func (b *Book) All() []Provider {
	if b == nil {
		return nil
	}
	list := slices.Clone(b.list)
	slices.SortStableFunc(list, func(x, y Provider) int {
		return cmp.Compare(strings.ToLower(x.Name), strings.ToLower(y.Name))
	})
	return list
}

// Named finds a provider by its id, name or other names, whatever the case.
func (b *Book) Named(name string) (Provider, bool) {
	name = strings.TrimSpace(name)
	if b == nil || name == "" {
		return Provider{}, false
	}
	for _, same := range []func(Provider) bool{
		func(p Provider) bool { return strings.EqualFold(p.ID, name) },
		func(p Provider) bool { return strings.EqualFold(p.Name, name) },
		func(p Provider) bool {
			return slices.ContainsFunc(p.Also, func(s string) bool { return strings.EqualFold(s, name) })
		},
	} {
		if i := slices.IndexFunc(b.list, same); i >= 0 {
			return b.list[i], true
		}
	}
	return Provider{}, false
}

// ForAccount gives the provider of an account: the one that it names, else the one
// whose domain it has.
func (b *Book) ForAccount(name, domain string) (Provider, bool) {
	if strings.TrimSpace(name) != "" {
		return b.Named(name)
	}
	if p := b.byDomain(domain); p != nil {
		return *p, true
	}
	return Provider{}, false
}

// KnowsHost tells whether a machine is one of a known provider's, by its name.
func (b *Book) KnowsHost(host string) bool {
	return b.byDomain(host) != nil
}

// TellingTexts lists the texts of answers and of Server headers that count for a known
// provider.
func (b *Book) TellingTexts() []string {
	if b == nil {
		return nil
	}
	var list []string
	for _, p := range b.list {
		list = append(append(list, p.Servers...), p.Texts...)
		for _, m := range p.Dictionary.Meanings {
			list = append(list, m.Text)
		}
	}
	return list
}

// byDomain finds whose domain, or a part of it, a host is; the longest one wins. nil:
// nobody's.
func (b *Book) byDomain(host string) (best *Provider) {
	if b == nil {
		return nil
	}
	host = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(host), "."))
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.Contains(host[:i], ":") {
		host = host[:i]
	}
	longest := 0
	for i := range b.list {
		for _, d := range b.list[i].Domains {
			if under, ok := strings.CutSuffix(host, d); ok && (under == "" || under[len(under)-1] == '.') && len(d) > longest {
				best, longest = &b.list[i], len(d)
			}
		}
	}
	return best
}
