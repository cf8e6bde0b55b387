package diagnosis

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The sources that the wizard was made from are guides of providers and of a
// softphone maker. What each of them states stands here in our own words, and how
// the wizard has to find it. TestSeedsAreWhole compares with the documents, where
// they are beside this checkout.

// seedCodes are the codes that the sources name.
var seedCodes = []int{100, 180, 181, 182, 183, 200, 202, 204, 300, 301, 302, 305, 380,
	400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 412, 413, 414, 415, 416, 417, 420, 421, 422, 423, 424, 428, 429,
	433, 436, 437, 438, 480, 481, 482, 483, 484, 485, 486, 487, 488, 489, 491, 493, 494,
	500, 501, 502, 503, 504, 505, 513, 580, 600, 603, 604, 606, 607}

// The networks of the sources, as far as they say what their codes mean.
var (
	// Refuses calls for want of credit and for a caller number that is not the login.
	talk = Dictionary{Provider: "the source's network", Meanings: []Meaning{
		{Method: "INVITE", Code: 403, When: OtherCaller, Cause: "caller-id-refused"},
		{Method: "INVITE", Code: 403, When: AtOnce, Cause: "no-credit-or-barred"},
		{Method: "REGISTER", Code: 403, Cause: "account-credentials-wrong"},
	}}
	// Says 403 for a wrong password, and 603 where the credit has run out.
	proxy = Dictionary{Provider: "the source's network", Meanings: []Meaning{
		{Code: 403, Cause: "account-credentials-wrong"},
		{Method: "INVITE", Code: 603, When: AtOnce, Cause: "no-credit-or-barred"},
	}}
)

const (
	seedCall   = "0 registered\n1 dial 0905551000\n1.2 in %s\n1.21 out ACK\n4 note step 2 over\n"
	seedRang   = "0 registered\n1 dial 0905551000\n1.2 in 180\n6 in %s\n6.01 out ACK\n"
	seedSignIn = "0 out REGISTER\n0.01 in 401\n0.02 out REGISTER auth\n0.03 in %s\n3 note step 1 over\n"
)

// seedCase is a statement about what an answer means.
type seedCase struct {
	states     string
	script     string
	in         string // what stands for %s
	dictionary Dictionary
	cause      string   // the root; "" where nothing is wrong
	says       []string // what the finding has to say, in its texts or remedies
}

