package session

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/pelletier/go-toml/v2"

	"softphonedoctor/app/softphones"
)

// Accounts are the accounts that this program keeps for a person: a file each, in the
// form of an account file and without the password, which is kept by the system's
// password store.
type Accounts struct {
	dir     string
	secrets Secrets
}

// Kept is one kept account. Its password is not filled in; see Accounts.Password.
type Kept struct {
	Account
	// Origin is where it was imported from, with the settings as they were there; nil for
	// an account that was entered here.
	Origin *Origin
}

// Origin is what another softphone has, so that it can be compared with what worked.
type Origin struct {
	From            string  `toml:"from"` // "Linphone"
	Account         Account `toml:"account"`
	PasswordChanged bool    `toml:"password_changed"` // another password was entered since
}

// AccountsFolder is where accounts are kept.
func AccountsFolder() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("this system names no folder for settings: %w", err)
	}
	return filepath.Join(dir, "softphone-doctor", "accounts"), nil
}

// OpenAccounts gives the accounts of a folder ("": AccountsFolder) with the system's
// password store.
func OpenAccounts(dir string) (*Accounts, error) {
	if dir == "" {
		var err error
		if dir, err = AccountsFolder(); err != nil {
			return nil, err
		}
	}
	return &Accounts{dir: dir, secrets: systemSecrets{}}, nil
}

const (
	accountSuffix = ".toml"
	originSuffix  = ".origin"
)

// ErrNoAccount says that no account of that name is kept.
var ErrNoAccount = errors.New("softphone-doctor account list shows the kept ones")

// List gives the kept accounts by name. A file that cannot be read is an error that
// names it; the others are given all the same.
func (s *Accounts) List() ([]Kept, error) {
	paths, _ := filepath.Glob(filepath.Join(s.dir, "*"+accountSuffix)) // a folder that is not there holds none
	var list []Kept
	var bad error
	for _, path := range paths {
		k, err := readKept(path)
		if err != nil {
			bad = errors.Join(bad, err)
			continue
		}
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b Kept) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return list, bad
}

func readKept(path string) (Kept, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Kept{}, fmt.Errorf("cannot read the kept account %s: %w", path, bareError(err))
	}
	a, err := ParseAccount(data)
	if err != nil {
		return Kept{}, fmt.Errorf("kept account %s: %w", path, err)
	}
	if a.Name == "" {
		a.Name = strings.TrimSuffix(filepath.Base(path), accountSuffix)
	}
	k := Kept{Account: a}
	if data, err := os.ReadFile(strings.TrimSuffix(path, accountSuffix) + originSuffix); err == nil {
		var o Origin
		if toml.Unmarshal(data, &o) == nil { // a damaged one only cannot be compared with
			k.Origin = &o
		}
	}
	return k, nil
}

// Get finds an account by its name, without its password.
func (s *Accounts) Get(name string) (Kept, error) {
	list, bad := s.List()
	for _, k := range list {
		if strings.EqualFold(k.Name, name) {
			return k, nil
		}
	}
	if bad != nil {
		return Kept{}, bad
	}
	return Kept{}, fmt.Errorf("there is no kept account %q: %w", name, ErrNoAccount)
}

// Password gives the password of a kept account. ErrNoPassword: none is stored, or this
// computer has no password store.
func (s *Accounts) Password(name string) (string, error) { return s.secrets.Get(key(name)) }

// Keep writes an account down under its name and stores its password, if it has one.
// Where the password cannot be stored, the account is kept all the same, and the error
// is ErrNoStore with the reason.
func (s *Accounts) Keep(a Account, origin *Origin) error {
	if strings.TrimSpace(a.Name) == "" {
		a.Name = a.Address()
	}
	path := s.path(a.Name)
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("cannot make %s: %w", s.dir, bareError(err))
	}
	if err := replaceFile(path, []byte(a.TOML())); err != nil {
		return fmt.Errorf("cannot keep the account in %s: %w", path, bareError(err))
	}
	if origin != nil {
		o := *origin
		o.Account.Password, o.Account.PasswordEnv = "", ""
		data, err := toml.Marshal(o)
		if err != nil {
			return err
		}
		if err := replaceFile(strings.TrimSuffix(path, accountSuffix)+originSuffix, data); err != nil {
			return fmt.Errorf("cannot keep the account in %s: %w", path, bareError(err))
		}
	}
	if a.Password == "" {
		return nil
	}
	return s.secrets.Set(key(a.Name), a.Password)
}

// SetPassword stores another password for a kept account.
func (s *Accounts) SetPassword(name, password string) error {
	k, err := s.Get(name)
	if err != nil {
		return err
	}
	k.Password, k.PasswordEnv = password, ""
	if k.Origin != nil {
		k.Origin.PasswordChanged = true
	}
	return s.Keep(k.Account, k.Origin)
}

