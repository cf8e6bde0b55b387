package session

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const secret = "correct-horse-battery"

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "account.toml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestLoadAccount(t *testing.T) {
	a, err := LoadAccount(write(t, "user = \"2001\"\ndomain = \"pbx.example.net:5070\"\npassword = \""+secret+"\"\ncodecs = [\"pcma\"]\nregister = false\n"))
	require.NoError(t, err)
	require.Equal(t, "2001@pbx.example.net:5070", a.Address())
	require.Equal(t, secret, a.Password)
	require.False(t, a.Registers())
	require.Equal(t, []string{"PCMA"}, phoneAccount(a).Codecs)
}

func TestPasswordFromTheEnvironment(t *testing.T) {
	t.Setenv("SOME_SIP_PASSWORD", secret)
	a, err := LoadAccount(write(t, "user = \"2001\"\ndomain = \"pbx.example.net\"\npassword_env = \"SOME_SIP_PASSWORD\"\n"))
	require.NoError(t, err)
	require.Equal(t, secret, a.Password)
	require.True(t, a.Registers())
}

// A byte order mark, and every way to write an address, are fine.
func TestUsualAccounts(t *testing.T) {
	for _, domain := range []string{"pbx", "pbx:5060", "sip:5060", "192.0.2.1", "::1", "[::1]", "[::1]:5060", "sip.example.net"} {
		a, err := LoadAccount(write(t, "\xef\xbb\xbfuser = \"2001\"\ndomain = \""+domain+"\"\npassword = \"x\"\n"))
		require.NoError(t, err, domain)
		require.Equal(t, "2001", a.User)
	}
}

// Blanks around a value are nobody's wish, except in a password.
func TestBlanksInAccounts(t *testing.T) {
	a, err := LoadAccount(write(t, "user = \" 2001\"\ndomain = \"pbx:5060 \"\npassword = \" x \"\ntransport = \"TLS \"\nencryption = \" srtp\"\ncodecs = [\"pcma \", \" G722\"]\n"))
	require.NoError(t, err)
	p := phoneAccount(a)
	require.Equal(t, "2001@pbx:5060", a.Address())
	require.Equal(t, []string{" x ", "tls", "srtp", "PCMA G722"}, []string{p.Password, p.Transport, p.Encryption, strings.Join(p.Codecs, " ")})
}