var seedCases = []seedCase{
	{"a first demand for the password is normal", "0 registered\n", "", Dictionary{}, "", nil},
	{"the same for the proxy's demand on a call", "0 registered\n1 dial 200\n1.3 in 180\n3 answered\n4 out BYE\n4.01 in 200\n", "", Dictionary{}, "", nil},
	{"a sign-in that stays refused: name, login name, password", seedSignIn, "401", Dictionary{}, "account-credentials-wrong", []string{"user name", "login name", "password"}},
	{"a proxy that does not accept the credentials", "0 registered\n1 out INVITE sdp\n1.01 in 407\n1.02 out ACK\n1.03 out INVITE sdp auth\n1.04 in 407\n1.05 out ACK\n", "", Dictionary{}, "account-credentials-wrong", []string{"password"}},
	{"client and server have to use the same way of proving a password", "0 out REGISTER\n0.01 in 401 alg=SHA3-256\n", "", Dictionary{}, "digest-unsupported", nil},
	{"refused for want of credit", seedCall, "403", talk, "no-credit-or-barred", []string{"balance"}},
	{"refused because the number shown is not the login", "0 registered\n1 out INVITE sdp from=2138394020 to=5551000\n1.1 in 407\n1.11 out ACK\n1.12 out INVITE sdp auth from=2138394020\n1.2 in 403\n1.21 out ACK\n", "", talk, "caller-id-refused", []string{"caller ID"}},
	{"the same without the network being known", "0 registered\n1 out INVITE sdp from=2138394020 to=5551000\n1.2 in 403\n1.21 out ACK\n", "", Dictionary{}, "caller-id-refused", []string{"caller ID"}},
	{"a sign-in refused: invalid credentials", seedSignIn, "403", talk, "account-credentials-wrong", []string{"password"}},
	{"a sign-in refused at once: no permission", "0 out REGISTER\n0.01 in 403\n", "", Dictionary{}, "account-not-allowed", nil},
	{"no permission for the number, the others work", "0 registered\n1 out INVITE call=a to=201 sdp\n1.2 in 180\n2 in 486\n2.01 out ACK\n3 out INVITE call=b to=0905551000 sdp\n3.2 in 403\n3.21 out ACK\n", "", Dictionary{}, "no-credit-or-barred", []string{"barred"}},
	{"the caller hung up before anybody answered", "0 registered\n1 dial 200\n1.2 in 180\n6 out CANCEL\n6.01 in 200\n6.02 in 487 as=INVITE\n6.03 out ACK\n", "", Dictionary{}, "caller-cancelled", nil},
	{"on this network a refusal means a wrong password", seedSignIn, "403", proxy, "account-credentials-wrong", []string{"password"}},
	{"the same for a call", seedCall, "403", proxy, "account-credentials-wrong", []string{"password"}},
	{"on this network a decline can mean that the credit has run out", seedCall, "603", proxy, "no-credit-or-barred", []string{"balance"}},
	{"a decline by the other person", seedRang, "603", proxy, "callee-declined", nil},
	{"payment required: bill or service limit, at sign-in", seedSignIn, "402", Dictionary{}, "account-suspended-or-unpaid", []string{"balance"}},
	{"payment required: a call", seedCall, "402", Dictionary{}, "no-credit-or-barred", []string{"balance"}},
	{"malformed request", seedCall, "400", Dictionary{}, "request-malformed", nil},
	{"malformed sign-in", seedSignIn, "400", Dictionary{}, "request-malformed", nil},
	{"the number does not exist", seedCall, "404", Dictionary{}, "number-unknown", nil},
	{"the user does not exist at this server", "0 out REGISTER\n0.01 in 404\n", "", Dictionary{}, "account-unknown", nil},
	{"the domain is none that the server handles", "0 out REGISTER\n0.01 in 404 Unknown domain\n", "", Dictionary{}, "account-domain-wrong", nil},
	{"method not allowed", seedCall, "405", Dictionary{}, "request-malformed", nil},
	{"no answer in suitable time", "0 registered\n1 dial 200\n9 in 408\n9.01 out ACK\n", "", Dictionary{}, "downstream-timeout", nil},
	{"nobody answers: network or firewall", "0 out REGISTER at=0.5,1.5,3.5,7.5,11.5,15.5,19.5,23.5,27.5,31.5\n32 note step 1 over\n", "", Dictionary{}, "server-unreachable", []string{"internet works"}},
	{"silence after wrong credentials", "0 out REGISTER\n0.01 in 401\n0.02 out REGISTER auth\n0.03 in 401\n2 out REGISTER at=0.5,1.5,3.5\n6 note step 2 waiting\n", "", Dictionary{}, "registration-unanswered-or-banned", nil},
	{"the user is gone", seedCall, "410", Dictionary{}, "number-changed", nil},
	{"unsupported media type", seedCall, "415", Dictionary{}, "codec-mismatch", nil},
	{"unsupported address scheme", seedCall, "416", Dictionary{}, "number-format-wrong", nil},
	{"bad extension", seedCall, "420", Dictionary{}, "extension-unsupported", nil},
	{"extension required", seedCall, "421", Dictionary{}, "extension-unsupported", nil},
	{"session interval too small", seedCall, "422", Dictionary{}, "session-timer-too-small", nil},
	{"registration interval too brief", "0 out REGISTER\n0.01 in 423\n  Min-Expires: 600\n3 note step 1 over\n", "", Dictionary{}, "registration-interval-too-short", nil},
	{"identity missing", seedCall, "428", Dictionary{}, "identity-rejected", nil},
	{"anonymity disallowed", seedCall, "433", Dictionary{}, "anonymous-refused", nil},
	{"the device cannot take the call now", seedCall, "480", Dictionary{}, "callee-not-registered", nil},
	{"loop detected", seedCall, "482", Dictionary{}, "routing-loop", nil},
	{"too many hops", seedCall, "483", Dictionary{}, "routing-loop", nil},
	{"number incomplete", seedCall, "484", Dictionary{}, "number-format-wrong", nil},
	{"number ambiguous", seedCall, "485", Dictionary{}, "number-format-wrong", nil},
	{"busy", seedCall, "486", Dictionary{}, "callee-busy", nil},
	{"no common format", seedCall, "488", Dictionary{}, "codec-mismatch", []string{"PCMU"}},
	{"security agreement required", seedCall, "494", Dictionary{}, "call-refused", nil},
	{"server error", seedCall, "500", Dictionary{}, "provider-fault", nil},
	{"bad gateway", seedCall, "502", Dictionary{}, "provider-fault", nil},
	{"maintenance or overload, with a time to wait", seedCall, "503\n  Retry-After: 120", Dictionary{}, "provider-overloaded", []string{"2 min"}},
	{"the carrier's list for a plain 503", seedCall, "503", Dictionary{}, "provider-unavailable", []string{"allow list", "two hours", "active", "contract accepted", "funds", "balance", "dialling plan", "ticket", "trace"}},
	{"version not supported", seedCall, "505", Dictionary{}, "request-malformed", nil},
	{"message too large", seedCall, "513", Dictionary{}, "call-refused", nil},
	{"precondition failure", seedCall, "580", Dictionary{}, "provider-fault", nil},
	{"busy everywhere", seedCall, "600", Dictionary{}, "callee-busy", nil},
	{"does not exist anywhere", seedCall, "604", Dictionary{}, "number-unknown", nil},
	{"session description not acceptable", seedCall, "606", Dictionary{}, "codec-mismatch", nil},
	{"unwanted", seedCall, "607", Dictionary{}, "call-blocked-as-spam", nil},
	{"several choices", seedCall, "300\n  Contact: <sip:a@192.0.2.40>", Dictionary{}, "redirected", nil},
	{"moved for good", seedCall, "301\n  Contact: <sip:5559999@example.net>", Dictionary{}, "number-changed", nil},
	{"moved for now: the new address is in the answer", seedCall, "302\n  Contact: <sip:a@192.0.2.40>", Dictionary{}, "redirected", []string{"192.0.2.40"}},
	{"use a proxy", seedCall, "305\n  Contact: <sip:192.0.2.40>", Dictionary{}, "redirected", nil},
	{"alternative service", seedCall, "380", Dictionary{}, "redirected", nil},
	{"calls connect without sound: compare what both sides described", "live\n0 registered\n1 dial 200 codecs=0,8,101\n1.2 in 180\n3 answered codecs=18\n6 out BYE\n6.01 in 200\n", "", Dictionary{}, "codec-mismatch", []string{"PCMU"}},
	{"key presses fail: compare what both sides described", "live\n0 note situation dtmf\n0 registered\n1 dial 200\n1.3 in 180\n3 answered codecs=0,8\n3.1 rtp in for=6s\n3.1 rtp out for=6s\n9.2 out BYE\n9.21 in 200\n", "", Dictionary{}, "dtmf-not-negotiated", []string{"2833"}},
}

