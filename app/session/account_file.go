package session

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

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
	if err := a.FromEnvironment(); err != nil {
		return Account{}, fmt.Errorf("account file %s: %w", path, err)
	}
	if a.CAFile != "" && !filepath.IsAbs(a.CAFile) {
		a.CAFile = filepath.Join(filepath.Dir(path), a.CAFile) // beside the account file, wherever it is used
	}
	return a, a.checkIn(path)
}

// FromEnvironment takes the password out of the environment variable that the account
// names, if it names one.
func (a *Account) FromEnvironment() error {
	if a.PasswordEnv == "" || a.Password != "" {
		return nil
	}
	v, ok := os.LookupEnv(a.PasswordEnv)
	if !ok {
		return fmt.Errorf("password_env names %s, but there is no such environment variable", a.PasswordEnv)
	}
	a.Password, a.PasswordEnv = v, ""
	return nil
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
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // Windows editors write a byte order mark
	err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&a)
	var strict *toml.StrictMissingError
	var broken *toml.DecodeError
	switch {
	case errors.As(err, &strict) && len(strict.Errors) > 0:
		row, _ := strict.Errors[0].Position()
		if m := heading.FindStringSubmatch(line(data, row)); m != nil {
			return Account{}, fmt.Errorf("line %d: leave out the heading [%s]; the settings stand in the file without one", row, m[1])
		}
		return Account{}, fmt.Errorf("line %d: %q is no setting; the settings are user, domain, password, password_env, login, caller_id, proxy, transport, ca_file, prefer_ipv6, codecs, encryption, register, provider, keep_alive, challenge_callers, stun, mirror and name",
			row, strings.Join(strict.Errors[0].Key(), "."))
	case errors.As(err, &broken):
		row, column := broken.Position()
		if m := twice.FindStringSubmatch(broken.Error()); m != nil {
			return Account{}, fmt.Errorf("line %d: %s stands twice; keep one of the two", row, m[1])
		}
		if sentence := mistake(line(data, row)); sentence != "" {
			return Account{}, fmt.Errorf("line %d: %s", row, sentence)
		}
		return Account{}, fmt.Errorf("line %d, column %d is not valid TOML; write name = \"value\", one a line", row, column)
	case err != nil:
		return Account{}, errors.New("it is not valid TOML; write name = \"value\", one a line")
	}
	a.trim()
	return a, nil
}

// trim takes blanks off both ends of every value but the password, where they may
// be meant.
func (a *Account) trim() {
	for _, s := range []*string{&a.Name, &a.User, &a.Domain, &a.Login, &a.PasswordEnv, &a.CallerID, &a.Proxy, &a.Transport, &a.CAFile, &a.Encryption, &a.Provider} {
		*s = strings.TrimSpace(*s)
	}
	for i := range a.Codecs {
		a.Codecs[i] = strings.TrimSpace(a.Codecs[i])
	}
}

var (
	// twice is what the TOML reader says of a key that was set before.
	twice = regexp.MustCompile(`key (\w+) is already defined`)
	// heading begins a table, as in [account].
	heading = regexp.MustCompile(`^\s*\[+\s*(\w{1,40})\s*\]+`)
	// setting is a line with one setting, a colon in place of the = included. A trailing
	// comment is no part of the value.
	setting = regexp.MustCompile(`^\s*(\w+)\s*([=:])\s*(.*?)\s*$`)
	comment = regexp.MustCompile(`\s#.*$`)
	// showable is a value that may be repeated in a sentence.
	showable = regexp.MustCompile(`^[\w.:+*#@-]{1,64}$`)
)

// line gives a line of the file, the first is 1; "" when there is none.
func line(data []byte, row int) string {
	lines := strings.Split(string(data), "\n")
	if row < 1 || row > len(lines) {
		return ""
	}
	return lines[row-1]
}

// mistake says what is wrong with a line that the TOML reader refuses, and how it is
// written rightly; "" when nothing usual is. It never repeats a value that may be a
// password.
func mistake(text string) string {
	m := setting.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	name, value := m[1], m[3]
	bare := strings.TrimSpace(comment.ReplaceAllString(value, ""))
	switch name {
	case "register", "prefer_ipv6", "challenge_callers":
		return name + " must be true or false, without quotes"
	case "codecs":
		return `codecs is a list in square brackets: codecs = ["PCMA", "PCMU"]`
	case "stun":
		return `stun is a list in square brackets: stun = ["stun.example.net"]`
	case "name", "user", "domain", "login", "password", "password_env", "caller_id", "proxy", "transport", "ca_file", "encryption", "provider", "keep_alive", "mirror":
	default:
		return ""
	}
	switch {
	case m[2] == ":":
		return fmt.Sprintf("write = and not a colon between %s and its value: %s = \"...\"", name, name)
	case bare == "":
		return ""
	case strings.ContainsAny(bare[:1], `"'`):
		switch quote := bare[:1]; {
		case strings.Count(value, quote) < 2:
			return "the quote at the end of " + name + " is missing"
		case quote == `"` && strings.Contains(value, `\`):
			return name + " holds a backslash, which has a meaning of its own between \" quotes; put the value between ' quotes"
		}
		return ""
	case strings.ContainsAny(bare[:min(len(bare), 3)], "“„”‘’‚«»"):
		return fmt.Sprintf("%s must stand in plain quotes: %s = \"...\"", name, name)
	case strings.HasPrefix(name, "password") || !showable.MatchString(bare):
		return fmt.Sprintf("%s must stand in quotes: %s = \"...\"", name, name)
	}
	return fmt.Sprintf("%s must stand in quotes: %s = \"%s\"", name, name, bare)
}
