package diagnosis

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"text/template"
	"time"
)

// fill writes the rule's texts with the hit's arguments.
func (f *Finding) fill() {
	f.Title = say(f.Rule.Title, f.Args)
	f.Why = say(f.Rule.Why, f.Args)
	f.Overturn = say(f.Rule.Overturn, f.Args)
	f.Fix = nil
	for _, r := range f.Rule.Fix {
		if text := say(r.Text, f.Args); text != "" {
			f.Fix = append(f.Fix, Remedy{For: r.For, Text: text})
		}
	}
}

// say fills one text. A text that cannot be filled is said without its figures:
// a person is better served by half a sentence than by none. Tests hold that
// this does not happen.
func say(text string, args map[string]any) string {
	if text == "" {
		return ""
	}
	s, err := render(text, args)
	if err != nil {
		s = actions.ReplaceAllString(text, "")
	}
	return tidy(s)
}

// templates are the rules' texts, read once: there are as many as the rules have.
var templates sync.Map // string to *template.Template

func render(text string, args map[string]any) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	known, ok := templates.Load(text)
	if !ok {
		t, err := template.New("").Option("missingkey=error").Parse(text)
		if err != nil {
			return "", err
		}
		known, _ = templates.LoadOrStore(text, t)
	}
	t := known.(*template.Template)
	var b strings.Builder
	if args == nil {
		args = map[string]any{}
	}
	if err := t.Execute(&b, args); err != nil {
		return "", err
	}
	return b.String(), nil
}

var actions = regexp.MustCompile(`\{\{[^}]*\}\}`)

// tidy closes the holes that an empty argument leaves.
func tidy(s string) string {
	if isTidy(s) {
		return s
	}
	s = strings.Join(strings.Fields(s), " ")
	for _, mark := range []string{".", ",", ";", ":", ")"} {
		s = strings.ReplaceAll(s, " "+mark, mark)
	}
	return s
}

// isTidy tells that a text has no holes, as most have none.
func isTidy(s string) bool {
	blank := true // as before the first letter
	for i := range len(s) {
		switch s[i] {
		case ' ':
			if blank {
				return false
			}
			blank = true
			continue
		case '.', ',', ';', ':', ')':
			if blank {
				return false
			}
		case '\t', '\n', '\v', '\f', '\r', 0xc2, 0xe1, 0xe2, 0xe3: // the last may begin other blanks
			return false
		}
		blank = false
	}
	return !blank || s == ""
}

// span says a duration as people do: "0.4 s", "12 s", "15 min".
func span(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d < 9950*time.Millisecond:
		return trimZero(d.Seconds(), 1) + " s"
	case d < 2*time.Minute:
		return trimZero(d.Seconds(), 0) + " s"
	default:
		return trimZero(d.Minutes(), 0) + " min"
	}
}

// apart is span for clocks, which may be years apart.
func apart(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return count(int(d/(24*time.Hour))) + " days"
	case d >= 2*time.Hour:
		return trimZero(d.Hours(), 1) + " h"
	}
	return span(d)
}

// millis says a short duration in milliseconds.
func millis(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	if ms < 10 {
		return trimZero(ms, 1) + " ms"
	}
	return trimZero(ms, 0) + " ms"
}

// percent says a share with the digits that matter.
func percent(p float64) string {
	if p < 10 {
		return trimZero(p, 1) + " %"
	}
	return trimZero(p, 0) + " %"
}

func trimZero(f float64, digits int) string {
	s := strconv.FormatFloat(f, 'f', digits, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// join writes a list as people do: "a, b and c".
func join(list []string) string {
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
	return strings.Join(list, "")
}
