package diagnosis

import (
	"path/filepath"
	"slices"
	"testing"

	"softphonedoctor/wizard/evidence"
)

// comesLater are causes that begin in the middle of something that was fine until
// then: that they were rightly ruled out before is no contradiction.
var comesLater = map[string]string{
	"loss-in": "packets may get lost from some moment on", "loss-bursty": "the gap comes when it comes",
	"call-on-hold": "nobody is on hold from the beginning", "audio-stops-midcall": "the sound was fine before",
	"audio-stops-after-reinvite": "the call had not been moved yet", "no-audio-out-lost": "the reports counted on at first",
	"registration-lost-later":           "the renewals before were good",
	"computer-sleeps":                   "a computer falls asleep in the end",
	"nat-binding-changes":               "the address held until then",
	"registration-unanswered-or-banned": "a server may fall silent after it had answered",
}

// TestNothingIsClearTooEarly cuts every case short after every record: what the
// whole case finds must never have been called ruled out before.
func TestNothingIsClearTooEarly(t *testing.T) {
	for _, dir := range caseFolders(t) {
		records := caseRecords(t, dir)
		whole := Of(fold(records), Dictionary{})
		var b evidence.Builder
		told := map[string]bool{}
		for i, r := range records {
			b.Add(r)
			if p := r.Packet; p != nil && p.Data[0] >= 0x80 && i%max(50, len(records)/20) != 0 {
				continue // among hundreds of sound packets nothing changes from one to the next
			}
			e := b.Evidence()
			clear := Of(e, Dictionary{}).Clear
			for _, f := range whole.Findings {
				c := f.Rule.Cause
				if f.CallID != "" && !slices.ContainsFunc(e.Calls, func(c *evidence.Call) bool { return c.ID == f.CallID }) {
					continue // the call that it is about has not begun yet
				}
				if slices.Contains(clear, c) && comesLater[c] == "" && !told[c] {
					told[c] = true
					t.Errorf("%s: %s was ruled out after record %d, and is found in the end", filepath.Base(dir), c, i+1)
				}
			}
		}
	}
}