// Every mistake is one sentence that names it, and none quotes the password.
func TestBrokenAccounts(t *testing.T) {
	pw := "password = \"" + secret + "\"\n"
	for name, c := range map[string]struct{ text, want string }{
		"typo":             {pw + "user = \"a\"\ndomian = \"b\"\n", `line 3: "domian" is no setting`},
		"no TOML":          {pw + "user = a b\n", "line 2"},
		"unclosed":         {"user = \"a\"\npassword = \"" + secret + "\n", "line 2"},
		"wrong type":       {pw + "user = 7\ndomain = \"x\"\n", "line 2"},
		"no user":          {pw + "domain = \"b\"\n", "the user name is missing"},
		"user with domain": {pw + "user = \"a@b\"\ndomain = \"b\"\n", "only what stands before the @"},
		"no domain":        {pw + "user = \"a\"\n", "the server is missing"},
		"no password":      {"user = \"a\"\ndomain = \"b\"\n", "the password is empty"},
		"URL as domain":    {pw + "user = \"a\"\ndomain = \"sip:b\"\n", "leave out sip:"},
		"secure URL":       {pw + "user = \"a\"\ndomain = \"SIPS:b:5061\"\n", "leave out sips: and set transport to tls"},
		"open bracket":     {pw + "user = \"a\"\ndomain = \"[::1\"\n", "a bracket is missing"},
		"closed bracket":   {pw + "user = \"a\"\ndomain = \"::1]\"\n", "a bracket is missing"},
		"user unquoted":    {"user = 2001\ndomain = \"b\"\n" + pw, `line 1: user must stand in quotes: user = "2001"`},
		"with a comment":   {pw + "domain = pbx.example.net:5060  # the office\r\n", `line 2: domain must stand in quotes: domain = "pbx.example.net:5060"`},
		"secret unquoted":  {"user = \"a\"\npassword = " + secret + "\n", "line 2: password must stand in quotes"},
		"secret number":    {"user = \"a\"\npassword = 12345\n", "line 2: password must stand in quotes"},
		"twice":            {pw + "user = \"a\"\n" + pw, "line 3: password stands twice"},
		"two passwords":    {pw + "user = \"a\"\ndomain = \"b\"\npassword_env = \"HOME\"\n", "password and password_env are both there"},
		"login breaks":     {pw + "user = \"a\"\ndomain = \"b\"\nlogin = \"a\\r\\nX: y\"\n", "the login holds a character"},
		"login quotes":     {pw + "user = \"a\"\ndomain = \"b\"\nlogin = 'a\"b'\n", "the login holds a character"},
		"caller_id bell":   {pw + "user = \"a\"\ndomain = \"b\"\ncaller_id = \"1\\u0007\"\n", "the caller_id holds a character"},
		"user bell":        {pw + "user = \"a\\u0000\"\ndomain = \"b\"\n", "the user name holds a character"},
		"web address":      {pw + "user = \"a\"\ndomain = \"https://b/c\"\n", "only the name of the server"},
		"bad port":         {pw + "user = \"a\"\ndomain = \"b:0\"\n", "port must be a number"},
		"bad proxy":        {pw + "user = \"a\"\ndomain = \"b\"\nproxy = \":5060\"\n", "name before the colon"},
		"transport":        {pw + "user = \"a\"\ndomain = \"b\"\ntransport = \"sctp\"\n", `transport "sctp" is not known: use udp, tcp or tls`},
		"unknown codec":    {pw + "user = \"a\"\ndomain = \"b\"\ncodecs = [\"opus\"]\n", `codec "opus"`},
		"encryption":       {pw + "user = \"a\"\ndomain = \"b\"\nencryption = \"dtls\"\n", "encryption \"dtls\" is not known"},
		"binary":           {"\x00\x01\x02\xff", "line 1"},
		"unclosed text":    {pw + "user = \"2001\ndomain = \"b\"\n", "line 2: the quote at the end of user is missing"},
		"backslash":        {"password = \"\\" + secret + "\"\n", "line 1: password holds a backslash, which has a meaning of its own between \" quotes; put the value between ' quotes"},
		"colon":            {"user: 2001\npassword: " + secret + "\n", "line 1: write = and not a colon between user and its value: user = \"...\""},
		"smart quotes":     {"user = “2001”\npassword = “" + secret + "”\n", "line 1: user must stand in plain quotes"},
		"quoted false":     {pw + "register = \"false\"\n", "line 2: register must be true or false, without quotes"},
		"yes":              {pw + "prefer_ipv6 = yes # always\n", "line 2: prefer_ipv6 must be true or false, without quotes"},
		"sign of life":     {pw + "user = \"a\"\ndomain = \"b\"\nkeep_alive = \"ping\"\n", "keep_alive \"ping\" is not known"},
		"quoted true":      {pw + "challenge_callers = \"true\"\n", "line 2: challenge_callers must be true or false, without quotes"},
		"one codec":        {pw + "codecs = \"PCMA\"\n", "line 2: codecs is a list in square brackets"},
		"heading":          {"[account]\n" + pw, "line 1: leave out the heading [account]"},
		"noise alone":      {pw + "user = \"a\"\ndomain = \"b\"\ncodecs = [\"cn\"]\n", "add PCMA, PCMU or G722"},
		"umlaut":           {pw + "user = \"a\"\ndomain = \"müller.example\"\n", "begins with xn--"},
		"zone":             {pw + "user = \"a\"\ndomain = \"[fe80::1%eth0]:5060\"\n", "network card"},
		"six and port":     {pw + "user = \"a\"\ndomain = \"2001:db8:1:2:3:4:5:6:5060\"\n", "write an IPv6 address like [2001:db8::1] or [2001:db8::1]:5060"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := LoadAccount(write(t, c.text))
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), secret)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

// A form shows the sentence beside the field that it is about.
func TestErrorsNameTheirField(t *testing.T) {
	var f *Field
	require.True(t, errors.As(Account{User: "a", Domain: "b"}.Check(), &f))
	require.Equal(t, "password", f.Name)
	_, err := NewCheck(Request{Account: Account{User: "a", Domain: "b", Password: "c"}, Situation: "no-ringback"})
	require.True(t, errors.As(err, &f))
	require.Equal(t, "target", f.Name)
}

// No number that could cost a life is ever dialled for a test.
func TestEmergencyNumbersAreRefused(t *testing.T) {
	for _, n := range []string{"112", "911", " 9 9 9 ", "+112", "tel:110", "sip:911@pbx.example.net", "0-112", "urn:service:sos"} {
		require.ErrorIs(t, CheckNumber(n), ErrEmergency, n)
		_, err := NewCheck(Request{Account: Account{User: "a", Domain: "b", Password: "c"}, Situation: "everything", Target: n})
		require.ErrorIs(t, err, ErrEmergency, n)
	}
	for _, n := range []string{"2002", "*43", "+491711234567", "116117", "sip:911a@pbx.example.net"} {
		require.NoError(t, CheckNumber(n), n)
	}
}

// Nor is one that costs more than a call.
func TestPremiumNumbersAreRefused(t *testing.T) {
	for _, n := range []string{"0900 1234567", "+49 900 1234567", "sip:09001234567@pbx.example.net", "1-900-555-1234", "+979112345678"} {
		require.ErrorIs(t, CheckNumber(n), ErrPremium, n)
		_, err := NewCheck(Request{Account: Account{User: "a", Domain: "b", Password: "c"}, Situation: "everything", Target: n})
		require.ErrorIs(t, err, ErrPremium, n)
	}
	require.NoError(t, CheckNumber("01371234567"), "an ordinary number in England")
	require.ErrorIs(t, Account{Domain: "voip.example.de"}.CheckNumber("01371234567"), ErrPremium)
}

func FuzzParseAccount(f *testing.F) {
	f.Add("user = \"2001\"\ndomain = \"pbx\"\npassword = \"x\"\n")
	f.Add("user = [[[")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseAccount([]byte(text))
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("more than one line: %q", err)
			}
			return
		}
		_ = a.Check()
	})
}
