package session

import (
	"errors"
	"runtime"

	"softphonedoctor/sipclient/audio"
)

// soundSentence says in plain words why a device cannot be used and what to do.
func soundSentence(err error) error {
	var t *audio.Trouble
	if errors.Is(err, audio.ErrNone) || !errors.As(err, &t) {
		return audio.ErrNone
	}
	both, known := soundSentences[t.Reason]
	switch {
	case t.Reason == audio.Denied:
		both = deniedSentences(runtime.GOOS)
	case !known:
		both = soundSentences[audio.Failed]
	}
	if t.Kind == audio.Speakers {
		return errors.New(both.speaker)
	}
	return errors.New(both.microphone)
}

// ofDevices are the sentences about a microphone and about a speaker: whole ones, because
// other languages cannot put them together out of words.
type ofDevices struct{ microphone, speaker string }

var soundSentences = map[audio.Reason]ofDevices{
	audio.Missing: {"there is no microphone: plug one in", "there is no speaker: plug one in"},
	audio.Busy: {"another program holds the microphone: close it, or choose another microphone",
		"another program holds the speaker: close it, or choose another speaker"},
	audio.Lost: {"the microphone is gone: check its plug, cable and battery", "the speaker is gone: check its plug, cable and battery"},
	audio.Hangs: {"the microphone gives no sign of life: plug it out and in again, or restart the computer",
		"the speaker gives no sign of life: plug it out and in again, or restart the computer"},
	audio.Failed: {"the microphone cannot be opened: plug it out and in again, or choose another one",
		"the speaker cannot be opened: plug it out and in again, or choose another one"},
}

// deniedSentences tell where a system lets programs use microphones.
func deniedSentences(system string) ofDevices {
	switch system {
	case "darwin":
		return ofDevices{"this computer does not allow the program to use the microphone: open System Settings, Privacy & Security, Microphone, switch Softphone Doctor on, and start it again",
			"this computer does not allow the program to use the speaker: start it again, or restart the computer"}
	case "windows":
		return ofDevices{"this computer does not allow the program to use the microphone: open Settings, Privacy & security, Microphone, and switch on “Microphone access” and “Let desktop apps access your microphone”",
			"this computer does not allow the program to use the speaker: start it again, or restart the computer"}
	}
	return ofDevices{"this computer does not allow the program to use the microphone: let this user into the group that may use sound (often “audio”), or start the program from your own desktop session",
		"this computer does not allow the program to use the speaker: let this user into the group that may use sound (often “audio”), or start the program from your own desktop session"}
}
