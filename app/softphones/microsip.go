package softphones

import (
	"regexp"
	"strings"
)

// sealed is a password that MicroSIP encrypted for the Windows account that runs it.
var sealed = regexp.MustCompile(`^([0-9A-Fa-f]{2}){16,}$`)

// fromMicroSIP takes the accounts out of AccountN sections.
func fromMicroSIP(list []section) []Account {
	settings := find(list, "settings")
	var accounts []Account
	for _, s := range list {
		if !strings.HasPrefix(s.name, "account") || s.get("username") == "" {
			continue
		}
		a := Account{Label: s.get("label"), User: s.get("username"), Domain: s.get("domain"), Login: s.get("authid"), Password: s.get("password")}
		if a.Label == "" {
			a.Label = s.get("displayname")
		}
		registrar, over := server(s.get("server"))
		a.Domain, _ = server(a.Domain)
		switch {
		case a.Domain == "":
			a.Domain = registrar
		case registrar != "" && !strings.EqualFold(registrar, a.Domain):
			a.Proxy = registrar
		}
		if proxy, t := server(s.get("proxy")); proxy != "" && !strings.EqualFold(proxy, a.Domain) {
			a.Proxy = proxy
			if t != "" {
				over = t
			}
		}
		switch t := strings.ToLower(s.get("transport")); t {
		case "udp", "tcp", "tls":
			a.Transport = t
		default:
			a.Transport = over
		}
		switch strings.ToLower(s.get("srtp")) {
		case "mand", "mandatory", "2":
			a.Encryption = "srtp"
		case "opt", "optional", "1":
			a.Encryption = "optional"
		}
		if registrar == "" { // MicroSIP signs in where a server is named
			a.Silent = true
		}
		if sealed.MatchString(a.Password) {
			a.Password = ""
			a.Notes = append(a.Notes, "MicroSIP encrypted the password so that only it can read it: enter the password once.")
		}
		if a.Domain == "" {
			continue
		}
		a.codecs(strings.Fields(settings.get("audiocodecs")))
		if stun := settings.get("stun"); stun != "" && (settings.on("enablestun") || s.on("stun")) {
			a.STUN = []string{stun}
		}
		accounts = append(accounts, a)
	}
	return accounts
}
