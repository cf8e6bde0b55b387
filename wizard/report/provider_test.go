package report_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture/generate"
	"softphonedoctor/wizard"
)

// TestForProvider holds what an operator asks for: when it was in UTC, the Call-ID,
// addresses and ports, every code with its time, and the counts of the sound.
func TestForProvider(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	_, err := generate.Capture(&file, generate.Scaled(20_000))
	require.NoError(t, err)
	rep, err := wizard.Examine(&file, wizard.Subject{CallID: "1"})
	require.NoError(t, err)
	require.Len(t, rep.Evidence.Calls, 1)
	c := rep.Evidence.Calls[0]
	require.NotEmpty(t, c.Streams)
	text := rep.ForProvider()
	const moment = `\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC`
	const end = `\d+\.\d+\.\d+\.\d+:\d+`
	require.Contains(t, text, "Call-ID "+c.ID)
	for what, pattern := range map[string]string{
		"the moment":      `^Call (in|out) from \S+ to \S+ at ` + moment,
		"the ends":        `INVITE from ` + end + ` to ` + end + ` over UDP`,
		"the codes":       `INVITE \(CSeq \d+\), sent (once|\d+ times).*: .*\b200 OK after \d`,
		"the end":         `(BYE from (us|the other side)|CANCEL) at ` + moment,
		"the sound":       `RTP (in|out) from ` + end + ` to ` + end + ` \(SSRC 0x[0-9a-f]{8}, \S+\): \d+ packets, \d+ of \d+ lost, jitter \d+\.\d ms`,
		"both directions": `RTP in from .*RTP out from |RTP out from .*RTP in from `,
	} {
		require.Regexp(t, pattern, text, what)
	}
}
