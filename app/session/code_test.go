package session

import (
	"context"
	"testing"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/report"

	"github.com/stretchr/testify/require"
)

// counted is a person with fixed answers who counts what is asked.
type counted struct {
	Answers
	asked map[string]int
}

func (c counted) Ask(ctx context.Context, q wizard.Question) (wizard.Answer, error) {
	c.asked[q.ID]++
	return c.Answers.Ask(ctx, q)
}

// TestSpokenCode: three digits that the test phone says come back as keys, which proves the
// way there without anybody's word; where the way there is dead, the person is asked.
func TestSpokenCode(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		fault, spoken string
		found         string
		theyHear      string
	}{
		{"healthy", "", "yes", "yes"},
		{"no-audio-out-lost", "none", "no", "no"},
	} {
		t.Run(row.fault, func(t *testing.T) {
			takePlace(t)
			p, err := StartPractice(row.fault)
			require.NoError(t, err)
			defer p.Close()
			person := counted{Answers{"code": "yes", "spoken": row.spoken, "heard": "yes", "digits": "159", "call_me": "no"}, map[string]int{}}
			c, err := NewCheck(Request{Account: p.Account, Situation: "one-way-audio", Target: p.Target, Person: person, CallWait: p.CallWait, Passing: true})
			require.NoError(t, err)
			rep, err := c.Run(t.Context())
			require.NoError(t, err)
			spoken, ok := rep.Evidence.Probe(capture.SoundSpoken)
			require.True(t, ok, "%+v", rep.Evidence.Probes)
			require.Equal(t, row.found, spoken.Result, spoken.Detail)
			require.Equal(t, row.theyHear, rep.Evidence.Answers["they_hear"].Value)
			require.Zero(t, person.asked["they_hear"], "what is proven is not asked")
			if row.found == "yes" {
				require.Equal(t, "keys", spoken.Text("by"))
				require.Equal(t, report.Healthy, rep.Verdict, rep.Headline())
			}
		})
	}
}

// TestEverythingAsksForTheEarsOnce: no question is put twice in the check of everything.
func TestEverythingAsksForTheEarsOnce(t *testing.T) {
	takePlace(t)
	p, err := StartPractice("")
	require.NoError(t, err)
	defer p.Close()
	person := counted{Answers{"heard_ringing": "yes", "they_hear": "yes", "heard": "yes", "digits": "159", "code": "no", "call_me": "no", "speak": "no", "usual_fails": "no", "third_party": "no"}, map[string]int{}}
	c, err := NewCheck(Request{Account: p.Account, Situation: "everything", Target: p.Target, Person: person, CallWait: p.CallWait, Passing: true})
	require.NoError(t, err)
	_, err = c.Run(t.Context())
	require.NoError(t, err)
	for id, n := range person.asked {
		require.Equal(t, 1, n, "%s was asked %d times", id, n)
	}
	require.Equal(t, 1, person.asked["heard"])
	require.Equal(t, 1, person.asked["they_hear"])
}
