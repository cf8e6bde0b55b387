package capture

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What the fold sees live and what it reads from the file must be the same to
// the nanosecond, so no time on the tape keeps a monotonic reading.
func TestTimesAreTheSameLiveAndInTheFile(t *testing.T) {
	tape := &Tape{}
	first := time.Now()
	tape.Note(Note{Kind: KindStep, Key: "1", Time: first})
	time.Sleep(3 * time.Millisecond)
	second := time.Now()
	tape.Note(Note{Kind: KindStep, Key: "2", Time: second})
	var file bytes.Buffer
	_, err := tape.WriteTo(&file)
	require.NoError(t, err)
	var read []time.Time
	for r, err := range Read(&file) {
		require.NoError(t, err)
		read = append(read, r.Time())
	}
	live := tape.From(0)
	require.Len(t, read, 2)
	for i, at := range read {
		require.True(t, at.Equal(live[i].Time()), "%s is %s in the file", live[i].Time(), at)
	}
	require.Equal(t, second.Sub(first), read[1].Sub(read[0]), "the distance of the monotonic clock is kept")
	require.NotContains(t, live[1].Time().String(), "m=", "a monotonic reading is left")
}
