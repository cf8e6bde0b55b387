// Package session is the one place that joins the two halves of the program: it
// knows accounts and preferences, and adapts the test phone to wizard.Session.
package session

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"softphonedoctor/sipclient"
)

// Account is what a person knows of their phone account. The TOML names are
// those of the account file (see README).
type Account struct {
	Name        string   `toml:"name"`         // as the person calls it, optional
	User        string   `toml:"user"`         // user name or extension
	Domain      string   `toml:"domain"`       // host or host:port
	Login       string   `toml:"login"`        // authentication name where it differs from User
	Password    string   `toml:"password"`     // never written anywhere by this program
	PasswordEnv string   `toml:"password_env"` // name of an environment variable that holds it
	CallerID    string   `toml:"caller_id"`    // From user to present instead of User
	Proxy       string   `toml:"proxy"`        // outbound proxy, host or host:port
	Transport   string   `toml:"transport"`    // "udp" (default), "tcp" or "tls"
	CAFile      string   `toml:"ca_file"`      // PEM file of authorities to trust beside the system's
	PreferIPv6  bool     `toml:"prefer_ipv6"`  // IPv6 first where the server has both
	Codecs      []string `toml:"codecs"`       // "PCMU", "PCMA", "G722", "CN"; empty: PCMA and PCMU
	Encryption  string   `toml:"encryption"`   // of sound: "none", "optional", "srtp" (or "sdes"); empty: as offered
	Register    *bool    `toml:"register"`     // false for an allow-listed trunk; nil: true
	Provider    string   `toml:"provider"`     // name of a dictionary
	KeepAlive   string   `toml:"keep_alive"`   // signs of life: "line" (default) or "options"
	STUN        []string `toml:"stun"`         // servers to ask for our outside address, beside the provider's own
	Mirror      string   `toml:"mirror"`       // a softphone-doctor mirror, host or host:port
	// ChallengeCallers takes calls from unknown addresses, too, once they have proven
	// to know the password: for telephone systems that call from another address.
	ChallengeCallers bool `toml:"challenge_callers"`

	roots *x509.CertPool // of the built-in PBX, in place of all others
}

// Address gives user@domain, the way the account is shown.
func (a Account) Address() string { return a.User + "@" + a.Domain }

// Registers tells whether the account signs in at all.
func (a Account) Registers() bool { return a.Register == nil || *a.Register }

// Field is an Account error with the field it is about, so that a form can show
// the sentence beside it.
type Field struct {
	Name  string // as in the account file, or "target"
	Text  string
	Cause error // may be nil
}

// Unwrap gives the cause.
func (f *Field) Unwrap() error { return f.Cause }

// Error gives the sentence.
func (f *Field) Error() string { return f.Text }

// Check looks for what is missing or cannot work, before anything is sent.
func (a Account) Check() error {
	bad := func(name, format string, args ...any) error {
		return &Field{Name: name, Text: fmt.Sprintf(format, args...)}
	}
	switch {
	case strings.TrimSpace(a.User) == "":
		return bad("user", "the user name is missing: it is the extension or number of the account")
	case !plain(a.User):
		return bad("user", "the user name holds a character that cannot be part of it: enter only what stands before the @")
	case !quotable(a.Login):
		return bad("login", "the login holds a character that cannot be part of it: enter the authentication name without quotes and line breaks")
	case !plain(a.CallerID):
		return bad("caller_id", "the caller_id holds a character that cannot be part of it: enter only the number, or what stands before the @")
	case strings.TrimSpace(a.Domain) == "":
		return bad("domain", "the server is missing: enter the provider's server or domain, for example pbx.example.net")
	case a.Password != "" && a.PasswordEnv != "":
		return bad("password", "password and password_env are both there: keep one of them")
	case a.Password == "" && a.Registers():
		return bad("password", "the password is empty: enter the password of the phone account, or set register = false for a line that needs none")
	case strings.ContainsAny(a.Password, "\r\n"):
		return bad("password", "the password holds a line break: it was probably copied with one too many characters")
	}
	for _, f := range []struct{ name, value string }{{"domain", a.Domain}, {"proxy", a.Proxy}} {
		if f.value == "" {
			continue
		}
		if err := checkHost(f.value); err != nil {
			return bad(f.name, "%s %q: %v", f.name, f.value, err)
		}
	}
	if err := a.checkTransport(); err != nil {
		return err
	}
	if err := a.checkHelpers(); err != nil {
		return err
	}
	if !slices.Contains([]string{"", "none", "optional", "srtp", "sdes"}, strings.ToLower(a.Encryption)) {
		return bad("encryption", "encryption %q is not known: use \"srtp\", \"optional\" or \"none\"", a.Encryption)
	}
	if !slices.Contains([]string{"", "line", "options"}, strings.ToLower(a.KeepAlive)) {
		return bad("keep_alive", "keep_alive %q is not known: use \"line\" or \"options\"", a.KeepAlive)
	}
	for _, c := range a.Codecs {
		if !slices.Contains([]string{"PCMU", "PCMA", "G722", "CN"}, strings.ToUpper(c)) {
			return bad("codecs", "codec %q cannot be tested by this version: use PCMU, PCMA and G722", c)
		}
	}
	if len(a.Codecs) > 0 && !slices.ContainsFunc(a.Codecs, func(c string) bool { return !strings.EqualFold(c, "CN") }) {
		return bad("codecs", "codecs names comfort noise (CN) alone, which goes beside speech: add PCMA, PCMU or G722")
	}
	return nil
}

