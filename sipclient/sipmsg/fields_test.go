package sipmsg

import (
	"reflect"
	"testing"
	"time"
)

func TestParseURI(t *testing.T) {
	tests := map[string]struct {
		want URI
		bad  bool
	}{
		"sip:alice@example.net":              {URI{Scheme: "sip", User: "alice", Host: "example.net"}, false},
		"SIPS:alice:secret@example.net:5061": {URI{Scheme: "sips", User: "alice", Host: "example.net", Port: 5061}, false},
		"sip:example.net":                    {URI{Scheme: "sip", Host: "example.net"}, false},
		"sip:bob@[2001:db8::1]:5070;lr":      {URI{Scheme: "sip", User: "bob", Host: "2001:db8::1", Port: 5070, Params: Params{{"lr", ""}}}, false},
		"sip:[2001:db8::10:5070]":            {URI{Scheme: "sip", Host: "2001:db8::10:5070"}, false},
		"sip:[::ffff:192.0.2.1]":             {URI{Scheme: "sip", Host: "::ffff:192.0.2.1"}, false},
		"sip:user;par=u%40e@example.com":     {URI{Scheme: "sip", User: "user;par=u%40e", Host: "example.com"}, false},
		"sip:ann@example.net@sbc.test":       {URI{Scheme: "sip", User: "ann@example.net", Host: "sbc.test"}, false},
		"sip:bob@host?Replaces=1@2":          {URI{Scheme: "sip", User: "bob", Host: "host", Headers: "Replaces=1@2"}, false},
		"sip:a@b;transport=TCP;ob":           {URI{Scheme: "sip", User: "a", Host: "b", Params: Params{{"transport", "TCP"}, {"ob", ""}}}, false},
		"tel:+4930123;phone-context=x":       {URI{Scheme: "tel", User: "+4930123", Params: Params{{"phone-context", "x"}}}, false},
		"urn:service:sos":                    {URI{Scheme: "urn"}, false},
		"sip:a@2001:db8::1":                  {URI{Scheme: "sip", User: "a", Host: "2001:db8::1"}, true},
		"sip:a@[2001:db8::1":                 {URI{Scheme: "sip", User: "a", Host: "2001:db8::1"}, true},
		"sip:a@b:99999":                      {URI{Scheme: "sip", User: "a", Host: "b"}, true},
		"sip:a@":                             {URI{Scheme: "sip", User: "a"}, true},
		"alice":                              {URI{Host: "alice"}, true},
		"":                                   {URI{}, true},
		"tel:":                               {URI{Scheme: "tel"}, true},
	}
	for text, tt := range tests {
		tt.want.Raw = text
		got, err := ParseURI(text)
		if (err != nil) != tt.bad {
			t.Errorf("%q: error %v", text, err)
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q: %+v, want %+v", text, got, tt.want)
		}
	}
}

func TestParseAddress(t *testing.T) {
	tests := map[string]struct {
		display, user, host, tag string
		bad                      bool
	}{
		`<sip:a@b>;tag=1`:                          {"", "a", "b", "1", false},
		`"A \"B\" <c>, D" <sip:a@b;x=y>;q=1;tag=2`: {`A "B" <c>, D`, "a", "b", "2", false},
		`Alice Smith <sip:a@b>`:                    {"Alice Smith", "a", "b", "", false},
		`caller<sip:a@b>;tag=3`:                    {"caller", "a", "b", "3", false},
		`sip:a@b;tag=4`:                            {"", "a", "b", "4", false}, // the parameter is the header's
		`sip:a@[::1]:5070;TAG=5`:                   {"", "a", "::1", "5", false},
		`"" <sip:a@b>`:                             {"", "a", "b", "", false},
		`"Mailbox <sip:a@b>`:                       {"Mailbox", "a", "b", "", true},
		`Bell, Alexander <sip:a@b>;tag=6`:          {"Bell, Alexander", "a", "b", "6", true},
		`< sip:a@b >`:                              {"", "a", "b", "", true},
		`<sip:a@b`:                                 {"", "a", "b", "", true},
		`sip:a@b?x=y`:                              {"", "a", "b", "", true},
		``:                                         {"", "", "", "", true},
	}
	for text, tt := range tests {
		a, err := ParseAddress(text)
		if (err != nil) != tt.bad || a.Display != tt.display || a.URI.User != tt.user || a.URI.Host != tt.host || a.Tag() != tt.tag {
			t.Errorf("%s: %+v, %v", text, a, err)
		}
	}
	if a, err := ParseAddress(" * "); err != nil || !a.IsAny() {
		t.Errorf("* is read as %+v, %v", a, err)
	}
}

func TestContacts(t *testing.T) {
	m := mustParse(t, base(`Contact: "One, Two" <sip:a@b,c>;expires=60, <sip:d@e>;q=0.5`, `m: sip:f@g;expires=7`, "Route: <sip:p1;lr>,<sip:p2;lr>"))
	got := m.Contacts()
	if len(got) != 3 || got[0].Params.Get("expires") != "60" || got[1].URI.User != "d" || got[2].Params.Get("expires") != "7" {
		t.Errorf("contacts %+v", got)
	}
	if r := m.Routes(); len(r) != 2 || r[1].URI.Host != "p2" {
		t.Errorf("routes %+v", r)
	}
}

