package wizard

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

const (
	codeSpoken = 6 * time.Second  // that saying a code takes
	codeTyped  = 10 * time.Second // in which the other side may type it
)

// speaker is a call that can say digits to the other side.
type speaker interface {
	Speak(ctx context.Context, digits string) error
}

// spokenCode proves the sound by what a person cannot guess: three digits that the test
// phone says, and that the other side types or tells; and where people talk over the test
// phone, three that the other side says and types.
var spokenCode = Step{
	Title: "Three digits, spoken",
	Do: func(ctx context.Context, s *Session) error {
		call, able := s.call.(speaker)
		if !able || s.Person == nil || s.call.State() != Answered || settled(s.Diagnosis()) || s.provenBySound() {
			return nil
		}
		if s.askWhile(ctx, earsLimit, Ended, askCode) != "yes" {
			return nil
		}
		s.speakCode(ctx, call)
		if s.said(askTalk.ID, "yes") && s.call.State() == Answered {
			s.hearCode(ctx)
		}
		return nil
	},
	Found: codeWords,
}

// provenBySound tells that an echo service sent our own sound back already.
func (s *Session) provenBySound() bool {
	p, ok := s.Evidence().Probe(capture.SoundReturn)
	return ok && p.Yes()
}

// newCode gives three digits, no two alike.
func newCode() string {
	digits := []byte("0123456789")
	rand.Shuffle(len(digits), func(i, j int) { digits[i], digits[j] = digits[j], digits[i] })
	return string(digits[:3])
}

// speakCode says three digits to the other side, and finds out what was heard there.
func (s *Session) speakCode(ctx context.Context, call speaker) {
	code, before := newCode(), len(typed(s.Evidence()))
	s.instructUntil("The test phone says three digits, twice. Ask the other person to listen, and to type them on their phone.", codeSpoken)
	if call.Speak(ctx, code) != nil {
		return
	}
	s.instructUntil("Waiting for the other side to type the three digits. Nobody there to do so? Just wait.", codeTyped)
	s.until(ctx, codeTyped, func(e *evidence.Evidence) bool {
		return s.call.State() == Ended || len(typed(e)) >= before+len(code)
	})
	heard, by := typed(s.Evidence())[before:], "keys"
	heard = heard[:min(len(heard), len(code))] // it was said twice, and may be typed twice
	if heard == "" {
		q := askSpoken
		q.Options = append(amongOthers(code), q.Options...)
		by = "person"
		switch a := s.askWhile(ctx, earsLimit, Ended, q); a {
		case NotAsked, "unsure":
			return
		default:
			heard = string(a)
		}
	}
	result := "no"
	if heard == code {
		result = "yes"
	}
	s.Tape.Note(capture.Note{Time: time.Now(), Kind: capture.KindProbe, Key: capture.SoundSpoken, Text: fmt.Sprintf("%s said=%s heard=%s by=%s", result, code, heard, by)})
	switch {
	case result == "yes":
		s.answer(askTheyHear.ID, "yes")
	case heard == "none":
		s.answer(askTheyHear.ID, "no")
	}
}

// hearCode lets the other side say and type three digits, and asks what was heard here.
func (s *Session) hearCode(ctx context.Context) {
	end := s.Sound.Talk(s.call)
	defer end()
	before := len(typed(s.Evidence()))
	s.instructUntil("Now ask the other person to say three digits of their choice, and then to type the same ones.", 2*codeTyped)
	if !s.until(ctx, 2*codeTyped, func(e *evidence.Evidence) bool {
		return s.call.State() == Ended || len(typed(e)) >= before+3
	}) || s.call.State() == Ended {
		return
	}
	code := typed(s.Evidence())[before:][:3]
	q := askSaid
	q.Options = append(amongOthers(code), q.Options...)
	a := s.askWhile(ctx, earsLimit, Ended, q)
	if a == NotAsked || a == "unsure" {
		return
	}
	result := map[bool]string{true: "yes", false: "no"}[string(a) == code]
	s.Tape.Note(capture.Note{Time: time.Now(), Kind: capture.KindProbe, Key: capture.SoundSaid, Text: fmt.Sprintf("%s said=%s heard=%s", result, code, a)})
	switch {
	case result == "yes":
		s.answer(askHeard.ID, "yes")
	case a == "none":
		s.answer(askHeard.ID, "no")
	}
}

// answer writes down what a proof has answered, so that nobody is asked for it.
func (s *Session) answer(id, value string) {
	s.Tape.Note(capture.Note{Time: time.Now(), Kind: capture.KindAnswer, Key: id, Text: value})
}

// typed are the keys that the other side of the last call pressed, in whichever way it
// sends them (RFC 4733, INFO, or as tones).
func typed(e *evidence.Evidence) string {
	if k := keysThere(e); k != nil {
		return k.Keys
	}
	return ""
}

// amongOthers are options to choose a code from, so that nobody can nod to it.
func amongOthers(code string) []Option {
	codes := []string{code}
	for len(codes) < 3 {
		if other := newCode(); !slices.Contains(codes, other) {
			codes = append(codes, other)
		}
	}
	slices.Sort(codes)
	var list []Option
	for _, c := range codes {
		list = append(list, Option{Value: c, Text: strings.Join(strings.Split(c, ""), " ")})
	}
	return list
}

func codeWords(e *evidence.Evidence) (string, bool) {
	there, spoken := e.Probe(capture.SoundSpoken)
	here, said := e.Probe(capture.SoundSaid)
	switch {
	case spoken && !there.Yes():
		return "not heard there", false
	case said && !here.Yes():
		return "not heard here", false
	case spoken && said:
		return "heard on both sides", true
	case spoken:
		return "heard there", true
	}
	return "", true
}
