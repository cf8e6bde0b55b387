// Package session is the one place that joins the two halves of the program: it
// knows accounts and preferences, and adapts the test phone to wizard.Session.
package session

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

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
	Transport   string   `toml:"transport"`    // "udp" (default)
	Codecs      []string `toml:"codecs"`       // "PCMU", "PCMA"; empty: both
	Encryption  string   `toml:"encryption"`   // "none" (default)
	Register    *bool    `toml:"register"`     // false for an allow-listed trunk; nil: true
	Provider    string   `toml:"provider"`     // name of a dictionary
}

// Address gives user@domain, the way the account is shown.
func (a Account) Address() string { return a.User + "@" + a.Domain }

// Registers tells whether the account signs in at all.
func (a Account) Registers() bool { return a.Register == nil || *a.Register }

// LoadAccount reads an account file. Every error is one sentence that names the
// file, what is wrong in it and where; it never quotes a password.
func LoadAccount(path string) (Account, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return Account{}, fmt.Errorf("cannot read the account file %s: %w", path, err)
	}
	a, err := ParseAccount(data)
	if err != nil {
		return Account{}, fmt.Errorf("account file %s: %w", path, err)
	}
	if a.PasswordEnv != "" {
		v, ok := os.LookupEnv(a.PasswordEnv)
		if !ok {
			return Account{}, fmt.Errorf("account file %s: password_env names %s, but there is no such environment variable", path, a.PasswordEnv)
		}
		a.Password = v
	}
	return a, a.checkIn(path)
}

func (a Account) checkIn(path string) error {
	if err := a.Check(); err != nil {
		return fmt.Errorf("account file %s: %w", path, err)
	}
	return nil
}

// ParseAccount reads the TOML of an account file. A misspelt name is an error
// with its line, not silently ignored.
func ParseAccount(data []byte) (Account, error) {
	var a Account
	dec := toml.NewDecoder(strings.NewReader(string(data))).DisallowUnknownFields()
	err := dec.Decode(&a)
	var strict *toml.StrictMissingError
	var broken *toml.DecodeError
	switch {
	case errors.As(err, &strict) && len(strict.Errors) > 0:
		row, _ := strict.Errors[0].Position()
		return Account{}, fmt.Errorf("line %d: %q is no setting; the settings are user, domain, password, password_env, login, caller_id, proxy, transport, codecs, encryption, register, provider and name",
			row, strings.Join(strict.Errors[0].Key(), "."))
	case errors.As(err, &broken):
		row, column := broken.Position()
		return Account{}, fmt.Errorf("line %d, column %d is not valid TOML; write name = \"value\", one a line", row, column)
	case err != nil:
		return Account{}, errors.New("it is not valid TOML; write name = \"value\", one a line")
	}
	return a, nil
}

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
	case strings.ContainsAny(a.User, " \t\r\n<>\"@"):
		return bad("user", "the user name holds a character that cannot be part of it: enter only what stands before the @")
	case strings.TrimSpace(a.Domain) == "":
		return bad("domain", "the server is missing: enter the provider's server or domain, for example pbx.example.net")
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
	switch strings.ToLower(a.Transport) {
	case "", "udp":
	case "tcp", "tls":
		return bad("transport", "this version signs in over UDP only: remove transport = %q, or wait for the next version", a.Transport)
	default:
		return bad("transport", "transport %q is not known: use udp", a.Transport)
	}
	switch strings.ToLower(a.Encryption) {
	case "", "none":
	default:
		return bad("encryption", "this version calls without encryption only: remove encryption = %q", a.Encryption)
	}
	for _, c := range a.Codecs {
		if !slices.Contains([]string{"PCMU", "PCMA"}, strings.ToUpper(c)) {
			return bad("codecs", "codec %q cannot be tested by this version: use PCMU and PCMA", c)
		}
	}
	return nil
}

// ErrEmergency says that a number to call is an emergency number.
var ErrEmergency = sipclient.ErrEmergency

// CheckNumber looks at a number or address to call before anything is sent. The
// error is a *Field, which is ErrEmergency for a number that a test never calls.
func CheckNumber(target string) error {
	target = strings.TrimSpace(target)
	switch {
	case target == "":
		return &Field{Name: "target", Text: "this check places a call: enter the number or address to call"}
	case sipclient.IsEmergency(target):
		return &Field{Name: "target", Text: target + " is an emergency number; a test never calls one", Cause: ErrEmergency}
	case strings.ContainsAny(target, "<>\"\t\r\n"):
		return &Field{Name: "target", Text: "the number to call holds a character that cannot be part of it: enter only the number or the address"}
	}
	return nil
}

// checkHost accepts a host name or address with an optional port.
func checkHost(s string) error {
	if strings.ContainsAny(s, " \t\r\n/<>\"@;") {
		return errors.New("enter only the name of the server, with :port if it needs one")
	}
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		if strings.Contains(s, ":") {
			return errors.New("enter name:port")
		}
		return nil
	}
	if host == "" {
		return errors.New("the name before the colon is missing")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return errors.New("the port must be a number from 1 to 65535")
	}
	return nil
}
