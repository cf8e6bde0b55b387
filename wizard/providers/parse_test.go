package providers

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"softphonedoctor/assets"
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
)

const head = "name = \"Desk Tel\"\ndomains = [\"desk.example.net\"]\n[sources.a]\nat = \"our handbook, page 3\"\nlooked_up = \"2026-11-21\"\n"

const good = head + "[[meaning]]\nmethod = \"INVITE\"\ncode = 403\ncause = \"caller-id-refused\"\nsays = \"that it is Tuesday\"\nsource = \"a\"\n"

// TestErrorsNameTheLine: what is wrong with a file is said with its line and with
// what is allowed there.
func TestErrorsNameTheLine(t *testing.T) {
	entry := func(part, old, new string) string {
		return strings.Replace(good+"[["+part+"]]\n", old, new, 1)
	}
	for text, want := range map[string]string{
		"":                            "line 1: name is missing",
		"name = 2":                    "line 1, column 8",
		"name = \"":                   "line 1",
		"name = \"x\"\nsip = \"y\"\n": "line 2: \"sip\" is not known here; allowed are name, also, domains",
		"name = \"x\"\ndomains = [\"https://a.example\"]\n": "line 2: \"https://a.example\" is no domain",
		"name = \"x\"\n\n[sources.a]\nat = \"x\"\n":         "line 3: looked_up is missing or no date",
		head: "no entry has the source \"a\"",
		entry("check", "caller-id-refused", "gremlins"):                                              "line 9: the cause \"gremlins\" is none that such an answer can mean; allowed are account-credentials-wrong,",
		entry("check", "code = 403", "code = 200"):                                                   "line 8: 200 is no code of a refusal",
		entry("check", "code = 403", "code = 401"):                                                   "line 8: 401 asks for the password",
		entry("check", "code = 403", "code = \"403\""):                                               "line 8",
		entry("check", "code = 403", "text = \" \""):                                                 "line 6: code or text has to say",
		entry("check", "code = 403", "code = 403\nmoment = \"soon\""):                                "line 9: moment \"soon\" is not known; use one of at-once, after-ringing",
		entry("check", "code = 403", "code = 403\nmoment = \"mid-call\""):                            "the cause \"caller-id-refused\" is none that such an answer can mean; allowed are no-credit-or-barred",
		entry("check", "method = \"INVITE\"", "method = \"BYE\""):                                    "line 7: method \"BYE\" is not known",
		entry("check", "method = \"INVITE\"", "method = \"REGISTER\""):                               "line 9: the cause",
		entry("check", "source = \"a\"\n", ""):                                                       "line 6: the source is missing",
		entry("check", "source = \"a\"", "source = \"b\""):                                           "line 11: there is no [sources.b] (the file has a)",
		entry("check", "says = \"that it is Tuesday\"\n", ""):                                        "line 6: says is missing",
		entry("check", "code = 403", "codes = 403"):                                                  "line 8: \"meaning.codes\" is not known here; allowed are method, code, text,",
		entry("check", "", ""):                                                                       "line 12: text is missing",
		good + "[[check]]\ntext = \"x\"\nsource = \"a\"\ncauses = [\"jitter-high\", \"gremlins\"]\n": "line 15: there is no cause \"gremlins\"",
		good + "[[check]]\ntext = \"x\"\nsource = \"a\"\n":                                           "line 12: causes is missing",
		good + "[[check]]\ntext = \"x\"\nfor = \"me\"\ncauses = [\"jitter-high\"]\nsource = \"a\"\n": "line 14: for \"me\" is not known; use one of user, administrator, provider",
		good + "[[setting]]\nname = \"codecs\"\ncauses = [\"codec-mismatch\"]\nsource = \"a\"\n":     "line 12: value is missing",
		good + "[echo]\nnumber = \"\"\nsource = \"a\"\n":                                             "line 13: number is missing or empty",
	} {
		_, err := Parse("desk", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\n want %s\n got  %v", text, want, err)
		}
	}
	for _, text := range []string{good, "\xef\xbb\xbf" + good, strings.ReplaceAll(good, "\n", "\r\n"), strings.Replace(good, "\"2026-11-21\"", "2026-11-21", 1)} {
		if p, err := Parse("desk", []byte(text)); err != nil || p.Dictionary.Meanings[0].Source.Looked != "2026-11-21" {
			t.Errorf("%q: %v %+v", text, err, p.Dictionary)
		}
	}
}