// Remove forgets an account and its password.
func (s *Accounts) Remove(name string) error {
	k, err := s.Get(name)
	if err != nil {
		return err
	}
	path := s.path(k.Name)
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("cannot remove %s: %w", path, bareError(err))
	}
	if err := os.Remove(strings.TrimSuffix(path, accountSuffix) + originSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove what was noted of its origin: %w", bareError(err))
	}
	return s.secrets.Delete(key(k.Name))
}

// Free gives the name, or the first one with a number behind that is not taken.
func (s *Accounts) Free(name string) string {
	for n, try := 2, name; ; n++ {
		if _, err := os.Stat(s.path(try)); errors.Is(err, fs.ErrNotExist) {
			return try
		}
		try = name + " " + strconv.Itoa(n)
	}
}

// path is the file of a name: letters, digits and a few signs of it, the rest by number,
// so that different names never share one.
func (s *Accounts) path(name string) string {
	var b strings.Builder
	for _, r := range key(name) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), strings.ContainsRune("-_ +@", r):
			b.WriteRune(r)
		case r == '.' && b.Len() > 0:
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "%%%02x", r)
		}
	}
	return filepath.Join(s.dir, b.String()+accountSuffix)
}

func key(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// TOML writes the account as an account file, what was left to the program left out. It
// never holds the password.
func (a Account) TOML() string {
	var b strings.Builder
	text := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s = %s\n", name, quote(value))
		}
	}
	list := func(name string, values []string) {
		if len(values) > 0 {
			quoted := make([]string, len(values))
			for i, v := range values {
				quoted[i] = quote(v)
			}
			fmt.Fprintf(&b, "%s = [%s]\n", name, strings.Join(quoted, ", "))
		}
	}
	text("name", a.Name)
	text("user", a.User)
	text("domain", a.Domain)
	text("login", a.Login)
	text("password_env", a.PasswordEnv)
	text("caller_id", a.CallerID)
	text("proxy", a.Proxy)
	text("transport", a.Transport)
	text("ca_file", a.CAFile)
	if a.PreferIPv6 {
		b.WriteString("prefer_ipv6 = true\n")
	}
	list("codecs", a.Codecs)
	text("encryption", a.Encryption)
	if a.Register != nil {
		fmt.Fprintf(&b, "register = %v\n", *a.Register)
	}
	text("provider", a.Provider)
	text("keep_alive", a.KeepAlive)
	list("stun", a.STUN)
	text("mirror", a.Mirror)
	if a.ChallengeCallers {
		b.WriteString("challenge_callers = true\n")
	}
	return b.String()
}

// quote writes a TOML string.
func quote(s string) string {
	out, err := toml.Marshal(map[string]string{"x": s})
	if err != nil {
		return strconv.Quote(s)
	}
	return strings.TrimSpace(strings.TrimPrefix(string(out), "x = "))
}

// Imported is an account out of another softphone, with what could not be taken over.
type Imported struct {
	Account Account
	Origin  Origin
	Notes   []string
}

// ImportAccounts reads a file of another softphone, a picture of a QR code, or a sip:
// address. The error is a sentence.
func ImportAccounts(fileOrAddress string) ([]Imported, error) {
	data := []byte(fileOrAddress)
	lower := strings.ToLower(fileOrAddress)
	if !strings.HasPrefix(lower, "sip:") && !strings.HasPrefix(lower, "sips:") {
		st, err := os.Stat(fileOrAddress)
		if err == nil && st.IsDir() {
			return nil, fmt.Errorf("%s is a folder: name the file in it", fileOrAddress)
		}
		if data, err = os.ReadFile(fileOrAddress); err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", fileOrAddress, bareError(err))
		}
	}
	in, err := softphones.Read(data)
	if err != nil {
		if data != nil && strings.HasPrefix(lower, "sip") && strings.Contains(lower, ":") {
			return nil, err
		}
		return nil, fmt.Errorf("%s: %w", fileOrAddress, err)
	}
	var list []Imported
	for _, s := range in.Accounts {
		a := Account{Name: s.Label, User: s.User, Domain: s.Domain, Login: s.Login, Password: s.Password, Proxy: s.Proxy, Transport: s.Transport,
			Encryption: s.Encryption, Codecs: s.Codecs, STUN: s.STUN}
		if s.Silent {
			no := false
			a.Register = &no
		}
		if a.Name == "" {
			a.Name = a.Address()
		}
		o := Origin{From: in.From, Account: a}
		o.Account.Password = ""
		list = append(list, Imported{Account: a, Origin: o, Notes: s.Notes})
	}
	return list, nil
}
