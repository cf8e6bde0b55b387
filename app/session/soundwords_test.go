package session

import (
	"testing"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/audio"
)

// TestSoundSentences: each reason says which device, and what to do.
func TestSoundSentences(t *testing.T) {
	for _, r := range []audio.Reason{audio.Denied, audio.Missing, audio.Busy, audio.Lost, audio.Hangs, audio.Failed, "new"} {
		for _, k := range []audio.Kind{audio.Microphones, audio.Speakers} {
			text := soundSentence(&audio.Trouble{Kind: k, Reason: r}).Error()
			require.Contains(t, text, k.String())
			require.Contains(t, text, ": ")
		}
	}
	require.Equal(t, audio.ErrNone, soundSentence(&audio.Trouble{Reason: audio.Missing, Err: audio.ErrNone}))
}
