package app

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"softphonedoctor/app/words"
)

// digits writes a number.
func digits(n int) string { return strconv.Itoa(n) }

// sentence gives an error's words as a sentence, in the person's language where the
// catalogue has it: first letter large, full stop.
func sentence(err error) string { return phrase(err.Error()) }

// phrase is sentence for a text.
func phrase(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return s
	}
	s = upperFirst(s)
	if !strings.ContainsAny(s[len(s)-1:], ".!?") {
		s += "."
	}
	return words.Of(s)
}

// seconds writes a duration as a person reads it: "48 s", "3 min 5 s".
func seconds(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	if s < 60 {
		return digits(max(s, 1)) + " s"
	}
	return digits(s/60) + " min " + digits(s%60) + " s"
}

// upperFirst writes the first letter large.
func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

// lowerFirst writes the first letter small unless the word is all capitals.
func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	next, _ := utf8.DecodeRuneInString(s[n:])
	if unicode.IsUpper(next) {
		return s
	}
	return string(unicode.ToLower(r)) + s[n:]
}
