package session

import (
	"testing"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/report"
)

// TestLineInFullUseIsOffered: who complains of late sound and hears nothing wrong here can
// have the line measured at rest and in full use; the way to the built-in PBX stays quick.
func TestLineInFullUseIsOffered(t *testing.T) {
	takePlace(t)
	p, err := StartPractice("healthy")
	require.NoError(t, err)
	defer p.Close()
	c, err := NewCheck(Request{Account: p.Account, Situation: "quality", Target: p.Target, Person: Answers{
		"symptom": "delay", "they_hear": "yes", "heard": "yes", "full_use": "yes", "line_in_use": "yes", "usual_fails": "no"}})
	require.NoError(t, err)
	rep, err := c.Run(t.Context())
	require.NoError(t, err)
	load, _ := rep.Evidence.Probe(capture.ProbeLoadDelay)
	require.Equal(t, "no", load.Result, load.Detail)
	require.Equal(t, report.Healthy, rep.Verdict, rep.Headline())
	var order []string
	for _, r := range c.tape.From(0) {
		if n := r.Note; n != nil && (n.Key == "full_use" || n.Key == "line_in_use" || n.Key == capture.ProbeLoadDelay) {
			order = append(order, n.Key)
		}
	}
	require.Equal(t, []string{"full_use", "line_in_use", capture.ProbeLoadDelay}, order)
}
