package diagnosis

import "testing"

// TestDictionaryStandsBetween: a provider's own meaning wins over the bare code,
// and what the network itself says wins over the provider's meaning.
func TestDictionaryStandsBetween(t *testing.T) {
	d := Dictionary{Provider: "Example Tel", Meanings: []Meaning{{Method: "INVITE", Code: 480, Cause: "account-suspended-or-unpaid"}}}
	for script, want := range map[string]string{
		"0 registered\n1 dial 200\n1.2 in 480\n1.21 out ACK":                             "account-suspended-or-unpaid",
		"0 registered\n1 dial 200\n1.2 in 480\n  Reason: Q.850;cause=17\n1.21 out ACK":   "callee-busy",
		"0 registered\n1 dial 200\n1.2 in 486\n1.21 out ACK":                             "callee-busy",
		"0 registered\n1 dial 200\n1.2 in 480 User not registered\n1.21 out ACK":         "callee-not-registered",
		"0 out REGISTER\n0.1 in 480\n":                                                   "provider-unavailable",
		"0 registered\n1 dial 200\n1.2 in 480\n  Reason: SIP;cause=500\n1.21 out ACK":    "account-suspended-or-unpaid",
		"0 registered\n1 dial 200\n1.2 in 480\n  Reason: Q.850;cause=16\n1.21 out ACK":   "account-suspended-or-unpaid",
		"0 registered\n1 dial 200\n1.2 in 480\n  Warning: 305 a \"codec\"\n1.21 out ACK": "codec-mismatch",
	} {
		records, err := readScript(script)
		if err != nil {
			t.Fatal(err)
		}
		diagnosis := Of(fold(records), d)
		if f := diagnosis.Root(); f == nil || f.Rule.Cause != want {
			t.Errorf("%q: wanted %s, got %s", script, want, describe(diagnosis))
		}
	}
}

// TestMeaningsHaveTheirMoment: one code means one thing at once, another after
// ringing, a third where the number shown is not the login; and a meaning that
// stands first wins over the answer's own words.
func TestMeaningsHaveTheirMoment(t *testing.T) {
	d := Dictionary{Provider: "Example Tel", Meanings: []Meaning{
		{Method: "INVITE", Code: 403, When: OtherCaller, Cause: "caller-id-refused"},
		{Method: "INVITE", Code: 403, When: AtOnce, Cause: "account-suspended-or-unpaid"},
		{Method: "INVITE", Code: 403, When: AfterRinging, Cause: "callee-busy"},
		{Method: "INVITE", Code: 486, When: AtOnce, Cause: "callee-not-registered", First: true},
		{Method: "INVITE", Code: 480, When: "some day", Cause: "callee-busy"},
		{Method: "INVITE", Code: 404, Cause: "no-such-cause"},
	}}
	for script, want := range map[string]string{
		"0 registered\n1 dial 200\n1.2 in 403\n1.21 out ACK":                                        "account-suspended-or-unpaid",
		"0 registered\n1 dial 200\n1.2 in 180\n4 in 403\n4.01 out ACK":                              "callee-busy",
		"0 registered\n1 dial 200 from=4930123456\n1.2 in 403\n1.21 out ACK":                        "caller-id-refused",
		"0 registered\n1 dial 200\n1.2 in 486\n  Reason: Q.850;cause=17\n1.21 out ACK":              "callee-not-registered",
		"0 registered\n1 dial 200\n1.2 in 180\n4 in 486\n4.01 out ACK":                              "callee-busy",
		"0 registered\n1 dial 200\n1.2 in 480\n1.21 out ACK":                                        "callee-not-registered",
		"0 registered\n1 dial 200\n1.2 in 404\n1.21 out ACK":                                        "number-unknown",
		"0 registered\n1 dial 200\n1.2 in 403\n  Reason: SIP;cause=403;text=\"spam\"\n1.21 out ACK": "call-blocked-as-spam",
	} {
		records, err := readScript(script)
		if err != nil {
			t.Fatal(err)
		}
		diagnosis := Of(fold(records), d)
		if f := diagnosis.Root(); f == nil || f.Rule.Cause != want {
			t.Errorf("%q: wanted %s, got %s", script, want, describe(diagnosis))
		}
	}
}
