package providers

import (
	"strings"
	"testing"

	"softphonedoctor/assets"
	"softphonedoctor/wizard/diagnosis"
)

// TestBuiltInFilesAreWhole: every file that is part of the program can be read, and
// its sources are public addresses, but for the documents that have none.
func TestBuiltInFilesAreWhole(t *testing.T) {
	b := &Book{}
	for _, err := range b.Read(assets.Providers(), BuiltIn) {
		t.Error(err)
	}
	if n := len(b.All()); n < 20 {
		t.Errorf("only %d providers are built in", n)
	}
	for _, p := range b.All() {
		for _, s := range p.Sources {
			if !strings.HasPrefix(s.At, "https://") && !strings.Contains(s.At, "guide") {
				t.Errorf("%s: the source %q can be looked up nowhere", p.ID, s.At)
			}
		}
		if len(builtIn[p.ID]) == 0 {
			t.Errorf("%s has no case", p.ID)
		}
	}
}

// known is a case of one provider: what it says makes this cause of what is seen,
// while the same at an unknown provider means another, or the same by itself.
type known struct {
	scene
	provider string // "provider" of the account, where no packet tells it
	cause    string // with the dictionary
	general  string // without
	says     string // part of what is cited or advised
}

const nobody = "example.net"

var builtIn = map[string][]known{
	"2talk": {
		{scene: scene{domain: "sip.2talk.com", answer: "403 Forbidden"}, cause: "no-credit-or-barred", general: "no-credit-or-barred", says: "no credit for this call"},
		{scene: scene{domain: "2talk.com", from: "2138394020", answer: "403 Forbidden"}, cause: "caller-id-refused", general: "caller-id-refused", says: "not one this login may show"},
		{scene: scene{domain: "2talk.com", signIn: "403 Forbidden"}, cause: "account-credentials-wrong", general: "account-credentials-wrong", says: "not valid"},
	},
	"sip-guide-2024": {
		{scene: scene{domain: nobody, answer: "403 Denied"}, provider: "sip guide 2024", cause: "account-credentials-wrong", general: "no-credit-or-barred", says: "wrong password"},
		{scene: scene{domain: nobody, answer: "603 Decline"}, provider: "sip-guide-2024", cause: "no-credit-or-barred", general: "no-credit-or-barred", says: "no credit"},
		{scene: scene{domain: nobody, rings: true, answer: "603 Decline"}, provider: "sip-guide-2024", cause: "callee-declined", general: "callee-declined"},
	},
	"interconnect-guide": {
		{scene: scene{domain: nobody, answer: "503 Service Unavailable"}, provider: "interconnect-guide", cause: "provider-unavailable", general: "provider-unavailable", says: "up to two hours"},
	},
	"sipcity": {
		{scene: scene{domain: "sip.sipcity.com.au", from: "61383940220", answer: "403 Forbidden"}, cause: "caller-id-refused", general: "caller-id-refused", says: "is not the user name"},
		{scene: scene{domain: "sipcity.com.au", answer: "403 Forbidden"}, cause: "no-credit-or-barred", general: "no-credit-or-barred", says: "balance does not cover"},
	},
	"sipgate": {
		{scene: scene{domain: "sipgate.co.uk", answer: "603 Decline"}, cause: "callee-declined", general: "no-credit-or-barred", says: "turned down"},
		{scene: scene{domain: "sipgate.de", answer: "403 Forbidden"}, cause: "no-credit-or-barred", general: "no-credit-or-barred", says: "may not make this call"},
		{scene: scene{domain: "sipgate.de", signIn: "401 Unauthorized"}, cause: "account-credentials-wrong", general: "account-credentials-wrong", says: "new SIP password"},
	},
	"telnyx": {
		{scene: scene{domain: "sip.telnyx.com", answer: "403 Caller Origination Number is Invalid D35"}, cause: "caller-id-refused", general: "no-credit-or-barred", says: "country code"},
		{scene: scene{domain: "sip.telnyx.com", answer: "404 Not Found D19"}, cause: "account-suspended-or-unpaid", general: "number-unknown", says: "blocked for its bill"},
	},
	"twilio": {
		{scene: scene{domain: "office.pstn.twilio.com", answer: "403 Insufficient permissions"}, cause: "account-not-allowed", general: "no-credit-or-barred", says: "no way of proving"},
	},
	"plivo": {
		{scene: scene{domain: "21.zt.plivo.com", hangUp: `Reason: SIP;cause=402;text="Low Credits"`}, cause: "no-credit-or-barred", general: "", says: "ran out during the call"},
		{scene: scene{domain: "21.zt.plivo.com", answer: "400 Bad Request"}, cause: "request-malformed", general: "request-malformed", says: "breaks the rules"},
	},
	"vonage": {
		{scene: scene{domain: "sip.nexmo.com", answer: "403 Forbidden"}, cause: "caller-id-refused", general: "no-credit-or-barred", says: "policy"},
	},
	"callcentric": {
		{scene: scene{domain: "callcentric.com", signIn: "401 Unauthorized"}, cause: "account-credentials-wrong", general: "account-credentials-wrong", says: "IP whitelist"},
	},
	"flowroute": {
		{scene: scene{domain: "us-west-or.sip.flowroute.com", answer: "403 Insufficient funds"}, cause: "no-credit-or-barred", general: "account-suspended-or-unpaid", says: "fraud control"},
	},
	"didww": {
		{scene: scene{domain: "nyc.us.out.didww.com", answer: "402 Payment Required"}, cause: "no-credit-or-barred", general: "no-credit-or-barred", says: "balance"},
	},
	"sip-us": {
		{scene: scene{domain: "gw1.sip.us", answer: "403 Forbidden"}, cause: "account-suspended-or-unpaid", general: "no-credit-or-barred", says: "negative balance"},
		{scene: scene{domain: "gw1.sip.us", answer: "603 Decline"}, cause: "callee-declined", general: "no-credit-or-barred", says: "do not disturb"},
	},
	"sipcall": {
		{scene: scene{domain: "business1.voipgateway.sipcall.ch", answer: "408 Request Timeout"}, cause: "callee-no-answer", general: "downstream-timeout", says: "rang too long"},
	},
	"commio": {
		{scene: scene{domain: "wap.commio.com", answer: "503 Funds Required"}, cause: "account-suspended-or-unpaid", general: "provider-unavailable", says: "funds are used up"},
		{scene: scene{domain: "wap.commio.com", answer: "403 Forbidden"}, cause: "provider-address-not-allowed", general: "no-credit-or-barred", says: "no trunk"},
	},
	"zapappi": {
		{scene: scene{domain: "sip.zapappi.com", rings: true, answer: "603 MaxPeak Cost Exceeded"}, cause: "no-credit-or-barred", general: "callee-declined", says: "costs more"},
	},
	"exotel": {
		{scene: scene{domain: "pstn.in1.exotel.com", answer: "403 Forbidden"}, cause: "provider-address-not-allowed", general: "no-credit-or-barred", says: "list of allowed addresses"},
	},
	"dus-net": {
		{scene: scene{domain: "dus.net", signIn: "404 Unknown domain"}, cause: "account-domain-wrong", general: "account-domain-wrong", says: "proxy.dus.net"},
	},
	"diamondcard": {{scene: scene{domain: "sip.diamondcard.us"}}},
	"freeswitch": {
		{scene: scene{domain: nobody, server: "FreeSWITCH-mod_sofia/1.10.10", answer: "404 Not Found"}, cause: "number-unknown", general: "number-unknown", says: "no way to it"},
	},
	"asterisk": {
		{scene: scene{domain: nobody, server: "Asterisk PBX 20.1", answer: "410 Gone"}, cause: "number-changed", general: "number-changed", says: "cause 22"},
	},
}

