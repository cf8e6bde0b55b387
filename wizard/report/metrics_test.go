package report

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
)

// sample is a line of the text format with a value.
var sample = regexp.MustCompile(`^softphone_doctor_([a-z_]+)\{([a-z]+="([^"\\]|\\.)*",?)+\} -?[0-9.e+-]+$`)

func TestOpenMetrics(t *testing.T) {
	e := signedIn(t)
	e.Streams = []*evidence.Stream{
		{Direction: evidence.In, Packets: 990, Expected: 1000, Lost: 10, Jitter: 12 * time.Millisecond, RTT: 60 * time.Millisecond},
		{Direction: evidence.In, Packets: 100, Expected: 100},
	}
	var b bytes.Buffer
	require.NoError(t, New("quality", e, diagnosis.Diagnosis{Findings: []diagnosis.Finding{finding("sip-alg", diagnosis.Fault, false)}}).OpenMetrics(&b, `line "1"`))
	typed := map[string]bool{}
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "# TYPE softphone_doctor_"); ok {
			name, _, _ = strings.Cut(name, " ")
			require.False(t, typed[name], "%s twice", name)
			typed[name] = true
		}
		if !strings.HasPrefix(line, "#") {
			m := sample.FindStringSubmatch(line)
			require.NotNil(t, m, line)
			require.True(t, typed[m[1]], line)
		}
	}
	require.True(t, strings.HasSuffix(b.String(), "# EOF\n"))
	for _, want := range []string{`softphone_doctor_verdict{account="line \"1\"",verdict="problem"} 1`, `verdict="healthy"} 0`, `cause="sip-alg",where="provider",certainty="likely"} 1`,
		`softphone_doctor_lost_ratio{account="line \"1\"",direction="in"} 0.01`, `softphone_doctor_jitter_seconds{account="line \"1\"",direction="in"} 0.012`, `sign_in_seconds{account="line \"1\""} 0.04`} {
		require.Contains(t, b.String(), want)
	}
	require.NotContains(t, b.String(), `direction="out"`)
	require.NotContains(t, b.String(), "softphone_doctor_mos{")
}
