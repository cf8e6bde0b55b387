package softphones

import (
	"strings"

	"softphonedoctor/sipclient/sipmsg"
)

// accountLine gives a line of baresip's accounts that holds one, "" for others.
func accountLine(line string) string {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return ""
	}
	open := strings.IndexByte(line, '<')
	if open < 0 || !strings.Contains(line, ">") || !strings.HasPrefix(strings.ToLower(line[open+1:]), "sip") {
		return ""
	}
	return line
}

func hasBaresipLine(s string) bool {
	for line := range strings.Lines(s) {
		if accountLine(line) != "" {
			return true
		}
	}
	return false
}

// readBaresip takes the accounts out of lines such as
// "Name" <sip:user@domain;transport=tls>;auth_user=...;auth_pass=...
func readBaresip(s string) []Account {
	var accounts []Account
	for line := range strings.Lines(s) {
		line = accountLine(line)
		if line == "" {
			continue
		}
		open, end := strings.IndexByte(line, '<'), strings.IndexByte(line, '>')
		if end < open {
			continue
		}
		u, err := sipmsg.ParseURI(line[open+1 : end])
		if err != nil || u.Host == "" || u.User == "" {
			continue
		}
		a := accountOf(u)
		a.Label = strings.Trim(strings.TrimSpace(line[:open]), `"`)
		p := parameters(line[end+1:])
		a.Login = p["auth_user"]
		if p["auth_pass"] != "" {
			a.Password = p["auth_pass"]
		}
		if proxy, t := server(p["outbound"]); proxy != "" {
			a.Proxy = proxy
			if t != "" {
				a.Transport = t
			}
		}
		a.Silent = p["regint"] == "0"
		switch enc := p["mediaenc"]; enc {
		case "":
		case "srtp":
			a.Encryption = "optional"
		case "srtp-mand", "srtp-mandf":
			a.Encryption = "srtp"
		default:
			a.Notes = append(a.Notes, "Its sound is encrypted by "+enc+", which this test phone cannot do: the call is tested without.")
		}
		if list := p["audio_codecs"]; list != "" {
			a.codecs(strings.Split(list, ","))
		}
		if stun := p["stunserver"]; stun != "" {
			stun = stun[strings.IndexByte(stun, ':')+1:]
			stun = stun[strings.LastIndexByte(stun, '@')+1:]
			a.STUN = []string{strings.Trim(stun, `"`)}
		}
		accounts = append(accounts, a)
	}
	return accounts
}

// parameters reads ;name=value pairs, values in quotes or not.
func parameters(s string) map[string]string {
	p := map[string]string{}
	for s = strings.TrimSpace(s); len(s) > 0; {
		s = strings.TrimLeft(s, "; \t")
		end := 0
		for quoted := false; end < len(s) && (quoted || s[end] != ';'); end++ {
			if s[end] == '"' {
				quoted = !quoted
			}
		}
		name, value, _ := strings.Cut(s[:end], "=")
		p[strings.ToLower(strings.TrimSpace(name))] = strings.Trim(strings.TrimSpace(value), `"`)
		s = s[end:]
	}
	return p
}
