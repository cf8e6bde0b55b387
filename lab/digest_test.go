package lab

import (
	"testing"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard/report"
)

// TestSHA256 signs in and calls where the digest is SHA-256. (The second phone
// cannot do that, so the call ends with a proper "busy".)
func TestSHA256(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{SHA256: true})
	got := check(t, session.Request{Account: account(k, "jack"), Situation: "no-ringback", Target: "code-486"})
	root := got.Diagnosis.Root()
	if root == nil || root.Rule.Cause != "callee-busy" || got.Verdict != report.Outcome {
		t.Errorf("verdict %s; %s", got.Verdict, story(got.Evidence))
	}
	if codes := got.Evidence.Registrations[0].Codes(); len(codes) < 2 || codes[0] != 401 || codes[1] != 200 {
		t.Errorf("registration answered %v", codes)
	}
}
