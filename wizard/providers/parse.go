package providers

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/pelletier/go-toml/v2"

	"softphonedoctor/wizard/diagnosis"
)

// largest bounds a provider file, in bytes.
const largest = 256 << 10

// longest bounds a text of a file, in bytes.
const longest = 600

// file is a provider file as it is written. docs/guide/providers.md tells its format.
type file struct {
	Name    string   `toml:"name"`
	Also    []string `toml:"also"`
	Domains []string `toml:"domains"`
	Server  []string `toml:"server"`
	Text    []string `toml:"text"`

	Sources  map[string]fileSource `toml:"sources"`
	Echo     *fileEcho             `toml:"echo"`
	Dialling *fileDialling         `toml:"dialling"`
	Meaning  []fileMeaning         `toml:"meaning"`
	Setting  []fileSetting         `toml:"setting"`
	Check    []fileCheck           `toml:"check"`
}

type fileSource struct {
	At     string `toml:"at"`
	Looked any    `toml:"looked_up"` // a date, with or without quotes
}

type fileEcho struct {
	Number string `toml:"number"`
	Source string `toml:"source"`
}

type fileDialling struct {
	Text   string `toml:"text"`
	Source string `toml:"source"`
}

type fileMeaning struct {
	Method string `toml:"method"`
	Code   int    `toml:"code"`
	Text   string `toml:"text"`
	Moment string `toml:"moment"`
	Cause  string `toml:"cause"`
	Above  bool   `toml:"above"`
	Says   string `toml:"says"`
	Source string `toml:"source"`
}

type fileSetting struct {
	Name   string   `toml:"name"`
	Value  string   `toml:"value"`
	For    string   `toml:"for"`
	Causes []string `toml:"causes"`
	Source string   `toml:"source"`
}

type fileCheck struct {
	Text   string   `toml:"text"`
	For    string   `toml:"for"`
	Causes []string `toml:"causes"`
	Source string   `toml:"source"`
}

// allowed are the settings of each part of a file, for the error about another one.
var allowed = map[string]string{
	"":         "name, also, domains, server, text, and the parts [sources], [echo], [dialling], [[meaning]], [[setting]] and [[check]]",
	"sources":  "at and looked_up, in a part such as [sources.codes]",
	"echo":     "number and source",
	"dialling": "text and source",
	"meaning":  "method, code, text, moment, cause, above, says and source",
	"setting":  "name, value, for, causes and source",
	"check":    "text, for, causes and source",
}

// Parse reads a provider file. Its error is a sentence with the line and what is allowed there.
func Parse(id string, data []byte) (Provider, error) {
	if len(data) > largest {
		return Provider{}, fmt.Errorf("it is larger than %d KB", largest>>10)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // Windows editors write a byte order mark
	var f file
	err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&f)
	var strict *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case errors.As(err, &strict) && len(strict.Errors) > 0:
		row, _ := strict.Errors[0].Position()
		key := strict.Errors[0].Key()
		part := ""
		if len(key) > 1 {
			part = key[0]
		}
		return Provider{}, fmt.Errorf("line %d: %q is not known here; allowed are %s", row, strings.Join(key, "."), allowed[part])
	case errors.As(err, &wrong):
		row, column := wrong.Position()
		return Provider{}, fmt.Errorf("line %d, column %d: %s; texts stand in quotes, as in name = \"value\", codes do not, as in code = 403", row, column, strings.TrimPrefix(wrong.Error(), "toml: "))
	case err != nil:
		return Provider{}, fmt.Errorf("it is not valid TOML: %s", strings.TrimPrefix(err.Error(), "toml: "))
	}
	c := checker{id: id, data: data, file: &f}
	return c.provider()
}

// checker turns a file into a Provider and keeps the first thing that is wrong.
type checker struct {
	id   string
	data []byte
	file *file
	err  error
	used []string // the sources that entries name
}

// wrong notes the first error, with the line of a key in the i-th [[part]] or [part].
func (c *checker) wrong(part string, i int, key, format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("line %d: %s", line(c.data, part, i, key), fmt.Sprintf(format, args...))
	}
}

// header finds the beginning of a part.
var header = regexp.MustCompile(`^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(#.*)?$`)

// line finds where a key stands in the i-th part of a name, the part's own line
// when the key is missing, 1 when the part is.
func line(data []byte, part string, i int, key string) int {
	at, inside, n := 1, part == "", -1
	for row, text := range strings.Split(string(data), "\n") {
		if m := header.FindStringSubmatch(strings.TrimRight(text, "\r")); m != nil {
			if inside {
				return at
			}
			if strings.EqualFold(m[1], part) {
				n++
				if inside = n == i; inside {
					at = row + 1
				}
			}
			continue
		}
		if name, _, ok := strings.Cut(text, "="); inside && ok && strings.TrimSpace(name) == key {
			return row + 1
		}
	}
	return at
}

