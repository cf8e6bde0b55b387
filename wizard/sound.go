package wizard

import (
	"context"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// Sound is this computer's microphone and speaker. What it finds are notes on the
// session's tape (capture.Sound keys); none of its methods fails or hangs, whatever
// the devices do.
type Sound interface {
	// Open opens both devices, once; further calls do nothing.
	Open(context.Context)
	// Speech measures the microphone for so long, while a person speaks.
	Speech(ctx context.Context, long time.Duration)
	// Talk joins both devices to a call; the function that it gives ends that.
	Talk(LiveCall) (end func())
	// Loop plays the known signal for so long and listens for it with the microphone.
	Loop(ctx context.Context, long time.Duration)
	// Tone plays a test tone.
	Tone(context.Context)
	// Close lets the devices go and notes how they kept.
	Close()
}

// speechTime is how long a person is asked to speak.
const speechTime = 4 * time.Second

// loopTime is how long the microphone listens for this computer's own speaker.
const loopTime = 7 * time.Second

// ownSound looks at this computer's own microphone and speaker, when the packets did
// not settle it.
var ownSound = Step{
	Title: "Your microphone and speaker",
	Do: func(ctx context.Context, s *Session) error {
		if s.Sound == nil || s.Person == nil || settled(s.Diagnosis()) {
			return nil
		}
		speaks := s.ask(ctx, askSpeak)
		if speaks == NotAsked {
			return nil // nobody is there to speak or to listen
		}
		s.instruct("Looking at the microphone and the speaker.")
		s.Sound.Open(ctx)
		if speaks == "yes" && s.usable(capture.SoundMicrophone) {
			s.instructUntil("Please speak now, as you would in a call.", speechTime)
			s.Sound.Speech(ctx, speechTime)
		}
		if s.echoMatters() && s.usable(capture.SoundMicrophone) && s.usable(capture.SoundSpeaker) {
			s.instructUntil("Playing a soft melody, and listening whether the microphone picks it up. Please be quiet for a moment.", loopTime)
			s.Sound.Loop(ctx, loopTime)
		}
		if s.usable(capture.SoundSpeaker) && !s.said(askHeard.ID, "yes") && !settled(s.Diagnosis()) {
			s.instruct("Playing a test tone.")
			s.Sound.Tone(ctx)
			s.hearsTone(ctx)
		}
		return nil
	},
	Found: ownSoundWords,
}

// echoMatters tells that the complaint may be an echo.
func (s *Session) echoMatters() bool {
	switch s.Evidence().Situation {
	case "quality", "everything":
		return true
	}
	return false
}

// talkOverCall lets the person talk over the test phone itself, where they want to. The
// function that it gives ends that.
func (s *Session) talkOverCall(ctx context.Context) (end func()) {
	if s.Sound == nil || s.askWhile(ctx, earsLimit, Ended, askTalk) != "yes" {
		return func() {}
	}
	s.Sound.Open(ctx)
	return s.Sound.Talk(s.call)
}

// hearsTone asks about the test tone that was just played.
func (s *Session) hearsTone(ctx context.Context) {
	switch s.ask(ctx, askTone) {
	case "yes":
		s.Tape.Note(capture.Note{Kind: capture.KindProbe, Key: capture.SoundTone, Text: "yes"})
	case "no":
		s.Tape.Note(capture.Note{Kind: capture.KindProbe, Key: capture.SoundTone, Text: "no"})
	}
}

// usable tells that a sound device was opened and is still there.
func (s *Session) usable(key string) bool {
	p, ok := s.Evidence().Probe(key)
	return ok && p.Yes()
}

// ownSoundWords says in a few words what the devices gave.
func ownSoundWords(e *evidence.Evidence) (string, bool) {
	for _, d := range []struct{ key, words string }{{capture.SoundMicrophone, "the microphone cannot be used"}, {capture.SoundSpeaker, "the speaker cannot be used"}} {
		if p, ok := e.Probe(d.key); ok && !p.Yes() {
			return d.words, false
		}
	}
	if p, ok := e.Probe(capture.SoundMicLevel); ok && !p.Yes() {
		return "the microphone gives no voice", false
	}
	if p, ok := e.Probe(capture.SoundTone); ok && !p.Yes() {
		return "the test tone was not heard", false
	}
	if _, ok := e.Probe(capture.SoundMicrophone); !ok {
		return "", true
	}
	return "both work", true
}