// TestDesksFilesComeFirst: a desk's file takes the place of a built-in one of its name
// and wins over others of the same domain; a broken one is told and left out.
func TestDesksFilesComeFirst(t *testing.T) {
	b := Built()
	before := len(b.All())
	broken := b.Read(fstest.MapFS{
		"2talk.toml":  {Data: []byte(strings.Replace(good, "Desk Tel", "Our 2talk", 1))},
		"a.toml":      {Data: []byte(strings.Replace(good, "desk.example.net", "eu.telnyx.com", 1))},
		"broken.toml": {Data: []byte("name = \"x\"\nfoo = 1\n")},
		"notes.txt":   {Data: []byte("not a provider")},
	}, "/opt/desk")
	if len(broken) != 1 || !strings.Contains(broken[0].Error(), "/opt/desk/broken.toml is left out: line 2") {
		t.Error(broken)
	}
	if n := len(b.All()); n != before+1 {
		t.Errorf("%d providers, want %d", n, before+1)
	}
	for domain, want := range map[string]string{
		"2talk.com": "", "sip.eu.telnyx.com:5061": "a", "sip.telnyx.com": "telnyx", "TELNYX.com.": "telnyx",
		"nottelnyx.com": "", "telnyx.com.example.net": "", "192.0.2.1": "", "[2001:db8::1]:5060": "", "": "",
	} {
		if p, _ := b.ForAccount("", domain); p.ID != want {
			t.Errorf("%q: %q, want %q", domain, p.ID, want)
		}
	}
	if p, ok := b.ForAccount(" our 2TALK ", "sip.telnyx.com"); !ok || p.From != "/opt/desk/2talk.toml" {
		t.Errorf("%+v", p)
	}
	if p, ok := b.ForAccount("nobody knows", "sip.telnyx.com"); ok {
		t.Errorf("a name that is not known falls back to %s", p.ID)
	}
}

// TestRecognition: the surest sign wins, and a tape with several networks has none.
func TestRecognition(t *testing.T) {
	b := Built()
	if broken := b.Read(fstest.MapFS{"words.toml": {Data: []byte(strings.Replace(good, "domains = [\"desk.example.net\"]", "text = [\"desk tel says\"]", 1))}}, "desk"); broken != nil {
		t.Fatal(broken)
	}
	for want, s := range map[string]scene{
		"sipgate":    {domain: "sipgate.de", server: "FreeSWITCH 1.10"}, // the provider, not its software
		"freeswitch": {domain: nobody, server: "FreeSWITCH 1.10"},
		"words":      {domain: nobody, answer: "403 Desk Tel says no"},
		"telnyx":     {domain: "sipgate.de", notes: map[string]string{capture.PhoneProvider: "telnyx"}},
		"commio":     {domain: nobody, notes: map[string]string{capture.PhoneAccount: "2001 wap.commio.com udp"}},
		"plivo":      {domain: "plivo.com", notes: map[string]string{capture.PhoneProvider: "a desk's own, which is not here"}},
		"":           {domain: nobody, answer: "403 Forbidden"},
	} {
		if p, _ := b.Of(s.evidence(t)); p.ID != want {
			t.Errorf("want %q, got %q", want, p.ID)
		}
	}
	for _, both := range [][2]scene{
		{{domain: "sipgate.de"}, {domain: nobody, address: "198.51.100.99"}},
		{{domain: "sipgate.de"}, {domain: "sip.telnyx.com", address: "198.51.100.99"}},
	} {
		var e evidence.Builder
		e.SetSubject(phone)
		n := 0
		for _, s := range both {
			for _, r := range s.tape().From(0) {
				n++
				r.N = n
				e.Add(r)
			}
		}
		if p, ok := b.Of(e.Evidence()); ok {
			t.Errorf("two networks are taken for %s", p.ID)
		}
	}
	if p, ok := (*Book)(nil).Of(&evidence.Evidence{}); ok {
		t.Error(p)
	}
	if d := b.Dictionary(nil); d.Provider != "" || len(d.Meanings) > 0 {
		t.Error(d)
	}
}

// FuzzParse: no file makes the program panic, and what is accepted is fit to be used.
func FuzzParse(f *testing.F) {
	names, err := fs.Glob(assets.Providers(), "*.toml")
	if err != nil {
		f.Fatal(err)
	}
	for _, n := range append(names[:3:3], names[len(names)-2:]...) {
		data, err := fs.ReadFile(assets.Providers(), n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(good))
	f.Add([]byte("[[meaning]]\n[[meaning]]\n[sources.\"a]\"]\nat=1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse("x", data)
		if err != nil {
			if !strings.Contains(err.Error(), "line") && !strings.Contains(err.Error(), "TOML") && !strings.Contains(err.Error(), "KB") {
				t.Errorf("no line: %v", err)
			}
			return
		}
		for _, m := range p.Dictionary.Meanings {
			if m.Says == "" || m.Source.At == "" || m.Code == 0 && m.Text == "" {
				t.Errorf("%+v", m)
			}
			if _, ok := diagnosis.LookupCause(m.Cause); !ok {
				t.Error(m.Cause)
			}
		}
	})
}