// TestSeedsAreDiagnosed: each statement about an answer is what the wizard finds.
func TestSeedsAreDiagnosed(t *testing.T) {
	for _, c := range seedCases {
		records, err := readScript(strings.ReplaceAll(c.script, "%s", c.in))
		if err != nil {
			t.Errorf("%s: %v", c.states, err)
			continue
		}
		d := Of(fold(records), c.dictionary)
		f := d.Root()
		switch {
		case c.cause == "" && f != nil:
			t.Errorf("%s: accused of %s", c.states, f.Rule.Cause)
			continue
		case c.cause == "":
			continue
		case f == nil || f.Rule.Cause != c.cause:
			t.Errorf("%s: want %s, got\n%s", c.states, c.cause, describe(d))
			continue
		}
		whole := f.Title + " " + f.Why
		for _, r := range f.Fix {
			whole += " " + r.Text
		}
		for _, w := range c.says {
			if !strings.Contains(whole, w) {
				t.Errorf("%s: nothing is said of %q: %s", c.states, w, whole)
			}
		}
	}
}

// seedTerms are what else the sources name, with words that explaining it must use.
var seedTerms = map[string][]string{
	// the situations, as their titles put them
	"No Ringback Tone, Call Is Not Recived":         {inNoRingback},
	"Incoming Call Recived, but Cannot Be Answered": {inAnswer},
	"No Incoming Calls":                             {inNoIncoming},
	"One-Way Audio During Calls (No Sound)":         {inOneWay},
	"Call Quality Issues (Distortion, Echo, Delay)": {inQuality},
	// what is advised for a code
	"SIP 400": {"5060", "firewall|allow port|Try another network", "header"},
	"SIP 401": {"normal", "password", "domain", "clock", "algorithm"},
	"SIP 403": {"balance", "From", "password", "allow list"},
	"SIP 407": {"password"},
	"SIP 408": {"firewall"},
	"SIP 480": {"phone"},
	"SIP 482": {"forward"},
	"SIP 487": {"answer"},
	"SIP 488": {"PCMU|codec"},
	"SIP 500": {"log|later"},
	"SIP 502": {"provider|gateway|trunk"},
	"SIP 503": {"allow list|allowed", "two hours|2 h", "contract", "funds|money|balance|credit", "dial", "trace|ticket"},
	"SIP 603": {"declin", "credit|money|balance"},
	"SIP 300": {"address"},
	"SIP 301": {"new|address"},
	"SIP 302": {"address"},
	// the description of the sound, as the sources show it
	"v=0":                               {"version"},
	"s=SIP Call":                        {"name|call|session"},
	"c=IN IP4 10.133.92.102":            {"10.133.92.102"},
	"t=0 0":                             {"when"},
	"m=audio 25268 RTP/AVP 18 0 8 101":  {"25268", "G.729", "PCMU", "PCMA"},
	"m=audio 25268 RTP/AVP 18 101":      {"25268"},
	"a=rtpmap:18 G729/8000":             {"G729"},
	"a=ptime:20":                        {"20"},
	"a=rtpmap:101 telephone-event/8000": {"key"},
	"a=fmtp:101 0-15":                   {"0-15|keys|key"},
	"o=CiscoSystemsCCM-SIP 811669 1 IN IP4 10.105.40.14": {"10.105.40.14|who|session"},
	"Via: SIP/2.0/UDP 10.11.228.67:5060":                 {"10.11.228.67", "5060", "UDP"},
	"pt 0":                                               {"PCMU"},
	"pt 8":                                               {"PCMA"},
	"pt 18":                                              {"G729|G.729"},
	"telephone-event":                                    {"2833|4733"},
	"1xx":                                                {"provisional|way|progress"}, "2xx": {"success|accepted|worked"}, "3xx": {"address|elsewhere"}, "4xx": {"request"}, "5xx": {"server"}, "6xx": {"everywhere|anywhere|no other"},
}

