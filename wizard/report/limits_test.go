package report

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"softphonedoctor/wizard/diagnosis"
)

// A call that failed only for a lack of the test phone is nobody's fault, and the
// check is not finished: text, brief and JSON say so in the same words.
func TestOwnLimitIsNoFault(t *testing.T) {
	limits := []diagnosis.Limit{
		{What: "Opus", CallID: "a", Cites: []diagnosis.Cite{{N: 7, Label: "the refusal"}}},
		{What: "Opus", CallID: "b", Cites: []diagnosis.Cite{{N: 9, Label: "the refusal"}}},
	}
	r := New("no-incoming", signedIn(t), diagnosis.Diagnosis{Limits: limits})
	require.Equal(t, Inconclusive, r.Verdict, "the sign-in worked, the call was not tested")
	require.Equal(t, 3, r.ExitStatus())
	require.Nil(t, r.Root())
	require.Equal(t, []string{"This test phone cannot do Opus."}, r.OwnLimits())

	var text, brief strings.Builder
	require.NoError(t, r.Text(&text, 200))
	require.NoError(t, r.Brief(&brief, 200))
	for _, s := range []string{text.String(), brief.String()} {
		require.Contains(t, s, "This test phone cannot do Opus. The call could not be tested; that is nobody else's fault.")
		require.Contains(t, s, "the refusal (#7)")
	}
	raw, err := json.Marshal(r.Document())
	require.NoError(t, err)
	require.Contains(t, string(raw), `"own_limits":[{"what":"Opus","call":"a","text":"This test phone cannot do Opus.","cites":[{"n":7,"label":"the refusal"}]}`)
	require.Contains(t, string(raw), `"verdict":"inconclusive"`)
}

// A fault that was found beside it stays the verdict.
func TestOwnLimitBesideAFault(t *testing.T) {
	d := diagnosis.Diagnosis{Limits: []diagnosis.Limit{{What: "Opus"}}, Findings: []diagnosis.Finding{finding("no-audio-in", diagnosis.Fault, false)}}
	r := New("everything", signedIn(t), d)
	require.Equal(t, Problem, r.Verdict)
	require.Empty(t, r.OwnLimits())
	require.NotContains(t, r.Headline(), "test phone")
}