func TestVias(t *testing.T) {
	m := mustParse(t, base(
		"Via: SIP / 2.0 / TLS first.example.com: 4000;ttl=16 ;maddr=192.0.2.2 ;branch=z9hG4bKa7.1, SIP/2.0/udp [2001:db8::9]:5070;received=[2001:db8::9]",
		"v: SIP/2.0/TCP 192.0.2.1;received=2001:db8::5;rport=6000;branch=z9hG4bKx"))
	want := []Via{
		{Transport: "UDP", Host: "h", Branch: "z9hG4bK1"},
		{Transport: "TLS", Host: "first.example.com", Port: 4000, Branch: "z9hG4bKa7.1"},
		{Transport: "UDP", Host: "2001:db8::9", Port: 5070, Received: "2001:db8::9"},
		{Transport: "TCP", Host: "192.0.2.1", Received: "2001:db8::5", RPort: 6000, HasRPort: true, Branch: "z9hG4bKx"},
	}
	if got := m.Vias(); !reflect.DeepEqual(got, want) {
		t.Errorf("Via %+v", got)
	}
	for _, bad := range []string{"", "UDP host", "SIP/2.0/UDP", "SIP/1.0/UDP h", "SIP/2.0/UDP h;;branch=x", "SIP/2.0/UDP h;rport=x", "SIP/2.0/UDP h;received=name"} {
		if v, err := ParseVia(bad); err == nil {
			t.Errorf("%q gives %+v without an error", bad, v)
		}
	}
}

func TestChallenges(t *testing.T) {
	m := mustParse(t, base(
		`WWW-Authenticate: Digest realm="a, b", nonce="n1", algorithm=SHA-256, qop="auth,auth-int", opaque="", stale=TRUE, Digest realm="c",nonce="n2"`,
		`Proxy-Authenticate: Digest realm = "p", nonce="n\"3"`, `WWW-Authenticate: Negotiate`))
	want := []Challenge{
		{Scheme: "Digest", Realm: "a, b", Nonce: "n1", Algorithm: "SHA-256", QOP: []string{"auth", "auth-int"}, Stale: true},
		{Scheme: "Digest", Realm: "c", Nonce: "n2"},
		{Scheme: "Digest", Realm: "p", Nonce: `n"3`, Proxy: true},
		{Scheme: "Negotiate"},
	}
	if got := m.Challenges(); !reflect.DeepEqual(got, want) {
		t.Errorf("challenges %+v", got)
	}
}

func TestReasonsAndWarnings(t *testing.T) {
	m := mustParse(t, base(`Reason: Q.850;cause=21;text="x, y", SIP ;cause=603`, `Warning: 399 host:5060 "text \"quoted\", more", 305 [::1]:5060 "Bad"`))
	if got, want := m.Reasons(), []ReasonValue{{"Q.850", 21, "x, y"}, {"SIP", 603, ""}}; !reflect.DeepEqual(got, want) {
		t.Errorf("reasons %+v", got)
	}
	if got, want := m.Warnings(), []Warning{{399, "host:5060", `text "quoted", more`}, {305, "[::1]:5060", "Bad"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("warnings %+v", got)
	}
}

func TestTimes(t *testing.T) {
	m := mustParse(t, base("Retry-After: 120 (in a meeting);duration=60", "x: 1800;refresher=UAS", "Expires: 0", "Min-Expires: 3600", "Min-SE: 90"))
	if d, ok := m.RetryAfter(); d != 2*time.Minute || !ok {
		t.Errorf("Retry-After %v %v", d, ok)
	}
	if d, who, ok := m.SessionExpires(); d != 30*time.Minute || who != "uas" || !ok {
		t.Errorf("Session-Expires %v %s %v", d, who, ok)
	}
	if d, ok := m.Expires(); d != 0 || !ok {
		t.Errorf("Expires %v %v", d, ok)
	}
	if d, ok := m.MinExpires(); d != time.Hour || !ok {
		t.Errorf("Min-Expires %v %v", d, ok)
	}
	if d, ok := m.MinSE(); d != 90*time.Second || !ok {
		t.Errorf("Min-SE %v %v", d, ok)
	}
	if len(m.Problems) > 0 {
		t.Errorf("problems %v", m.Problems)
	}
	if _, ok := mustParse(t, base()).RetryAfter(); ok {
		t.Error("a missing Retry-After has a value")
	}
}

// A URI that is shown has no password; nothing else of it changes.
func TestShownURI(t *testing.T) {
	for in, want := range map[string]string{
		"SIPS:alice:secret@example.net:5061;lr?a=b": "SIPS:alice@example.net:5061;lr?a=b",
		"sip::secret@example.net":                   "sip:@example.net",
		"sip:alice@example.net:5060":                "sip:alice@example.net:5060",
		"tel:+4930;phone-context=a:b@c":             "tel:+4930;phone-context=a:b@c",
	} {
		u, _ := ParseURI(in)
		if got := u.Shown(); got != want {
			t.Errorf("%s is shown as %s, want %s", in, got, want)
		}
	}
}