func (c *checker) provider() (Provider, error) {
	f := c.file
	p := Provider{ID: c.id, Name: c.words("", 0, "name", f.Name)}
	for _, l := range []struct {
		key  string
		from []string
		to   *[]string
	}{{"also", f.Also, &p.Also}, {"server", f.Server, &p.Servers}, {"text", f.Text, &p.Texts}} {
		for _, s := range l.from {
			*l.to = append(*l.to, c.words("", 0, l.key, s))
		}
	}
	for _, d := range f.Domains {
		host := strings.ToLower(strings.TrimPrefix(strings.TrimSpace(d), "*."))
		if !domain.MatchString(host) {
			c.wrong("", 0, "domains", "%q is no domain; write it like \"example.net\", which stands for sip.example.net as well", d)
		}
		p.Domains = append(p.Domains, host)
	}
	c.sources()
	d := &p.Dictionary
	d.Provider = p.Name
	if e := f.Echo; e != nil {
		d.EchoNumber = c.words("echo", 0, "number", e.Number)
		p.Echo = c.source("echo", 0, e.Source)
	}
	if e := f.Dialling; e != nil {
		p.Dialling = c.words("dialling", 0, "text", e.Text)
		d.Advice = append(d.Advice, diagnosis.Advice{Remedy: diagnosis.Remedy{For: diagnosis.ForUser, Text: p.Name + " says of numbers: " + sentence(p.Dialling)},
			Causes: []string{"number-format-wrong"}, Source: c.source("dialling", 0, e.Source)})
	}
	for i, m := range f.Meaning {
		d.Meanings = append(d.Meanings, c.meaning(i, m))
	}
	for i, s := range f.Setting {
		name, value := c.words("setting", i, "name", s.Name), c.words("setting", i, "value", s.Value)
		p.Settings = append(p.Settings, Setting{name, value})
		d.Advice = append(d.Advice, c.advice("setting", i, s.For, p.Name+" asks for this setting: "+name+" = "+value+".", s.Causes, s.Source))
	}
	for i, k := range f.Check {
		d.Advice = append(d.Advice, c.advice("check", i, k.For, sentence(c.words("check", i, "text", k.Text)), k.Causes, k.Source))
	}
	for name := range f.Sources {
		if !slices.Contains(c.used, name) {
			c.wrong("sources."+name, 0, "at", "no entry has the source %q; leave it out, or let an entry name it", name)
		}
	}
	p.Sources = c.list()
	if c.err != nil {
		return Provider{}, c.err
	}
	return p, nil
}

var domain = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*$`)

// words checks a text that must be there.
func (c *checker) words(part string, i int, key, s string) string {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		c.wrong(part, i, key, "%s is missing or empty", key)
	case len(s) > longest:
		c.wrong(part, i, key, "%s is longer than %d characters", key, longest)
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }):
		c.wrong(part, i, key, "%s holds a line break or another character that cannot be shown", key)
	}
	return s
}

func sentence(s string) string { return strings.TrimSuffix(s, ".") + "." }

// day is how a date is written.
const day = "2006-01-02"

func (c *checker) sources() {
	for name, s := range c.file.Sources {
		part := "sources." + name
		c.words(part, 0, "at", s.At)
		if _, err := time.Parse(day, fmt.Sprint(s.Looked)); err != nil {
			c.wrong(part, 0, "looked_up", "looked_up is missing or no date; write the day you looked, like 2026-11-21")
		}
	}
}

// source finds the source that an entry names.
func (c *checker) source(part string, i int, name string) diagnosis.Source {
	s, ok := c.file.Sources[name]
	if !ok {
		var names []string
		for n := range c.file.Sources {
			names = append(names, n)
		}
		slices.Sort(names)
		switch {
		case name == "":
			c.wrong(part, i, "source", "the source is missing: name a part of [sources], so that people can read it up (%s)", orNone(names))
		default:
			c.wrong(part, i, "source", "there is no [sources.%s] (%s)", name, orNone(names))
		}
	}
	c.used = append(c.used, name)
	return diagnosis.Source{At: s.At, Looked: fmt.Sprint(s.Looked)}
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "the file has none"
	}
	return "the file has " + strings.Join(names, ", ")
}

// list gives the sources in the order of their names.
func (c *checker) list() []diagnosis.Source {
	var names []string
	for n := range c.file.Sources {
		names = append(names, n)
	}
	slices.Sort(names)
	var list []diagnosis.Source
	for _, n := range names {
		list = append(list, diagnosis.Source{At: c.file.Sources[n].At, Looked: fmt.Sprint(c.file.Sources[n].Looked)})
	}
	return list
}
