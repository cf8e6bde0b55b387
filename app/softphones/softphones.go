// Package softphones reads the accounts that other softphones keep: Linphone
// (linphonerc, and the XML of its remote provisioning), MicroSIP (microsip.ini), Zoiper
// (Config.xml), baresip (accounts), an address (sip:, sips:), and a picture of a QR code
// that holds one of these. It reads what it is given, and fetches nothing.
package softphones

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"softphonedoctor/sipclient/sipmsg"
)

// Account is one account as another softphone has it. Empty fields are left to that
// softphone's own choice.
type Account struct {
	Label      string // what the person called it, or their name
	User       string
	Domain     string // host or host:port
	Login      string // where it is not the user
	Password   string
	Proxy      string   // host or host:port
	Transport  string   // "udp", "tcp" or "tls"
	Encryption string   // "none", "optional" or "srtp"
	Codecs     []string // those of PCMU, PCMA and G722 that are on, best first
	STUN       []string
	Silent     bool // it does not sign in
	// Notes say what could not be taken over, a sentence each.
	Notes []string
}

// Import is what a file holds.
type Import struct {
	From     string // "Linphone", "MicroSIP", "Zoiper", "baresip", "an address"
	Accounts []Account
}

// maxFile is as long as a file with accounts may be, in bytes.
const maxFile = 8 << 20

// ErrUnknown says that a file is none of those that can be read.
var ErrUnknown = errors.New("this is no file of accounts that can be read: choose linphonerc (Linphone), microsip.ini (MicroSIP), Config.xml (Zoiper), accounts (baresip), a picture of a QR code, or enter an address like sip:2001@pbx.example.net")

// Read takes the accounts out of a file's bytes, or of an address. The kind is
// recognised by what is in it. Every error is a sentence; none quotes a password.
func Read(data []byte) (Import, error) {
	if len(data) > maxFile {
		return Import{}, errors.New("this file is too long for one with accounts")
	}
	if picture(data) {
		text, err := readQR(data)
		if err != nil {
			return Import{}, err
		}
		if in, err := readText(text); err == nil || !errors.Is(err, ErrUnknown) {
			return in, err
		}
		if u, err := url.Parse(strings.TrimSpace(text)); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
			return Import{}, fmt.Errorf("this QR code holds only the place where the settings lie (%s): open it in a browser, save what comes, and import that file", u.Host)
		}
		return Import{}, errors.New("this QR code holds no phone account")
	}
	return readText(text(data))
}

func readText(s string) (Import, error) {
	var in Import
	var err error
	lower := strings.ToLower(s)
	switch {
	case isAddress(s):
		in.From = "an address"
		var a Account
		if a, err = fromAddress(strings.TrimSpace(s)); err == nil {
			in.Accounts = []Account{a}
		}
	case strings.Contains(lower, "<sip_domain") || strings.Contains(lower, "<options") && strings.Contains(lower, "<account"):
		in.From = "Zoiper"
		in.Accounts, err = readZoiper(s)
	case strings.Contains(lower, "<section") && strings.Contains(lower, "<entry"):
		in.From = "Linphone"
		var sections []section
		if sections, err = readProvisioning(s); err == nil {
			in.Accounts = fromLinphone(sections)
		}
	case hasSection(lower, "proxy_") || hasSection(lower, "auth_info_"):
		in.From = "Linphone"
		in.Accounts = fromLinphone(readINI(s))
	case hasSection(lower, "account"):
		in.From = "MicroSIP"
		in.Accounts = fromMicroSIP(readINI(s))
	case strings.Contains(lower, "sip accounts - one account per line") || hasBaresipLine(s):
		in.From = "baresip"
		in.Accounts = readBaresip(s)
	default:
		return Import{}, ErrUnknown
	}
	if err != nil {
		return Import{}, err
	}
	if len(in.Accounts) == 0 {
		return Import{}, fmt.Errorf("this file is of %s, but there is no SIP account in it", in.From)
	}
	for i := range in.Accounts {
		in.Accounts[i].tidy()
	}
	return in, nil
}

