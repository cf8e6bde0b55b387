package sipclient

import (
	"regexp"
	"strings"

	"softphonedoctor/sipclient/names"
)

// plan is the part of a country's numbering plan that names numbers with a price of
// their own, far above a call's.
type plan struct {
	trunk   string   // what stands before a national number inside the country, "" for nothing
	premium []string // how the national numbers begin, without the trunk prefix
}

// plans lists, by country code, what the national numbering plans set aside for
// premium services. Numbers that cost a little more than usual (UK 084 and 087,
// German 0180 and 032, French 081 and 082, Italian 199, Swiss 084) are not among
// them, and neither are directory enquiries of five digits: those are everyday
// extensions of small exchanges.
var plans = map[string]plan{
	"1":   {"1", []string{"900"}},                                                  // North American Numbering Plan: easily recognisable code 900; 976 see below
	"31":  {"0", []string{"900", "906", "909"}},                                    // Nummerplan telefoon- en ISDN-diensten
	"32":  {"0", []string{"90"}},                                                   // BIPT, numbering plan: 0900 to 0909
	"33":  {"0", []string{"89"}},                                                   // ARCEP, plan national de numérotation: 089x
	"34":  {"", []string{"803", "806", "807", "905", "907"}},                       // Plan nacional de numeración: tarificación adicional
	"39":  {"", []string{"892", "893", "894", "895", "899"}},                       // AGCOM, piano di numerazione nazionale: 89x
	"41":  {"0", []string{"900", "901", "906"}},                                    // BAKOM, numbering plan E.164: 0900, 0901, 0906
	"43":  {"0", []string{"900", "901", "930", "931", "939"}},                      // KEM-V: Mehrwertdienste
	"44":  {"0", []string{"9"}},                                                    // Ofcom, National Telephone Numbering Plan: 09; 118xxx see below
	"45":  {"", []string{"90"}},                                                    // Danish numbering plan: 90xxxxxx
	"46":  {"0", []string{"900", "939", "944"}},                                    // PTS, Swedish numbering plan: betalteletjänster
	"47":  {"", []string{"820", "829"}},                                            // Nkom, Norwegian numbering plan: teletorgtjenester
	"48":  {"", []string{"70"}},                                                    // UKE, plan numeracji krajowej: 70x
	"49":  {"0", []string{"900", "190", "137"}},                                    // BNetzA, Nummernplan: Premium-Dienste, (old) 0190, Massenverkehr
	"61":  {"", []string{"190"}},                                                   // ACMA, Telecommunications Numbering Plan: 190x
	"64":  {"0", []string{"900"}},                                                  // New Zealand Number Administration Deed: 0900
	"351": {"", []string{"601", "607", "646", "648", "760", "761", "762"}},         // ANACOM, plano nacional de numeração
	"353": {"", []string{"15"}},                                                    // ComReg, numbering conditions: 15xx
	"358": {"0", []string{"600", "700"}},                                           // Traficom, Finnish numbering plan: 0600, 0700
	"420": {"", []string{"900", "906", "909"}},                                     // ČTÚ, Czech numbering plan: 90x
	"870": {"", []string{""}},                                                      // ITU-T E.164: Inmarsat
	"881": {"", []string{""}},                                                      // ITU-T E.164: satellite phones (GMSS)
	"882": {"", []string{""}},                                                      // ITU-T E.164: international networks
	"883": {"", []string{"0", "1", "2", "3", "4", "50", "52", "6", "7", "8", "9"}}, // the same; 883 51 (iNum) is ordinary
	"979": {"", []string{""}},                                                      // ITU-T E.169.2: international premium rate service
}

// homes gives the country that a domain's last label stands for. Only countries with
// a plan above matter.
var homes = map[string]string{
	"us": "1", "ca": "1", "nl": "31", "be": "32", "fr": "33", "es": "34", "it": "39", "ch": "41", "at": "43", "uk": "44",
	"dk": "45", "se": "46", "no": "47", "pl": "48", "de": "49", "au": "61", "nz": "64", "pt": "351", "ie": "353", "fi": "358", "cz": "420",
}

// IsPremium tells whether a dialled text means a number of a premium service, a
// satellite phone or an international service, as a bare number or a sip: or tel:
// URI, with or without separators, in national or international form. What is premium
// in one country and an ordinary place in another (089 is Munich, and paid in France)
// counts only in international form, or in the country that the account shows.
// Numbers of up to five digits are extensions.
func (a Account) IsPremium(to string) bool {
	s := dialledNumber(to)
	if strings.Trim(s, "+0123456789") != "" {
		return false
	}
	if n, ok := international(s); ok && premiumAbroad(n) {
		return true
	}
	home := a.home()
	for _, s := range withoutOutsideLine(s, home) {
		if len(s) > 5 && (premiumAnywhere(s) || premiumAtHome(s, home)) {
			return true
		}
	}
	return false
}

// hidden is how a number is dialled so that the caller's own is not shown: *31# and
// #31# in Europe, *31 at many exchanges, *67 in North America.
var hidden = regexp.MustCompile(`^(?:[*#]31#|\*(?:31|67))(\+?\d{3,})$`)

