package lab

import (
	"testing"
	"time"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/report"
)

// TestSecondPhone calls a real phone that cannot or will not take the call.
func TestSecondPhone(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{})
	for _, tt := range []struct {
		name   string
		phone  PhoneOptions
		before func(*testing.T, *Phone)
		cause  string
		where  diagnosis.Where
		status int // of the cited answer
	}{
		{"signed out", PhoneOptions{}, func(t *testing.T, p *Phone) {
			p.Stop(t) // it removes its registration on the way out
		}, "callee-not-registered", diagnosis.OtherSide, 480},
		{"busy", PhoneOptions{MaxCalls: 1}, func(t *testing.T, p *Phone) {
			other := Baresip(t, k, "other", ByHand, PhoneOptions{})
			other.Dial(t, p.URI)
			p.Await(t, "CALL_INCOMING", 5*time.Second)
			p.Answer(t)
			other.Await(t, "CALL_ESTABLISHED", 5*time.Second)
		}, "callee-busy", diagnosis.OtherSide, 486},
		{"rings and nobody answers", PhoneOptions{}, func(*testing.T, *Phone) {}, "caller-cancelled", diagnosis.Nowhere, 487},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name != "busy" {
				wholeLab(t)
			}
			t.Parallel()
			user := "second-" + tt.name[:4]
			p := Baresip(t, k, user, ByHand, tt.phone)
			tt.before(t, p)
			got := check(t, session.Request{
				Account: account(k, "first-"+tt.name[:4]), Situation: "no-ringback", Target: user,
				Person: session.Answers{"heard_ringing": "yes"},
			})
			root := got.Diagnosis.Root()
			if root == nil {
				t.Fatalf("no finding, verdict %s, %s", got.Verdict, story(got.Evidence))
			}
			if root.Rule.Cause != tt.cause || root.Place() != tt.where || got.Verdict != report.Outcome {
				t.Errorf("found %s at %s, verdict %s; %s", root.Rule.Cause, root.Place(), got.Verdict, story(got.Evidence))
			}
			requireCited(t, got.Evidence, root, tt.status)
			c := got.Evidence.Calls[0]
			if rings := tt.status == 487; rings != (c.Ringing != nil) || rings != (c.Cancel != nil && c.Cancel.Out) {
				t.Errorf("ringing %v, cancelled %v; %s", c.Ringing != nil, c.Cancel != nil, story(got.Evidence))
			}
		})
	}
}
