package diagnosis

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"softphonedoctor/wizard/evidence"
)

// Away from the phone, what was not seen there is neither found nor ruled out, and
// what was seen to be lost is still found.
func TestVantageLimitsWhatIsKnown(t *testing.T) {
	always := func(*evidence.Evidence, Dictionary) bool { return true }
	rules := []Rule{
		{Cause: "no-audio-out-not-sent", Kind: Fault, Check: func(*evidence.Evidence, Dictionary) []Hit { return []Hit{{Certainty: Confirmed}} }},
		{Cause: "loss-in", Kind: Fault, Check: func(*evidence.Evidence, Dictionary) []Hit { return []Hit{{Certainty: Confirmed}} }},
		{Cause: "jitter-high", Kind: Fault, Check: func(*evidence.Evidence, Dictionary) []Hit { return nil }, RuledOut: always},
		{Cause: "number-unknown", Kind: Outcome, Check: func(*evidence.Evidence, Dictionary) []Hit { return nil }, RuledOut: always},
	}
	for place, want := range map[evidence.Place]struct{ found, clear, unchecked, unseen []string }{
		evidence.PlaceUnknown: {[]string{"no-audio-out-not-sent", "loss-in"}, []string{"jitter-high", "number-unknown"}, nil, nil},
		evidence.AtPhone:      {[]string{"no-audio-out-not-sent", "loss-in"}, []string{"jitter-high", "number-unknown"}, nil, nil},
		evidence.AtServer:     {[]string{"loss-in"}, []string{"number-unknown"}, []string{"jitter-high", "no-audio-out-not-sent"}, []string{"no-audio-out-not-sent"}},
		evidence.Between:      {[]string{"loss-in"}, []string{"number-unknown"}, []string{"jitter-high", "no-audio-out-not-sent"}, []string{"no-audio-out-not-sent"}},
	} {
		d := judge(rules, nil, &evidence.Evidence{Vantage: evidence.Vantage{Place: place}}, Dictionary{})
		causes := func(list []Finding) (names []string) {
			for _, f := range list {
				names = append(names, f.Rule.Cause)
			}
			return names
		}
		require.Equal(t, want.found, causes(d.Findings), place)
		require.Equal(t, want.clear, d.Clear, place)
		require.Equal(t, want.unchecked, d.Unchecked, place)
		require.Equal(t, want.unseen, causes(d.Unseen), place)
	}
}

// The causes named there exist.
func TestVantageNamesCauses(t *testing.T) {
	for _, cause := range append(slices.Clone(atPhoneOnly), sentByPhone...) {
		require.True(t, slices.ContainsFunc(Rules(), func(r Rule) bool { return r.Cause == cause }), cause)
	}
}