// dialledNumber gives the number or user name of what a person typed, without
// scheme, parameters, escapes and separators, and without what is dialled around a
// number but does not change who is called.
func dialledNumber(to string) string {
	s := strings.ToLower(strings.TrimSpace(to))
	for _, scheme := range []string{"sips:", "sip:", "tel:"} {
		s = strings.TrimPrefix(s, scheme)
	}
	s, _, at := strings.Cut(s, "@")
	s, _, _ = strings.Cut(s, ";")
	s, _, _ = strings.Cut(s, "?")
	if at {
		s, _, _ = strings.Cut(s, ":") // user:password@host (RFC 3261 19.1.1)
	}
	s = plainNumber(unescape(s))
	if rest := strings.TrimRight(s, "#"); strings.ContainsAny(rest, "0123456789") {
		s = rest // "send now" on many desk phones
	}
	if m := hidden.FindStringSubmatch(s); m != nil {
		s = m[1]
	}
	return s
}

// international gives the digits behind an international prefix: + or 00, 011 in
// North America, 0011 in Australia. The latter two also begin ordinary numbers
// (Hasselt, Johannesburg), which are shorter.
func international(s string) (string, bool) {
	for _, p := range []struct {
		prefix string
		least  int // digits behind it
	}{{"+", 6}, {"0011", 9}, {"011", 9}, {"90011", 9}, {"9011", 9}, {"000", 9}, {"900", 9}, {"00", 7}} {
		if rest, ok := strings.CutPrefix(s, p.prefix); ok && len(rest) >= p.least && !strings.HasPrefix(rest, "0") {
			return rest, true
		}
	}
	return "", false
}

// premiumAbroad judges a number that begins with its country code. A trunk prefix
// that people leave in, as in +49 (0)900, changes nothing.
func premiumAbroad(n string) bool {
	for digits := 1; digits <= 3 && digits < len(n); digits++ {
		p, ok := plans[n[:digits]]
		if !ok {
			continue
		}
		national := n[digits:]
		if p.trunk == "0" {
			national = strings.TrimPrefix(national, "0")
		}
		return p.has(national, n[:digits])
	}
	return false
}

// has judges a national number without trunk prefix.
func (p plan) has(national, country string) bool {
	for _, begin := range p.premium {
		if strings.HasPrefix(national, begin) {
			return true
		}
	}
	// NANP: 976 is a premium exchange in many area codes.
	return country == "1" && len(national) == 10 && national[3:6] == "976"
}

// premiumAnywhere judges national forms that are premium wherever they exist: 0900,
// 1-900 and 190x of Australia, the Spanish 80x.
func premiumAnywhere(s string) bool {
	switch {
	case strings.HasPrefix(s, "0900"):
		return len(s) >= 8 // four digits behind it in the Netherlands
	case strings.HasPrefix(s, "1900"):
		return len(s) == 11 || len(s) == 10
	case strings.HasPrefix(s, "190"):
		return len(s) == 10
	case strings.HasPrefix(s, "803"), strings.HasPrefix(s, "806"), strings.HasPrefix(s, "807"):
		return len(s) == 9
	}
	return false
}

// premiumAtHome judges a number in the form of the account's own country.
func premiumAtHome(s, home string) bool {
	p, ok := plans[home]
	if !ok || len(s) < 6 {
		return false
	}
	switch national, trunk := strings.CutPrefix(s, p.trunk); {
	case home == "1":
		return len(national) == 10 && p.has(national, home)
	case p.trunk != "" && !trunk:
		// directory enquiries of the United Kingdom cost as much
		return home == "44" && len(s) == 6 && strings.HasPrefix(s, "118")
	default:
		return p.has(national, home)
	}
}

// withoutOutsideLine gives a number as it is, and without the 0 or 9 with which an
// exchange gives an outside line.
func withoutOutsideLine(s, home string) []string {
	list := []string{s}
	if rest, ok := strings.CutPrefix(s, "0"); ok && strings.HasPrefix(rest, "0") {
		list = append(list, rest)
	}
	if rest, ok := strings.CutPrefix(s, "9"); ok && len(rest) >= 10 && (rest[0] == '0' || rest[0] == '1' && home == "1") {
		list = append(list, rest)
	}
	return list
}

// home is the code of the country that the account shows: by a number of its own in
// international form, or by its domain's last label; "" when it does not show.
func (a Account) home() string {
	for _, own := range []string{a.CallerID, a.User, a.Login} {
		n, ok := international(dialledNumber(own))
		for digits := 1; ok && digits <= 3 && digits < len(n); digits++ {
			if _, known := plans[n[:digits]]; known {
				return n[:digits]
			}
		}
	}
	host, _, err := names.SplitHostPort(a.Domain)
	if err != nil {
		host = a.Domain
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return homes[host[strings.LastIndexByte(host, '.')+1:]]
}

// mayCall refuses the numbers that a test never calls, whoever names them: the person,
// or a server that redirects.
func (a Account) mayCall(to string) error {
	switch {
	case IsEmergency(to):
		return ErrEmergency
	case a.IsPremium(to):
		return ErrPremium
	}
	return nil
}
