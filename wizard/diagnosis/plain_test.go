package diagnosis

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// moreJargon is what the result page must not say either, beside the words of
// jargon: usual phrases of answers, units and nouns of engineers. Case counts.
var moreJargon = regexp.MustCompile(`\b(SIP|SDP|RTP|SRTP|SAVP|AVP|RTCP|NAT|SSRC|ICMP|DTMF|CSeq|Call-ID|CANCEL|OPTIONS|UPDATE|INFO|dBFS|STIR|` +
	`Unauthorized|Forbidden|Busy Here|Not Found|Request Terminated|Temporarily Unavailable|Service Unavailable|Not Acceptable|Decline|` +
	`(port|transport|socket|nonce|gateway|hairpin|samples?|streams?|captures?|traces?|session timers?|sendonly|recvonly|inactive|telephone-event|100rel|rport|re-INVITE|request URI))\b`)

// allowedWords may stand in a text of one cause, where they are what the person
// will find on the screen, or the figure that the verdict is about.
var allowedWords = map[string]*regexp.Regexp{
	"transport-blocked":       regexp.MustCompile(`\b(UDP|TCP|TLS)\b`), // the choice that works
	"inbound-filtered-by-nat": regexp.MustCompile(`\b(UDP|TCP|TLS)\b`), // the same
}

// allowedInRemedies are names of settings that people find on their screens; the
// remedy has to say where.
var allowedInRemedies = []struct {
	word  *regexp.Regexp
	where *regexp.Regexp
}{
	{regexp.MustCompile(`SIP ALG|SIP helper|SIP transformations|UDP timeout`), regexp.MustCompile(`router`)},
	{regexp.MustCompile(`\btransport( \(UDP, TCP or TLS\))?|\bto (TCP or TLS|TLS|TCP|UDP)|\bTLS as\b|for UDP and TCP|for TLS|\bTCP or TLS\b|\b[Pp]ort\b`), regexp.MustCompile(`phone's (account|network)? ?settings|its account settings|server's name and port`)},
	{regexp.MustCompile(`\bSTUN\b|\brport\b`), regexp.MustCompile(`phone's network settings`)},
	{regexp.MustCompile(`\bcodecs\b`), regexp.MustCompile(`phone's list of codecs \(sound formats\)`)},
	{regexp.MustCompile(`\bSRTP\b`), regexp.MustCompile(`phone's account settings`)},
	{regexp.MustCompile(`\bDTMF\b|RFC 4733|RFC 2833`), regexp.MustCompile(`phone's settings`)},
	{regexp.MustCompile(`\b100rel\b|\bPRACK\b|[Ss]ession timers?\b`), regexp.MustCompile(`phone's settings`)},
	{regexp.MustCompile(`\brealm\b`), regexp.MustCompile(`phone's account settings`)},
	{regexp.MustCompile(`\bDNS server\b`), regexp.MustCompile(`computer's network settings`)},
}

// quotes holds what others wrote, or what is read to support: that is proof, not our wording.
var quotes = regexp.MustCompile(`"[^"]*"`)

// plainWords fails where a text that a person reads is full of jargon.
func plainWords(t *testing.T, cause, what, text string) {
	t.Helper()
	text = quotes.ReplaceAllString(actions.ReplaceAllString(text, ""), "")
	if re := allowedWords[cause]; re != nil {
		text = re.ReplaceAllString(text, "")
	}
	if what == "remedy" {
		whole := text
		for _, a := range allowedInRemedies {
			if a.word.MatchString(text) && a.where.MatchString(whole) {
				text = a.word.ReplaceAllString(text, "")
			}
		}
	}
	for _, re := range []*regexp.Regexp{jargon, moreJargon} {
		if w := re.FindString(text); w != "" {
			t.Errorf("%s: %s says %q: %s", cause, what, w, text)
		}
	}
}

// code is an answer's number at the beginning or in the middle of a text. It may
// only stand in brackets at its end, for support.
var bareCode = regexp.MustCompile(`\b(40[0-9]|41[0-9]|42[0-9]|43[0-9]|48[0-9]|49[0-9]|50[0-5]|60[0-8])\b`)

var bracketed = regexp.MustCompile(`\((answers?|cause) [^()]*\)`)

// TestWhatPeopleReadIsPlain reads every text of the result page with the eyes of
// somebody who never heard of SIP: as it is written, and as the cases fill it.
func TestWhatPeopleReadIsPlain(t *testing.T) {
	for _, r := range table {
		plainWords(t, r.Cause, "title", r.Title)
		plainWords(t, r.Cause, "why", r.Why)
		plainWords(t, r.Cause, "overturn", r.Overturn)
		for _, f := range r.Fix {
			if f.For == ForUser {
				plainWords(t, r.Cause, "remedy", f.Text)
			}
		}
		for _, text := range []string{r.Title, r.Overturn} {
			if bracketed.MatchString(text) || bareCode.MatchString(text) {
				t.Errorf("%s: a code belongs to the end of the Why: %s", r.Cause, text)
			}
		}
	}
	for _, dir := range caseFolders(t) {
		d := Of(readCase(t, dir), Dictionary{})
		for i := range d.Findings {
			f := &d.Findings[i]
			c := f.Rule.Cause
			plainWords(t, c, "title", f.Title)
			plainWords(t, c, "why", f.Why)
			plainWords(t, c, "overturn", f.Overturn)
			for _, fix := range f.Fix {
				if fix.For == ForUser {
					plainWords(t, c, "remedy", fix.Text)
				}
			}
			for _, cite := range f.Cites {
				plainWords(t, c, "cite", cite.Label)
			}
			if strings.Contains(f.Overturn, " would ") {
				t.Errorf("%s: \"this would prove it wrong\" stands before it already: %s", c, f.Overturn)
			}
			if n := strings.Count(f.Why, ". "); n > 2 {
				t.Errorf("%s: the Why is too long: %s", c, f.Why)
			}
			if testing.Verbose() {
				t.Logf("%s [%s]\n  %s\n  %s\n  (%s)\n  %s", filepath.Base(dir), c, f.Title, f.Why, f.Overturn, labels(f))
			}
		}
	}
}

func labels(f *Finding) string {
	var list []string
	for _, c := range f.Cites {
		list = append(list, c.Label)
	}
	return strings.Join(list, " | ")
}

// TestEveryAnswerHasPlainWords: the words for an answer are free of jargon, and
// every listed failure has words of its own for a call or a sign-in.
func TestEveryAnswerHasPlainWords(t *testing.T) {
	for code, r := range replies {
		plainWords(t, "", "reply", r.signIn+" "+r.call)
		if _, known := LookupCode(code); !known {
			t.Errorf("%d is in no list", code)
		}
	}
	for _, r := range classReplies {
		plainWords(t, "", "class", r)
	}
	if plainly(nil) == "" {
		t.Error("nothing is said about no answer")
	}
}
