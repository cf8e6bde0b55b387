package session

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"softphonedoctor/assets"
	"softphonedoctor/sipclient/audio"
)

// TestSoundSentencesAreTranslated: what a person reads who has trouble with a device stands
// in every catalogue, as the window writes it.
func TestSoundSentencesAreTranslated(t *testing.T) {
	sentences := []string{audio.ErrNone.Error()}
	for _, both := range soundSentences {
		sentences = append(sentences, both.microphone, both.speaker)
	}
	for _, system := range []string{"linux", "darwin", "windows"} {
		both := deniedSentences(system)
		sentences = append(sentences, both.microphone, both.speaker)
	}
	files, err := fs.Glob(assets.Translations, "translations/*.json")
	require.NoError(t, err)
	require.Len(t, files, 4)
	for _, name := range files {
		data, err := fs.ReadFile(assets.Translations, name)
		require.NoError(t, err)
		catalogue := map[string]string{}
		require.NoError(t, json.Unmarshal(data, &catalogue))
		for _, s := range sentences {
			s = strings.ToUpper(s[:1]) + s[1:] + "."
			require.NotEmpty(t, catalogue[s], "%s: %s", name, s)
		}
	}
}

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