// ErrEmergency says that a number to call is an emergency number.
var ErrEmergency = sipclient.ErrEmergency

// ErrPremium says that a number to call has a price of its own.
var ErrPremium = sipclient.ErrPremium

// CheckNumber looks at a number or address to call before anything is sent. The
// error is a *Field, which is ErrEmergency or ErrPremium for a number that a test
// never calls. Account.CheckNumber knows more of the second kind.
func CheckNumber(target string) error { return Account{}.CheckNumber(target) }

// CheckNumber is CheckNumber for a call from this account: what it shows of its
// country tells more numbers that have a price of their own.
func (a Account) CheckNumber(target string) error {
	target = strings.TrimSpace(target)
	switch {
	case target == "":
		return &Field{Name: "target", Text: "this check places a call: enter the number or address to call"}
	case sipclient.IsEmergency(target):
		return &Field{Name: "target", Text: target + " is an emergency number; a test never calls one", Cause: ErrEmergency}
	case phoneAccount(a).IsPremium(target):
		return &Field{Name: "target", Text: target + " has a price of its own (a premium service or a satellite phone); a test never calls such a number", Cause: ErrPremium}
	case strings.ContainsAny(target, "<>\"\t\r\n"):
		return &Field{Name: "target", Text: "the number to call holds a character that cannot be part of it: enter only the number or the address"}
	}
	return nil
}

// plain tells whether a name can stand in a SIP address and in a header: no
// blanks, no control characters, nothing that ends a name or a quoted string.
func plain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || r == utf8.RuneError || strings.ContainsRune("<>\"@", r)
	})
}

// quotable tells that a text can stand between quotes in a header. A login may
// well look like an e-mail address.
func quotable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == utf8.RuneError || r == '"' || r == '\\'
	})
}

// checkHost accepts a host name or address with an optional port.
func checkHost(s string) error {
	for _, scheme := range []string{"sip:", "sips:"} {
		if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) && !isPort(s[len(scheme):]) {
			if scheme == "sips:" {
				return errors.New("leave out sips: and set transport to tls")
			}
			return fmt.Errorf("leave out %s", scheme)
		}
	}
	if strings.ContainsAny(s, "/;") || !plain(s) {
		return errors.New("enter only the name of the server, with :port if it needs one")
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) {
		return errors.New("the name service knows such letters in another form only: enter the name as it is registered there, which begins with xn--")
	}
	if strings.Contains(s, "%") {
		return errors.New("an address with a % and a network card behind it works on this computer only: enter the server's name or another of its addresses")
	}
	inner, opened := strings.CutPrefix(s, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if _, err := netip.ParseAddr(inner); err == nil {
		if opened != closed {
			return errors.New("a bracket is missing: write an IPv6 address like [2001:db8::1] or [2001:db8::1]:5060")
		}
		return nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		switch strings.Count(s, ":") {
		case 0:
			return nil
		case 1:
			return errors.New("enter name:port")
		}
		return errors.New("write an IPv6 address like [2001:db8::1] or [2001:db8::1]:5060")
	}
	if host == "" {
		return errors.New("the name before the colon is missing")
	}
	if !isPort(port) {
		return errors.New("the port must be a number from 1 to 65535")
	}
	return nil
}

func isPort(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 1 && n <= 65535
}