// TestSeedsAreExplained: each term of the sources is explained, with the words that matter.
func TestSeedsAreExplained(t *testing.T) {
	for term, words := range seedTerms {
		x, err := Explain(term)
		if err != nil {
			t.Errorf("%q: %v", term, err)
			continue
		}
		whole := x.Title
		for _, p := range x.Paragraphs {
			whole += "\n" + p.Text
		}
		for _, w := range words {
			if !slices.ContainsFunc(strings.Split(w, "|"), func(w string) bool { return strings.Contains(strings.ToLower(whole), strings.ToLower(w)) }) {
				t.Errorf("%q says nothing of %q:\n%s", term, w, whole)
			}
		}
	}
	for _, n := range seedCodes {
		c, known := LookupCode(n)
		if !known || c.Register == "" && c.Invite == "" && c.MidCall == "" {
			t.Errorf("%d is not explained", n)
		}
	}
}

// TestSeedsAreWhole reads the documents again: no code in them may be missing above.
func TestSeedsAreWhole(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(sharedPath(t, "seeds"), "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatal("no seeds", err)
	}
	code := regexp.MustCompile(`(?m)^[\s•*#:–-]*(?:SIP )?([1-6]\d\d)\b[^%\n]{0,4}[A-Za-z|:*–—-]`)
	found := map[int]bool{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range code.FindAllStringSubmatch(string(text), -1) {
			if n, _ := strconv.Atoi(m[1]); n != 101 { // a payload type there
				found[n] = true
			}
		}
	}
	for n := range found {
		if !slices.Contains(seedCodes, n) {
			t.Errorf("%d stands in a source and not in the table", n)
		}
	}
	if len(found) < 60 {
		t.Errorf("only %d codes were found in the sources", len(found))
	}
}