// TestOnlyWhatWasDecidedIsClear names for short captures what may be called ruled
// out, and what must not.
func TestOnlyWhatWasDecidedIsClear(t *testing.T) {
	account := []string{"account-credentials-wrong", "account-unknown", "account-domain-wrong", "account-not-allowed", "account-suspended-or-unpaid",
		"registration-too-many-devices", "registration-interval-too-short", "registration-not-stored", "registration-lost-later", "digest-unsupported"}
	provider := []string{"provider-overloaded", "provider-fault", "provider-unavailable", "request-malformed", "redirected"}
	call := []string{"callee-busy", "callee-no-answer", "number-unknown", "no-credit-or-barred", "codec-mismatch", "encryption-mismatch",
		"caller-cancelled", "invite-unanswered", "no-progress-signalled"}
	sound := []string{"no-audio-in", "loss-in", "jitter-high", "audio-in-silent", "audio-stops-midcall", "no-audio-out-not-sent", "call-on-hold"}
	join := func(lists ...[]string) []string { return slices.Concat(lists...) }
	for name, c := range map[string]struct {
		script       string
		clear, leave []string
	}{
		"nothing but a first demand for the password": {
			"0 out REGISTER\n0.02 in 401\n",
			[]string{"server-unreachable", "server-port-closed", "transport-blocked"},
			join(account, provider, []string{"registration-unanswered-or-banned", "sip-alg", "clock-wrong"}),
		},
		"a sign-in without any answer yet": {
			"0 out REGISTER at=0.5\n1 note step 1 waiting\n", nil,
			join(account, provider, []string{"server-unreachable", "server-port-closed", "transport-blocked", "firewall-on-this-computer", "registration-unanswered-or-banned"}),
		},
		"a sign-in that was accepted and never renewed": {
			"0 registered\n",
			join([]string{"account-credentials-wrong", "account-unknown", "account-not-allowed", "registration-not-stored", "digest-unsupported", "registration-unanswered-or-banned"}, provider),
			[]string{"registration-lost-later", "sip-alg"},
		},
		"a wrong password": {
			"0 out REGISTER\n0.01 in 401\n0.02 out REGISTER auth\n0.03 in 401\n",
			join([]string{"server-unreachable", "registration-unanswered-or-banned", "account-domain-wrong", "digest-unsupported"}, provider),
			[]string{"account-unknown", "account-suspended-or-unpaid", "account-not-allowed", "registration-too-many-devices", "registration-not-stored"},
		},
		"a server in trouble": {
			"0 out REGISTER\n0.01 in 500\n",
			[]string{"server-unreachable", "registration-unanswered-or-banned"},
			join(account, []string{"provider-overloaded", "provider-unavailable"}),
		},
		"a call that met the first demand only": {
			"0 registered\n1 out INVITE to=200 sdp\n1.02 in 407\n1.03 out ACK\n",
			[]string{"account-unknown", "server-unreachable"},
			join(call, []string{"account-credentials-wrong", "account-not-allowed", "message-too-big", "provider-silent-after-trying", "provider-fault"}),
		},
		"a call that rings": {
			"0 registered\n1 dial 200\n1.3 in 180\n1.4 note step 2 waiting\n",
			[]string{"account-credentials-wrong", "invite-unanswered", "no-progress-signalled", "message-too-big"},
			[]string{"callee-busy", "callee-no-answer", "number-unknown", "no-credit-or-barred", "codec-mismatch", "caller-cancelled",
				"ringback-early-media-missing", "session-timer-too-small", "prack-fails", "ack-missing"},
		},
		"a call that was given up before it rang": {
			"0 registered\n1 dial 200\n2 out CANCEL\n2.01 in 200 as=CANCEL\n2.02 in 487\n2.03 out ACK\n", nil,
			[]string{"callee-busy", "number-unknown", "no-credit-or-barred", "codec-mismatch", "provider-fault"},
		},
		"a busy line": {
			"0 registered\n1 dial 200\n1.3 in 180\n2 in 486\n2.01 out ACK\n",
			[]string{"number-unknown", "no-credit-or-barred", "account-not-allowed", "provider-fault", "caller-cancelled"},
			[]string{"callee-no-answer", "codec-mismatch", "encryption-mismatch", "callee-declined"},
		},
		"a second of sound": {
			"live\n0 registered\n1 dial 200\n1.3 in 180\n3 answered\n3.1 rtp in for=1s\n3.1 rtp out for=1s\n4.2 note step 2 waiting\n",
			[]string{"callee-busy", "number-unknown", "codec-mismatch", "account-not-allowed"}, sound,
		},
		"a good call": {
			"live\n0 registered\n1 dial 200\n1.3 in 180\n3 answered\n3.1 rtp in for=12s level=-20\n3.1 rtp out for=12s level=-20\n15.2 out BYE\n15.21 in 200\n",
			join(call, sound, []string{"ack-missing", "audio-in-undecodable", "audio-in-two-streams", "hung-up-by-media-gateway"}),
			[]string{"no-audio-out-lost", "delay-high", "call-reached-this-phone", "sip-alg"},
		},
		"what comes back is what was sent": {
			"0 registered\n1 note probe alg-echo yes over=5060,other,tcp baited=5060,other,tcp\n1.1 note probe alg-ports yes 5060=yes other=yes\n", nil, []string{"sip-alg"},
		},
		"a mirror received what was sent": {
			"0 registered\n1 note probe alg-mirror yes outside=198.51.100.9:5060 clean=udp/5060,udp/5080,tcp/5060 mirror=203.0.113.7:5060\n", []string{"sip-alg"}, nil,
		},
		"a mirror received what was sent over TLS": {
			"0 registered\n1 note probe alg-mirror yes outside=198.51.100.9:5060 clean=tls/5061 mirror=203.0.113.7:5060\n", nil, []string{"sip-alg"},
		},
		"encrypted messages": {
			"0 out REGISTER tls\n0.02 in 401 tls\n0.03 out REGISTER auth tls\n0.05 in 200 tls\n", []string{"sip-alg"}, nil,
		},
	} {
		records, err := readScript(c.script)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		d := Of(fold(records), Dictionary{})
		for _, cause := range c.clear {
			if !slices.Contains(d.Clear, cause) {
				t.Errorf("%s: %s should be ruled out", name, cause)
			}
		}
		for _, cause := range c.leave {
			if !slices.Contains(d.Unchecked, cause) {
				t.Errorf("%s: %s cannot be told, but is not among the unchecked", name, cause)
			}
		}
	}
}

// TestEveryStageHasARule keeps the list of stages and the rules together.
func TestEveryStageHasARule(t *testing.T) {
	known := map[string]bool{}
	for _, r := range table {
		known[r.Cause] = true
	}
	for cause, s := range stages {
		if !known[cause] || s <= stageNone || s >= stageDone {
			t.Errorf("%s: stage %d, a rule: %v", cause, s, known[cause])
		}
	}
	for cause := range comesLater {
		if !known[cause] {
			t.Errorf("%s is no rule", cause)
		}
	}
}
