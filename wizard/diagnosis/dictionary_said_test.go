package diagnosis

import (
	"slices"
	"strings"
	"testing"
)

func ofScript(t *testing.T, script string, d Dictionary) Diagnosis {
	t.Helper()
	records, err := readScript(script)
	if err != nil {
		t.Fatal(err)
	}
	return Of(fold(records), d)
}

// TestMeaningCausesAreThoseThatAnswersDecide asks each rule: mapped to its cause by a
// dictionary, an answer to a sign-in or a call makes it fire just where the list says
// so. A meaning for any other cause would make the answer disappear.
func TestMeaningCausesAreThoseThatAnswersDecide(t *testing.T) {
	for method, script := range map[string]string{
		"REGISTER": "0 out REGISTER\n0.01 in 401\n0.02 out REGISTER auth\n0.03 in 480\n3 note step 1 over\n",
		"INVITE":   "0 registered\n1 dial 200\n1.2 in 480\n1.21 out ACK\n4 note step 1 over\n",
	} {
		may := MeaningCauses(method)
		for _, r := range Rules() {
			d := Dictionary{Meanings: []Meaning{{Code: 480, Cause: r.Cause, First: true}}}
			fires := finding(ofScript(t, script, d), r.Cause) != nil
			if fires != slices.Contains(may, r.Cause) && !(fires && finding(ofScript(t, script, Dictionary{}), r.Cause) != nil) {
				t.Errorf("%s: the list says %t of %s, and the rule %t", method, !fires, r.Cause, fires)
			}
		}
	}
	for _, c := range MidCallCauses() {
		if !slices.Contains(MeaningCauses("INVITE"), c) {
			t.Errorf("%s ends calls that are up, and no call", c)
		}
	}
}

// TestWhatTheProviderSaysIsCited: the finding tells whose word it is, with the source,
// and adds what the documentation asks for to the faults that it matters for.
func TestWhatTheProviderSaysIsCited(t *testing.T) {
	src, list := Source{"https://example.com/codes", "2026-11-21"}, Source{"https://example.com/list", "2026-11-20"}
	d := Dictionary{Provider: "Example Tel",
		Meanings: []Meaning{{Method: "INVITE", Code: 480, Cause: "account-suspended-or-unpaid", Says: "that the contract has ended", Source: src}},
		Advice: []Advice{
			{Remedy{ForUser, "Look at the contract page of Example Tel."}, []string{"account-suspended-or-unpaid"}, list},
			{Remedy{ForAdmin, "Offer PCMA first."}, []string{"codec-mismatch"}, list},
		}}
	got := ofScript(t, "0 registered\n1 dial 200\n1.2 in 480\n1.21 out ACK", d)
	f := got.Root()
	if f == nil || f.Rule.Cause != "account-suspended-or-unpaid" {
		t.Fatal(describe(got))
	}
	if !strings.Contains(f.Why, "Example Tel's own documentation says") || !strings.Contains(f.Why, "that the contract has ended (answer 480)") {
		t.Error(f.Why)
	}
	if f.Said == nil || f.Said.Provider != "Example Tel" || !slices.Equal(f.Sources, []Source{src, list}) || got.Provider != "Example Tel" {
		t.Errorf("%+v %+v", f.Said, f.Sources)
	}
	if last := f.Fix[len(f.Fix)-1]; last.Text != "Look at the contract page of Example Tel." {
		t.Error(f.Fix)
	}
	// Near miss: what is no fault, or has another cause, gets none of it.
	for script, cause := range map[string]string{
		"0 registered\n1 dial 200\n1.2 in 486\n1.21 out ACK": "callee-busy",
		"0 registered\n1 dial 200\n1.2 in 500\n1.21 out ACK": "provider-fault",
	} {
		got := ofScript(t, script, d)
		f := got.Root()
		if f == nil || f.Rule.Cause != cause || f.Said != nil || len(f.Sources) != 0 || len(f.Fix) != len(f.Rule.Fix) {
			t.Errorf("%s: %+v", cause, f)
		}
	}
}

// TestMidCall: what a provider says when it hangs up counts for calls that were up,
// and only where the other side hung up with those words.
func TestMidCall(t *testing.T) {
	d := Dictionary{Provider: "Example Tel", Meanings: []Meaning{
		{Method: "INVITE", Text: "low credits", When: MidCall, Cause: "no-credit-or-barred", Says: "that the money ran out"},
		{Method: "INVITE", Code: 402, When: MidCall, Cause: "account-suspended-or-unpaid"},
	}}
	const up = "live\n0 registered\n1 dial 200\n1.3 in 180\n3 answered\n3.1 rtp in for=20s\n3.1 rtp out for=20s\n"
	for script, want := range map[string]string{
		up + "23.2 in BYE\n  Reason: SIP;cause=200;text=\"Low Credits Left\"\n23.21 out 200\n": "no-credit-or-barred",
		up + "23.2 in BYE\n  Reason: SIP;cause=402\n23.21 out 200\n":                           "account-suspended-or-unpaid",
		up + "23.2 in BYE\n23.21 out 200\n":                                                    "",
		up + "23.2 out BYE\n  Reason: SIP;cause=402\n23.21 in 200\n":                           "",
		"0 registered\n1 dial 200\n1.2 in 480 Low credits\n1.21 out ACK\n":                     "account-suspended-or-unpaid", // its own words
	} {
		got := ofScript(t, script, d)
		f := got.Root()
		if want == "" && f != nil && f.Kind() == Fault || want != "" && (f == nil || f.Rule.Cause != want) {
			t.Errorf("%q: wanted %q, got %s", script, want, describe(got))
		}
		if want == "no-credit-or-barred" && (!strings.Contains(f.Why, "the money ran out.") || strings.Contains(f.Why, "answer")) {
			t.Error(f.Why)
		}
	}
}
