package softphones

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strings"

	"softphonedoctor/sipclient/sipmsg"
)

// readProvisioning reads the XML of Linphone's remote provisioning, which has the
// sections of linphonerc.
func readProvisioning(s string) ([]section, error) {
	var file struct {
		Sections []struct {
			Name    string `xml:"name,attr"`
			Entries []struct {
				Name  string `xml:"name,attr"`
				Value string `xml:",chardata"`
			} `xml:"entry"`
		} `xml:"section"`
	}
	d := xml.NewDecoder(strings.NewReader(s))
	d.Strict = false
	d.CharsetReader = sameLetters
	if err := d.Decode(&file); err != nil {
		return nil, errors.New("this XML file of Linphone is damaged")
	}
	var list []section
	for _, x := range file.Sections {
		one := section{name: strings.ToLower(x.Name), values: map[string]string{}}
		for _, e := range x.Entries {
			one.values[strings.ToLower(e.Name)] = strings.TrimSpace(e.Value)
		}
		list = append(list, one)
	}
	return list, nil
}

// fromLinphone takes the accounts out of proxy_N sections, with the passwords of
// auth_info_N.
func fromLinphone(list []section) []Account {
	sip := find(list, "sip")
	var names []string
	for i := 0; ; i++ {
		c := find(list, fmt.Sprintf("audio_codec_%d", i))
		if c.values == nil {
			break
		}
		if c.on("enabled") {
			names = append(names, c.get("mime"))
		}
	}
	stun := find(list, "net").get("stun_server")
	if stun == "" {
		stun = find(list, "nat_policy_0").get("stun_server")
	}
	var accounts []Account
	for _, s := range list {
		if !strings.HasPrefix(s.name, "proxy_") || s.get("reg_identity") == "" {
			continue
		}
		who, err := sipmsg.ParseAddress(s.get("reg_identity"))
		if err != nil || who.URI.User == "" || who.URI.Host == "" {
			continue
		}
		a := accountOf(who.URI)
		a.Label = who.Display
		registrar, over := server(s.get("reg_proxy"))
		if route, t := server(firstOf(s.get("reg_route"))); route != "" {
			registrar = route
			if t != "" {
				over = t
			}
		}
		if registrar != "" && !strings.EqualFold(registrar, a.Domain) {
			a.Proxy = registrar
		}
		if over != "" {
			a.Transport = over
		}
		a.Silent = s.get("reg_sendregister") != "" && !s.on("reg_sendregister")
		a.auth(list)
		a.Encryption = map[string]string{"srtp": "optional", "none": "none"}[strings.ToLower(sip.get("media_encryption"))]
		if a.Encryption == "optional" && sip.on("media_encryption_mandatory") {
			a.Encryption = "srtp"
		}
		if m := strings.ToLower(sip.get("media_encryption")); m == "zrtp" || m == "dtls" {
			a.Notes = append(a.Notes, "Its sound is encrypted by "+strings.ToUpper(m)+", which this test phone cannot do: the call is tested without.")
		}
		a.codecs(names)
		if stun != "" {
			a.STUN = []string{stun}
		}
		accounts = append(accounts, a)
	}
	return accounts
}

// auth takes the password that Linphone keeps for this user and domain.
func (a *Account) auth(list []section) {
	host, _, _ := strings.Cut(a.Domain, ":")
	var best section
	for _, s := range list {
		if !strings.HasPrefix(s.name, "auth_info_") || s.get("username") != a.User {
			continue
		}
		d := s.get("domain")
		if d == a.User {
			d = "" // linphonec 5.1 writes the user there after its command register
		}
		if d != "" && !strings.EqualFold(d, host) {
			continue
		}
		if best.values == nil || d != "" {
			best = s
		}
	}
	a.Login = best.get("userid")
	a.Password = best.get("passwd")
	if a.Password == "" && best.get("ha1") != "" {
		a.Notes = append(a.Notes, "Linphone keeps only what it has computed from the password (ha1), which this test cannot use: enter the password once.")
	}
}

// firstOf is the first of several values with commas between.
func firstOf(s string) string {
	first, _, _ := strings.Cut(s, ",")
	return first
}
