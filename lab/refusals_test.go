package lab

import (
	"slices"
	"testing"
	"time"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// refusal is a row of TestRefusals.
type refusal struct {
	name, user, password, target string
	cause                        string
	where                        diagnosis.Where
	status                       int // of the cited answer; 0: the cited message is our own request
	certainty                    diagnosis.Certainty
	verdict                      report.Verdict
}

// refusals are the answers that a real registrar can be told to give.
var refusals = []refusal{
	{"wrong password", "gina", "wrong", "", "account-credentials-wrong", diagnosis.Account, 401, diagnosis.Likely, report.Problem},
	{"401 loop", "reg-401loop", "", "", "account-credentials-wrong", diagnosis.Account, 401, diagnosis.Likely, report.Problem},
	{"REGISTER 403", "reg-403plain", "", "", "account-not-allowed", diagnosis.Provider, 403, diagnosis.Likely, report.Problem},
	// After a challenge some registrars say 403 for a wrong password: the wire cannot tell.
	{"REGISTER 403 after a challenge", "reg-403", "", "", "account-credentials-wrong", diagnosis.Account, 403, diagnosis.Possible, report.Problem},
	{"REGISTER 404", "reg-404", "", "", "account-unknown", diagnosis.Account, 404, diagnosis.Likely, report.Problem},
	{"REGISTER 423", "reg-423", "", "", "registration-interval-too-short", diagnosis.Account, 423, diagnosis.Confirmed, report.Healthy},
	{"REGISTER 503 with Retry-After", "reg-503", "", "", "provider-overloaded", diagnosis.Provider, 503, diagnosis.Likely, report.Problem},
	{"REGISTER 503", "reg-503plain", "", "", "provider-unavailable", diagnosis.Provider, 503, diagnosis.Likely, report.Problem},
	{"REGISTER 302", "reg-302", "", "", "redirected", diagnosis.Provider, 302, diagnosis.Likely, report.Problem},
	{"302", "henry", "", "code-302", "redirected", diagnosis.Provider, 302, diagnosis.Likely, report.Problem},
	{"403", "henry", "", "code-403", "no-credit-or-barred", diagnosis.Provider, 403, diagnosis.Possible, report.Problem},
	{"404", "henry", "", "code-404", "number-unknown", diagnosis.OtherSide, 404, diagnosis.Likely, report.Outcome},
	{"480", "henry", "", "code-480", "callee-not-registered", diagnosis.OtherSide, 480, diagnosis.Likely, report.Outcome},
	{"nobody registered", "henry", "", "ida", "callee-not-registered", diagnosis.OtherSide, 480, diagnosis.Likely, report.Outcome},
	{"480 after ringing", "henry", "", "ring-480", "callee-no-answer", diagnosis.OtherSide, 480, diagnosis.Likely, report.Outcome},
	{"486", "henry", "", "code-486", "callee-busy", diagnosis.OtherSide, 486, diagnosis.Confirmed, report.Outcome},
	{"488", "henry", "", "code-488", "codec-mismatch", diagnosis.Account, 488, diagnosis.Possible, report.Problem},
	{"503 with Retry-After", "henry", "", "code-503", "provider-overloaded", diagnosis.Provider, 503, diagnosis.Likely, report.Problem},
	{"503", "henry", "", "code-503plain", "provider-unavailable", diagnosis.Provider, 503, diagnosis.Likely, report.Problem},
	{"603", "henry", "", "code-603", "no-credit-or-barred", diagnosis.Provider, 603, diagnosis.Possible, report.Problem},
	{"603 after ringing", "henry", "", "ring-603", "callee-declined", diagnosis.OtherSide, 603, diagnosis.Likely, report.Outcome},
	{"407 loop", "henry", "", "loop407", "account-credentials-wrong", diagnosis.Account, 407, diagnosis.Likely, report.Problem},
	{"silence", "henry", "", "silent", "invite-unanswered", diagnosis.Provider, 0, diagnosis.Likely, report.Problem},
}

// made says how Kamailio is told to refuse.
func (r refusal) made() string {
	if r.target == "" {
		return "Kamailio: REGISTER of " + r.user
	}
	return "Kamailio: INVITE to " + r.target
}

// TestRefusals gives the whole program every refusal that a real registrar can
// be told to make, and asks for the right cause, place and proof in time.
func TestRefusals(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{})
	short := []string{"wrong password", "486", "silence"} // one of each family
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			if !slices.Contains(short, tt.name) {
				wholeLab(t)
			}
			t.Parallel()
			r := session.Request{Account: account(k, tt.user), Situation: "registration", Target: tt.target}
			if tt.password != "" {
				r.Account.Password = tt.password
			}
			if tt.target != "" {
				r.Situation = "no-ringback"
			}
			got := check(t, r)
			root := got.Diagnosis.Root()
			if root == nil {
				t.Fatalf("no finding, verdict %s, %s", got.Verdict, story(got.Evidence))
			}
			if root.Rule.Cause != tt.cause || root.Place() != tt.where || got.Verdict != tt.verdict {
				t.Errorf("found %s at %s, verdict %s; want %s at %s, %s; %s", root.Rule.Cause, root.Place(), got.Verdict, tt.cause, tt.where, tt.verdict, story(got.Evidence))
			}
			if root.Certainty < tt.certainty {
				t.Errorf("only %s, want %s", root.Certainty, tt.certainty)
			}
			if got.verdict > verdictLimit {
				t.Errorf("the verdict took %v", got.verdict)
			}
			requireCited(t, got.Evidence, root, tt.status)
			t.Logf("%s after %v, the run took %v", root.Certainty, got.verdict.Round(10*time.Millisecond), got.took.Round(10*time.Millisecond))
		})
	}
}

// requireCited wants one of a finding's cites to be an answer with a status, or
// (status 0) a request of our own.
func requireCited(t *testing.T, e *evidence.Evidence, f *diagnosis.Finding, status int) {
	t.Helper()
	if len(f.Cites) == 0 {
		t.Error("the finding cites nothing")
		return
	}
	for _, cite := range f.Cites {
		for _, m := range e.Messages {
			same := m.N == cite.N
			for _, c := range m.Copies {
				same = same || c.N == cite.N
			}
			if same && (m.Status == status && !m.Out || status == 0 && m.Out && m.Method == "INVITE") {
				return
			}
		}
	}
	t.Errorf("no cite of %+v is the message with status %d; %s", f.Cites, status, story(e))
}
