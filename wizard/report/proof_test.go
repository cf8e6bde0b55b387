package report

import (
	"strings"
	"testing"

	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/evidence"
)

// A message that is shown or copied holds nothing that is the password or proves it,
// whatever the scheme and the spelling.
func TestShownMessagesProveNothing(t *testing.T) {
	const secret = "c2VjcmV0OnMzY3JldA"
	for _, line := range []string{
		`Authorization: Digest username="2001", realm="pbx", response="` + secret + `", nc=00000001`,
		`Proxy-Authorization: digest username="2001", RESPONSE=` + secret,
		"Authorization: Basic " + secret,
		"authorization: basic " + secret + "==",
		"Proxy-Authorization: Bearer " + secret,
	} {
		m, err := sipmsg.Parse([]byte("REGISTER sip:pbx SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n" + line + "\r\n\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		shown := MessageText(&evidence.Message{Message: m})
		if strings.Contains(shown, secret) || !strings.Contains(strings.ToLower(shown), "authorization") {
			t.Errorf("%s is shown as\n%s", line, shown)
		}
	}
}
