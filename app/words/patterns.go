package words

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"

	"softphonedoctor/assets"
)

// Sentences of other parts of the program can hold values: "accepted in 12 ms". Their
// key in the catalogues is the sentence with A, B and C in the places of the values:
// "accepted in {{.A}} ms".

// pattern recognises such a sentence.
type pattern struct {
	key   string
	match *regexp.Regexp
}

var value = regexp.MustCompile(`\\\{\\\{\\\.[A-E]\\\}\\\}`)

// patterns are those of the catalogues, the longest first, so that none hides another.
// All catalogues have the same ones, as a test holds.
var patterns = sync.OnceValue(func() []pattern {
	var all []pattern
	for key := range german() {
		if strings.Contains(key, "{{.A}}") {
			all = append(all, pattern{key, regexp.MustCompile(`(?s)^` + value.ReplaceAllString(regexp.QuoteMeta(key), `(.+?)`) + `$`)})
		}
	}
	slices.SortFunc(all, func(a, b pattern) int { return len(b.key) - len(a.key) })
	return all
})

// german gives the texts of a catalogue by their keys.
var german = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	data, err := assets.Translations.ReadFile("translations/de.json")
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil {
		panic("de.json: " + err.Error()) // part of the program, and read by a test
	}
	return all
})

// taken takes a sentence apart: its key in the catalogues, and its values.
func taken(english string) (key string, values map[string]any) {
	for _, p := range patterns() {
		found := p.match.FindStringSubmatch(english)
		if found == nil {
			continue
		}
		values = map[string]any{}
		for i, v := range found[1:] {
			values[string(rune('A'+i))] = ofEach(v)
		}
		return p.key, values
	}
	return "", nil
}

// ofEach translates a value, or each part of one that is a list.
func ofEach(v string) string {
	parts := strings.Split(v, "; ")
	for i, part := range parts {
		if number.MatchString(part) {
			parts[i] = Decimal(part)
		} else {
			parts[i] = Of(part)
		}
	}
	return strings.Join(parts, "; ")
}

var number = regexp.MustCompile(`^\d+\.\d+$`)
