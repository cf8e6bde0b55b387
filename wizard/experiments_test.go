package wizard

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

type evidenceExperiment = evidence.Experiment

func experimentsOf(e *evidence.Evidence, name string) (changes []string) {
	for _, x := range e.Experiments {
		if x.Name == name {
			changes = append(changes, x.Change)
		}
	}
	return changes
}

// A silent server is tried over the other transports until one answers.
func TestSilenceIsTriedOverOtherTransports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newFake([]int{0, 0}, nil)
		p.silent = true
		var tried []string
		s.Again = func(c Change) (Phone, error) {
			tried = append(tried, c.Transport)
			return &fakePhone{tape: p.tape, name: c.Transport, net: map[string]capture.Net{"tcp": capture.TCP, "tls": capture.TLS}[c.Transport], silent: c.Transport == "tcp"}, nil
		}
		rep := run(t, "registration", s)
		require.Equal(t, []string{"tcp", "tls"}, tried)
		require.Equal(t, []string{"transport tcp", "transport tls"}, experimentsOf(rep.Evidence, againTransport))
		require.Equal(t, "transport-blocked", root(rep))
	})
}

// A call that stays unanswered beside an OPTIONS that does not is tried by size,
// and no further than the first size that is lost.
func TestAnUnansweredCallIsTriedBySize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newFake(nil, []int{0})
		p.sizeLimit = 1000
		rep := run(t, "no-ringback", s)
		require.Equal(t, []string{"padded to 600 bytes", "padded to 1250 bytes"}, experimentsOf(rep.Evidence, againSize))
	})
}

// A call that gets stuck behind "trying" is followed server by server.
func TestAStuckCallIsFollowedServerByServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newFake(nil, []int{100})
		p.servers = 3
		rep := run(t, "no-ringback", s)
		require.Len(t, experimentsOf(rep.Evidence, againHops), 3)
		last := rep.Evidence.Options[len(rep.Evidence.Options)-1]
		require.Equal(t, 200, last.Final().Status)
		require.Equal(t, "provider-silent-after-trying", root(rep))
	})
}

// A refusal is a final word: no experiment follows.
func TestARefusalNeedsNoExperiment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := newFake(nil, []int{100, 404})
		s.Again = func(Change) (Phone, error) { t.Error("another phone was opened"); return nil, nil }
		rep := run(t, "no-ringback", s)
		require.Empty(t, rep.Evidence.Experiments)
	})
}

// A call refused over its sound is tried again with one thing changed at a time, and
// no further than the first change that helps.
func TestARefusalOverSoundIsTriedWithOneChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newFake(nil, []int{100, 488})
		var tried []string
		s.Again = func(c Change) (Phone, error) {
			tried = append(tried, c.String())
			codes := []int{100, 488}
			if len(c.Codecs) > 0 {
				codes = []int{100, 180, 200}
			}
			return &fakePhone{tape: p.tape, name: c.String()[:2], invite: codes}, nil
		}
		rep := run(t, "no-ringback", s)
		require.Equal(t, []string{"encryption srtp", "codecs PCMA PCMU G722"}, tried)
		require.Len(t, rep.Evidence.Experiments[1].Calls, 1)
		require.NotNil(t, rep.Evidence.Experiments[1].Calls[0].Answer)
	})
}

// The same call after one change stands beside the first one, in its own experiment.
func TestTheSameCallAgainStandsBesideTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newFake(nil, []int{100, 180, 200})
		again := &fakePhone{tape: p.tape, name: "again", net: capture.TCP, invite: []int{100, 200}}
		s.Again = func(Change) (Phone, error) { return again, nil }
		_, err := p.Dial(t.Context(), s.Target)
		require.NoError(t, err)
		require.NoError(t, s.callAgain(t.Context(), Change{Transport: "tcp"}))
		e := s.Evidence()
		require.Len(t, e.Calls, 2)
		require.Len(t, e.Experiments, 1)
		require.Len(t, e.Experiments[0].Calls, 1)
		require.Equal(t, "againcall", e.Experiments[0].Calls[0].ID)
		require.Len(t, e.Experiments[0].Registrations, 1)
		require.True(t, again.calls[0].hung)
		require.True(t, again.closed)
	})
}

func TestAChangeSaysWhatItIs(t *testing.T) {
	for text, c := range map[string]Change{
		"transport tls": {Transport: "tls"}, "codecs PCMU G722": {Codecs: []string{"PCMU", "G722"}},
		"encryption srtp": {Encryption: "srtp"}, "keep-alive 15s": {KeepAlive: 15 * time.Second}, "nothing": {},
	} {
		require.Equal(t, text, c.String())
	}
}

// Each scenario has what a page needs, and every question can be answered with
// "I don't know" or a refusal.
func TestScenariosAreWhole(t *testing.T) {
	want := []string{"no-ringback", "no-incoming", "one-way-audio", "cannot-answer", "quality", "call-drops", "registration", "dtmf", "everything"}
	var ids []string
	for _, sc := range Scenarios() {
		ids = append(ids, sc.ID)
		require.NotEmpty(t, sc.Complaint)
		for _, st := range sc.Steps {
			require.NotEmpty(t, st.Title)
			require.NotNil(t, st.Do)
		}
	}
	slices.Sort(ids)
	slices.Sort(want)
	require.Equal(t, want, ids)
}
