package session

import (
	"testing"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/practice"
	"softphonedoctor/wizard/report"
)

// TestDigestAlgorithms signs in and calls with each algorithm of RFC 8760. The
// built-in PBX computes them with code of its own.
func TestDigestAlgorithms(t *testing.T) {
	for _, algorithm := range []string{"MD5", "SHA-256", "SHA-512-256"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			f, ok := practice.FaultFor(practice.Healthy)
			require.True(t, ok)
			pbx, err := practice.Start(f.WithDigest(algorithm))
			require.NoError(t, err)
			defer pbx.Close()
			c, err := NewCheck(Request{
				Account:   Account{User: pbx.User(), Domain: pbx.Domain(), Login: pbx.Login(), Password: pbx.Password()},
				Situation: "no-ringback", Target: pbx.Target(),
			})
			require.NoError(t, err)
			rep, err := c.Run(t.Context())
			require.NoError(t, err)
			require.Equal(t, report.Healthy, rep.Verdict, "%+v", rep.Diagnosis.Findings)
			asked := 0
			for _, m := range rep.Evidence.Messages {
				for _, a := range m.Challenges() {
					require.Equal(t, algorithm, a.Algorithm)
					asked++
				}
			}
			require.GreaterOrEqual(t, asked, 2, "sign-in and call are both asked for the password")
		})
	}
}
