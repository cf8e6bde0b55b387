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
	what := t.Kind.String()
	if t.Kind == 0 {
		what = "sound"
	}
	switch t.Reason {
	case audio.Denied:
		return errors.New("this computer does not allow the program to use the " + what + ": " + permission(runtime.GOOS))
	case audio.Missing:
		return errors.New("there is no " + what + ": plug one in")
	case audio.Busy:
		return errors.New("another program holds the " + what + ": close it, or choose another " + what)
	case audio.Lost:
		return errors.New("the " + what + " is gone: check its plug, cable and battery")
	case audio.Hangs:
		return errors.New("the " + what + " gives no sign of life: plug it out and in again, or restart the computer")
	}
	return errors.New("the " + what + " cannot be opened: plug it out and in again, or choose another one")
}

// permission tells where a system lets programs use microphones.
func permission(system string) string {
	switch system {
	case "darwin":
		return "open System Settings, Privacy & Security, Microphone, switch Softphone Doctor on, and start it again"
	case "windows":
		return "open Settings, Privacy & security, Microphone, and switch on “Microphone access” and “Let desktop apps access your microphone”"
	}
	return "let this user into the group that may use sound (often “audio”), or start the program from your own desktop session"
}