// tidy drops what says nothing, and names what is left without a password.
func (a *Account) tidy() {
	if a.Login == a.User {
		a.Login = ""
	}
	if strings.EqualFold(a.Proxy, a.Domain) {
		a.Proxy = ""
	}
	if a.Password == "" && !a.Silent && !slices.ContainsFunc(a.Notes, func(s string) bool { return strings.Contains(s, "password") }) {
		a.Notes = append(a.Notes, "The password is not in it: enter it once.")
	}
}

// text gives a file's letters: Windows programs write UTF-16, and marks at the beginning.
func text(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		big := data[0] == 0xfe
		var units []uint16
		for rest := data[2:]; len(rest) >= 2; rest = rest[2:] {
			u := uint16(rest[0]) | uint16(rest[1])<<8
			if big {
				u = u<<8 | u>>8
			}
			units = append(units, u)
		}
		return string(utf16.Decode(units))
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return string(data[3:])
	case utf8.Valid(data):
		return string(data)
	}
	runes := make([]rune, len(data)) // ISO 8859-1
	for i, b := range data {
		runes[i] = rune(b)
	}
	return string(runes)
}

func isAddress(s string) bool {
	s = strings.ToLower(strings.TrimSpace(s))
	return (strings.HasPrefix(s, "sip:") || strings.HasPrefix(s, "sips:")) && !strings.ContainsAny(s, "\r\n")
}

// fromAddress takes an account out of a SIP address (RFC 3261 19.1), with or without
// a password in it.
func fromAddress(s string) (Account, error) {
	u, err := sipmsg.ParseURI(strings.Trim(s, "<>"))
	if err != nil || u.Host == "" {
		return Account{}, errors.New("this address cannot be read: write it like sip:2001@pbx.example.net")
	}
	if u.User == "" {
		return Account{}, errors.New("this address names no user: write it like sip:2001@pbx.example.net")
	}
	return accountOf(u), nil
}

func accountOf(u sipmsg.URI) Account {
	a := Account{Domain: hostPort(u)}
	a.User = unescape(u.User)
	// The reader of messages leaves a password out (RFC 3261 19.1.1 says why); here it counts.
	if _, rest, ok := strings.Cut(u.Raw, ":"); ok {
		if at := strings.LastIndexByte(rest, '@'); at >= 0 {
			_, password, _ := strings.Cut(rest[:at], ":")
			a.Password = unescape(password)
		}
	}
	a.Transport = transport(u)
	return a
}

func transport(u sipmsg.URI) string {
	t := strings.ToLower(u.Params.Get("transport"))
	switch {
	case strings.EqualFold(u.Scheme, "sips"):
		return "tls"
	case t == "udp" || t == "tcp" || t == "tls":
		return t
	}
	return ""
}

func hostPort(u sipmsg.URI) string {
	host := u.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if u.Port != 0 {
		return net.JoinHostPort(u.Host, strconv.Itoa(u.Port))
	}
	return host
}

func unescape(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}

// server reads what softphones write as a server: a host, a host with a port, an
// address, in angle brackets or not.
func server(s string) (host, transportName string) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", ""
	}
	inner := s
	if open := strings.IndexByte(s, '<'); open >= 0 {
		inner, _, _ = strings.Cut(s[open+1:], ">")
	}
	if isAddress(inner) {
		if u, err := sipmsg.ParseURI(strings.TrimSpace(inner)); err == nil && u.Host != "" {
			return hostPort(u), transport(u)
		}
	}
	plain, params, _ := strings.Cut(strings.Trim(s, "<>"), ";")
	u, _ := sipmsg.ParseURI("sip:" + plain + ";" + params)
	return plain, transport(u)
}

// usable keeps of the names of codecs those that can be tested, in their order.
func usable(names []string) []string {
	var list []string
	for _, n := range names {
		n, _, _ = strings.Cut(strings.ToUpper(strings.TrimSpace(n)), "/")
		switch n {
		case "PCMU", "PCMA", "G722":
			if !slices.Contains(list, n) {
				list = append(list, n)
			}
		}
	}
	return list
}

// codecs notes what of a softphone's choice is taken over.
func (a *Account) codecs(names []string) {
	if a.Codecs = usable(names); len(names) > 0 && len(a.Codecs) == 0 {
		a.Notes = append(a.Notes, "None of its codecs can be tested here: the test offers PCMA and PCMU in their place.")
	}
}
