package lab

import (
	"testing"
	"time"

	"softphonedoctor/app/session"
)

// TestIncoming: calls to a phone behind a router, which lets in what it remembers.
func TestIncoming(t *testing.T) {
	t.Parallel()
	ringing := session.Answers{"caller_hears": "silence", "internal_rings": "unsure"}
	runRows(t, []netRow{
		{name: "NAT help", situation: "no-incoming", calls: time.Second, answers: ringing, cause: "call-reached-this-phone", where: "other-softphone", direction: "none"},
		{name: "no NAT help", situation: "no-incoming", help: noProvider, calls: time.Second, answers: ringing, cause: "contact-unroutable", where: "account", direction: "in"},
	})
}
