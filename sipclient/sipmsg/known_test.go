package sipmsg

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What Parse kept is what reading the lines again gives, and holds no longer than the
// lines do.
func TestKnown(t *testing.T) {
	text := "INVITE sip:b@example.com SIP/2.0\r\n" +
		"Via: SIP/2.0/UDP one.example.com;branch=z9hG4bKa, SIP/2.0/TCP two.example.com;branch=z9hG4bKb\r\n" +
		"Via: SIP/2.0/UDP three.example.com;branch=z9hG4bKc\r\n" +
		"From: \"A\" <sip:a@example.com>;tag=1\r\nTo: <sip:b@example.com>\r\n" +
		"Contact: <sip:a@192.0.2.1>;expires=60, <sip:a@192.0.2.2>\r\nContact: <sip:a@192.0.2.3>\r\n" +
		"Record-Route: <sip:p1;lr>,, <sip:p2;lr>\r\n" +
		"Call-ID: x\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n\r\n"
	m, err := Parse([]byte(text))
	require.NoError(t, err)
	bare := *m
	bare.known = known{}
	require.NotEqual(t, known{}, m.known)
	require.Equal(t, bare.Vias(), m.Vias())
	require.Len(t, m.Vias(), 3)
	require.Equal(t, "z9hG4bKa", m.Branch())
	require.Equal(t, bare.Contacts(), m.Contacts())
	require.Len(t, m.Contacts(), 3)
	require.Equal(t, bare.RecordRoutes(), m.RecordRoutes())
	require.Len(t, m.RecordRoutes(), 2)
	require.Equal(t, bare.FromAddr(), m.FromAddr())
	require.Equal(t, bare.ToAddr(), m.ToAddr())

	m.Set("To", "<sip:c@example.com>;tag=2")
	m.Set("Via", "SIP/2.0/UDP four.example.com;branch=z9hG4bKd")
	m.Set("Contact", "<sip:a@192.0.2.9>")
	require.Equal(t, "2", m.ToTag())
	require.Equal(t, "z9hG4bKd", m.Branch())
	require.Equal(t, "four.example.com", m.Vias()[0].Host)
	require.Len(t, m.Contacts(), 1)
	require.Equal(t, "192.0.2.9", m.Contacts()[0].URI.Host)
}

// A flood of values is read, but not kept.
func TestKnownIsBounded(t *testing.T) {
	flood := strings.Repeat("SIP/2.0/UDP h,", 1000)
	m, err := Parse([]byte("OPTIONS sip:b@example.com SIP/2.0\r\nVia: " + flood + "\r\n" +
		strings.Repeat("Contact: <sip:a@example.com>\r\n", 1000) + "Via: ,\r\n\r\n"))
	require.NoError(t, err)
	require.Empty(t, m.known.vias)
	require.Len(t, m.known.lists, maxKnown)
	require.Len(t, m.Vias(), 1000)
	require.Len(t, m.Contacts(), 1000)
	require.Empty(t, m.Branch())
}
