// Package words gives what the window says in the person's language. English stands
// beside each use in the code; the catalogues of the other languages are files in
// assets/translations. It knows nothing of the window.
//
// go-i18n does the work, the library beneath Fyne's own lang package. That one is not
// used, because it cannot change the language of a running program, and does not tell
// whether a text was translated.
package words

import (
	"encoding/json"
	"path"
	"strings"
	"sync/atomic"

	"github.com/jeandeaual/go-locale"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"softphonedoctor/assets"
	"softphonedoctor/wizard/report"
)

// Language is one that can be chosen.
type Language struct {
	Code string // "de"
	Name string // in the language itself: "Deutsch"
}

// Languages lists all in the order to offer them.
func Languages() []Language {
	return []Language{{"en", "English"}, {"de", "Deutsch"}, {"es", "Español"}, {"fr", "Français"}, {"pt", "Português"}}
}

// speaker is a language with its catalogue.
type speaker struct {
	tag       language.Tag
	localizer *i18n.Localizer
	marked    bool // English, with all that is said of the table between marks
}

// Pseudo is the code of a language for tests: English, with ⟦ and ⟧ around all that
// comes from the table of words. What stands outside of them cannot be translated.
const Pseudo = "en-XA"

// now is the language that is spoken, nil before anybody chose one or said anything.
var now atomic.Pointer[speaker]

// speaking gives the language that is spoken; the first to ask gets the system's.
func speaking() *speaker {
	if s := now.Load(); s != nil {
		return s
	}
	Choose("")
	return now.Load()
}

// load reads the catalogue of a language; English has none, because it stands in the
// code. Only the one that is spoken is read: each takes ten milliseconds of a start.
// They are part of the program and read by a test, so that one that is broken here is
// a fault of the build.
func load(tag language.Tag) *i18n.Bundle {
	b := i18n.NewBundle(language.English)
	if tag == language.English {
		return b
	}
	b.RegisterUnmarshalFunc("json", json.Unmarshal)
	file := tag.String() + ".json"
	data, err := assets.Translations.ReadFile(path.Join("translations", file))
	if err == nil {
		_, err = b.ParseMessageFileBytes(data, file)
	}
	if err != nil {
		panic(file + ": " + err.Error())
	}
	return b
}

// Choose sets the language by its code; "" is the system's, and English where this
// program does not know it. It may be called at any time; what stands on the screen
// changes when it is made anew.
func Choose(code string) {
	tag := language.English
	if code == Pseudo {
		tag = language.MustParse(Pseudo)
		now.Store(&speaker{tag, i18n.NewLocalizer(load(language.English), "en"), true})
		return
	}
	if code == "" {
		tag = system()
	} else if t, err := language.Parse(code); err == nil {
		tag = closest(t)
	}
	now.Store(&speaker{tag, i18n.NewLocalizer(load(tag), tag.String()), false})
}

// Chosen is the code of the language that is spoken now.
func Chosen() string { return speaking().tag.String() }

// system is the best of the languages that the system names.
func system() language.Tag {
	names, err := locale.GetLocales()
	if err != nil {
		return language.English
	}
	var wanted []language.Tag
	for _, n := range names {
		if t, err := language.Parse(n); err == nil {
			wanted = append(wanted, t)
		}
	}
	return closest(wanted...)
}

func closest(wanted ...language.Tag) language.Tag {
	var have []language.Tag
	for _, l := range Languages() {
		have = append(have, language.Make(l.Code))
	}
	_, i, _ := language.NewMatcher(have).Match(wanted...)
	return have[i]
}

// T gives the text of a key, with the English beside it where there is no other.
// Both may be templates over the map: "{{.N}} calls".
func T(key, english string, args ...map[string]any) string {
	text, _ := Lookup(key, english, args...)
	return text
}

// Tongue lends the chosen language to a report.
func Tongue() report.Tongue {
	return report.Tongue{Code: Chosen(), Say: func(key, english string) string { return T(key, english) }, Of: Of}
}

// Lookup is T, and tells whether the text is in the chosen language. It is not where
// English stands in for it.
func Lookup(key, english string, args ...map[string]any) (text string, own bool) {
	s := speaking()
	config := &i18n.LocalizeConfig{DefaultMessage: &i18n.Message{ID: key, Other: english}}
	if len(args) > 0 {
		config.TemplateData = args[0]
	}
	text, tag, err := s.localizer.LocalizeWithTag(config)
	if s.marked {
		return "⟦" + text + "⟧", true
	}
	if text == "" && err != nil {
		return english, s.tag == language.English
	}
	return text, tag == s.tag
}

// Of translates a sentence that another part of the program says in English: its key
// is the sentence itself, with letters in the places of its values.
func Of(english string) string {
	text, _ := LookupOf(english)
	return text
}

// LookupOf is Of, and tells whether the text is in the chosen language.
func LookupOf(english string) (text string, own bool) {
	if Chosen() == "en" || english == "" {
		return english, true
	}
	s := speaking()
	if s.marked {
		if _, known := german()[english]; known {
			return "⟦" + english + "⟧", true
		}
		if key, _ := taken(english); key != "" {
			return "⟦" + english + "⟧", true
		}
		return english, false
	}
	text, tag, err := s.localizer.LocalizeWithTag(&i18n.LocalizeConfig{MessageID: english})
	if err == nil && text != "" {
		return text, tag == s.tag
	}
	if key, values := taken(english); key != "" {
		return Lookup(key, english, values)
	}
	return english, false
}

// Decimal writes a number's English form with the language's own decimal sign.
func Decimal(figure string) string {
	if Chosen() == "en" {
		return figure
	}
	return strings.Replace(figure, ".", ",", 1)
}
