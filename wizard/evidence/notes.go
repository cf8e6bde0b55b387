package evidence

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"softphonedoctor/sipclient/capture"
)

// notes is what the tape says beside the packets.
type notes struct {
	situation   string
	answers     map[string]Answer
	probes      []Probe
	experiments []Experiment
	phone       []Event
	limits      []string
	limitsAt    []timedLimit
	phoneLimits []string
	fragments   int
	short       bool // the capture was made with a length limit
	muted       string
	have        Kinds
	measured    map[measuredKey]Measured // of streams whose sound was left out
}

// answerKinds says which bit an answer sets.
var answerKinds = map[string]Kinds{
	"heard_ringing":  HaveHeardRinging,
	"heard":          HaveHeard,
	"they_hear":      HaveTheyHear,
	"digits":         HaveDigits,
	"caller_hears":   HaveCallerHears,
	"symptom":        HaveSymptom,
	"internal_rings": HaveInternalRings,
	"usual_fails":    HaveUsual,
}

func (b *Builder) note(n int, note *capture.Note) {
	k := &b.notes
	switch note.Kind {
	case capture.KindSubject:
		if addr, err := netip.ParseAddrPort(note.Text); err == nil {
			if note.Key == "media" {
				b.told.addMedia(addr)
			} else {
				b.told.add(addr)
			}
		}
	case capture.KindAnswer:
		if k.answers == nil {
			k.answers = make(map[string]Answer)
		}
		k.answers[note.Key] = Answer{N: n, Value: note.Text}
		// "unsure" was asked and teaches nothing: a rule that needs the answer
		// stays "not checked".
		if bit := answerKinds[note.Key]; note.Text != "" && note.Text != "unsure" {
			k.have |= bit
		} else {
			k.have &^= bit
		}
	case capture.KindProbe:
		k.probe(n, note)
	case capture.KindExperiment:
		k.experiments = append(k.experiments, Experiment{N: n, Name: note.Key, Change: note.Text})
	case capture.KindPhone:
		b.phoneNote(n, note)
	case capture.KindSituation:
		k.situation = note.Key
	case capture.KindMeasured:
		b.measuredNote(note)
	case capture.KindLimit:
		if note.Key == capture.LimitMuted { // left out on purpose: nothing of the rest is missing
			b.opener.muted, k.muted = true, note.Text
			break
		}
		k.limits = append(k.limits, note.Text)
		k.limitsAt = append(k.limitsAt, timedLimit{note.Time, note.Text})
		k.short = k.short || note.Key == capture.LimitShort
		if note.Key == capture.LimitFragments {
			count, _, _ := strings.Cut(note.Text, " ")
			if lost, err := strconv.Atoi(count); err == nil && lost > 0 {
				k.fragments = lost
			}
		}
	}
}

// phoneNote takes what the test phone did or met.
func (b *Builder) phoneNote(n int, note *capture.Note) {
	b.notes.have |= HaveLive
	b.notes.phone = append(b.notes.phone, Event{N: n, Time: note.Time, Key: note.Key, Text: note.Text})
	b.ways.note(n, note)
	switch note.Key {
	case capture.PhoneLimit:
		b.notes.phoneLimits = appendNew(b.notes.phoneLimits, sentence(note.Text))
	case capture.PhoneLookup:
		b.notes.have |= HaveLookup
	case capture.PhoneUnreachable:
		if net, target, reason, ok := systemError(note.Text); ok {
			b.icmp.add(n, note.Time, net, flow{to: target}, reason)
		}
	}
}

// appendNew adds what is not in a list yet and not empty.
func appendNew[T comparable](list []T, x T) []T {
	var none T
	if x == none || slices.Contains(list, x) {
		return list
	}
	return append(list, x)
}

// sentence makes a note's words one: a capital first, a full stop last.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	text = string(unicode.ToUpper(first)) + text[size:]
	if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "!") && !strings.HasSuffix(text, "?") {
		text += "."
	}
	return text
}
