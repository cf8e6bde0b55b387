package report

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/evidence"
)

func hopAnswer(t *testing.T, n int, text string) *evidence.Message {
	t.Helper()
	m, err := sipmsg.Parse([]byte(text + "\r\nVia: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n\r\n"))
	require.NoError(t, err)
	return &evidence.Message{N: n, From: netip.MustParseAddrPort("198.51.100.20:5060"), Message: m}
}

// Each server is named by what it says of itself, in its order from us.
func TestServersOnTheWayAreNamed(t *testing.T) {
	ask := hopAnswer(t, 1, "OPTIONS sip:b SIP/2.0")
	x := func(answers ...*evidence.Message) evidence.Experiment {
		return evidence.Experiment{Name: "hops", Options: []*evidence.Transaction{{Method: "OPTIONS", Request: ask, Responses: answers}}}
	}
	e := &evidence.Evidence{Experiments: []evidence.Experiment{
		{Name: "size"},
		x(hopAnswer(t, 2, "SIP/2.0 483 Too Many Hops\r\nServer: edge 1.2")),
		x(hopAnswer(t, 3, "SIP/2.0 483 Too Many Hops\r\nWarning: 399 core.example.net \"far enough\"")),
		x(hopAnswer(t, 4, "SIP/2.0 200 OK")),
		x(),
	}}
	require.Equal(t, []Hop{{1, "edge 1.2", 483, 2}, {2, "core.example.net", 483, 3}, {3, "198.51.100.20:5060", 200, 4}, {4, "no answer", 0, 1}}, hops(e))
	require.Equal(t, "servers on the way: 1 edge 1.2 (483), 2 core.example.net (483), 3 198.51.100.20:5060 (200), 4 no answer", hopsText(e))
	require.Empty(t, hopsText(&evidence.Evidence{}))
}
