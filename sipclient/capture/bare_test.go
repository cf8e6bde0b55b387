package capture

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A password in an address is overwritten wherever the stream is cut.
func TestPasswordsInPieces(t *testing.T) {
	const in = "REFER sip:bob:s3cret@example.com SIP/2.0\r\nRefer-To: <sips:+4930123:99887766@[2001:db8::1]:5061?a=b:c@d>\r\nContact: <sip:pbx:5060;x=a:b@c>\r\n"
	const want = "REFER sip:bob:000000@example.com SIP/2.0\r\nRefer-To: <sips:+4930123:00000000@[2001:db8::1]:5061?a=b:c@d>\r\nContact: <sip:pbx:5060;x=a:b@c>\r\n"
	for i := range in {
		for j := i; j < len(in); j++ {
			var m masker
			got := string(m.mask(m.mask(m.mask(nil, []byte(in[:i])), []byte(in[i:j])), []byte(in[j:])))
			require.Equal(t, want, got, "cut at %d and %d", i, j)
		}
	}
}

// Keys that somebody pressed are gone in each form in which messages carry them; what is
// left is as long, and still so many keys.
func TestPressedKeys(t *testing.T) {
	for _, c := range []struct{ kind, in, want string }{
		{"application/dtmf-relay", "Signal=7\r\nDuration=160\r\n", "Signal=0\r\nDuration=160\r\n"},
		{"application/dtmf-relay", "Signal= 11\r\nDuration= 160", "Signal= 0 \r\nDuration= 160"},
		{"application/dtmf", "7", "0"},
		{"application/dtmf", "#\r\n", "0\r\n"},
		{"audio/telephone-event", "*", "0"},
		{"application/vnd.nortelnetworks.digits", "p=Digit-Collection\r\ny=Digits\r\nd=8642\r\n", "x=xxxxx-xxxxxxxxxx\r\nx=xxxxxx\r\nx=0   \r\n"},
		{"application/kpml-response+xml", `<kpml-response version="1.0" code="200" text="OK" digits="8642#"/>`, `<xxxx-xxxxxxxx xxxxxxx="1.0" code="000" text="xx" xxxxxx="00000"/>`},
	} {
		message := "INFO sip:b@c SIP/2.0\r\nContent-Type: " + c.kind + "\r\n\r\n"
		bare := bareOfKeys([]byte(message + c.in))
		require.Len(t, bare, len(message+c.in))
		require.True(t, strings.HasPrefix(string(bare), message), "%s", bare)
		r := &Redactor{tokens: newTokens(nil)}
		got := r.body(c.in, messageHead{kind: c.kind})
		require.Equal(t, c.want, got)
		require.NotContains(t, string(bare), "8642")
		require.Equal(t, hideKeys(c.in), string(bare[len(message):]))
		r.o.Own = true
		if strings.HasPrefix(c.kind, "application/dtmf") {
			require.Equal(t, c.in, r.body(c.in, messageHead{kind: c.kind}), "our own test's keys are nobody's secret")
		}
	}
	r := &Redactor{o: Redaction{Own: true}, tokens: newTokens(nil)}
	require.Equal(t, "Signal=7\r\nX=s3xxxx-xxxx", r.body("Signal=7\r\nX=s3cret-word", messageHead{kind: "application/dtmf-relay"}))
}

// What a person typed in is masked; what was chosen from a list, and a few keys, stay.
func TestRedactAnswers(t *testing.T) {
	r := &Redactor{tokens: newTokens(nil)}
	for in, want := range map[string]string{"unsure": "unsure", "half-a-minute": "half-a-minute", "159": "159", "Anna Berg": "xxxx xxxx", "+49 30 1234567": "+49 30 0000000"} {
		require.Equal(t, want, r.note(&Note{Kind: KindAnswer, Key: "said", Text: in}))
	}
}
