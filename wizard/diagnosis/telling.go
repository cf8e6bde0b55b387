package diagnosis

import (
	"strings"
	"sync"
	"unicode"

	"softphonedoctor/sipclient/sipmsg"
)

// TellingWord tells whether a word that a server writes beside a code may matter to a
// verdict: it is one of those by which causes are told, or of the usual phrases. What
// is masked before others see it keeps such words, and they name nobody.
func TellingWord(word string) bool {
	word = strings.ToLower(word)
	telling := tellingWords()
	if telling[word] {
		return true
	}
	for n := len(word) - 1; n >= 4; n-- { // "registr" stands for all its endings
		if telling[word[:n]] {
			return true
		}
	}
	return false
}

var tellingWords = sync.OnceValue(func() map[string]bool {
	set := map[string]bool{}
	add := func(text string) {
		for _, w := range Words(text) {
			set[w] = true
		}
	}
	for _, w := range wordings {
		for _, text := range w.words {
			add(text)
		}
	}
	for _, c := range Codes() {
		add(c.Name)
		add(sipmsg.StatusText(c.Number))
	}
	for _, w := range warningTable {
		add(w.Name)
	}
	for _, q := range q850Table {
		add(q.Name)
	}
	add("nonce stale elsewhere completed answered answer normal clearing unallocated number user busy reject registration register invite call calls account password")
	add("kamailio opensips asterisk freeswitch fpbx pbx cisco audiocodes sbc sonus oracle mitel avaya yealink snom grandstream polycom linphone microsip zoiper baresip pjsip pjsua sipp sip softphone doctor phone")
	return set
})

// Words gives the words of a text in small letters.
func Words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) })
}