// TestProvidersAreRecognisedAndRead: from what a tape shows, each provider is found,
// and its documentation decides; near miss: the same at another provider keeps the
// general reading.
func TestProvidersAreRecognisedAndRead(t *testing.T) {
	b := Built()
	for id, cases := range builtIn {
		for _, k := range cases {
			e := k.evidence(t)
			if k.provider != "" {
				if p, ok := b.Of(e); ok {
					t.Errorf("%s: %s is recognised where nothing tells it", id, p.ID)
				}
				p, _ := b.ForAccount(k.provider, k.domain)
				k.notes = map[string]string{"provider": p.ID}
				e = k.evidence(t)
			}
			p, ok := b.Of(e)
			if !ok || p.ID != id {
				t.Errorf("%s at %s: recognised is %q", id, k.domain, p.ID)
				continue
			}
			if got := cause(diagnosis.Of(e, p.Dictionary)); got != k.cause {
				t.Errorf("%s, %s: want %s, got %s", id, k.answer+k.signIn+k.hangUp, k.cause, got)
			}
			if whole := whole(diagnosis.Of(e, p.Dictionary)); !strings.Contains(whole, k.says) {
				t.Errorf("%s: nothing is said of %q: %s", id, k.says, whole)
			}
			other := k.scene
			other.domain, other.server, other.notes = nobody, "", nil
			e = other.evidence(t)
			if d := b.Dictionary(e); d.Provider != "" {
				t.Errorf("%s: an unknown provider is taken for %s", id, d.Provider)
			}
			if got := cause(diagnosis.Of(e, b.Dictionary(e))); got != k.general {
				t.Errorf("%s, elsewhere: want %q, got %q", id, k.general, got)
			}
		}
	}
}

// cause is the fault or outcome that comes first, "" for none.
func cause(d diagnosis.Diagnosis) string {
	if f := d.Root(); f != nil && f.Kind() != diagnosis.Hint {
		return f.Rule.Cause
	}
	return ""
}

func whole(d diagnosis.Diagnosis) string {
	f := d.Root()
	if f == nil {
		return ""
	}
	text := f.Why
	for _, r := range f.Fix {
		text += "\n" + r.Text
	}
	return text
}

// TestEchoNumbers: what stands in a file is what the wizard calls.
func TestEchoNumbers(t *testing.T) {
	b := Built()
	for name, want := range map[string]string{"diamondcard": "441", "FreeSWITCH": "9196", "2talk": ""} {
		if p, ok := b.Named(name); !ok || p.Dictionary.EchoNumber != want {
			t.Errorf("%s: %q", name, p.Dictionary.EchoNumber)
		}
	}
}
