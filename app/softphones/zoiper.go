package softphones

import (
	"encoding/xml"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
)

// sameLetters lets a declared character set stand: the file was turned into UTF-8 before.
func sameLetters(_ string, r io.Reader) (io.Reader, error) { return r, nil }

type zoiperAccount struct {
	Name      string `xml:"name"`
	Protocol  string `xml:"protocol"`
	User      string `xml:"username"`
	Password  string `xml:"password"`
	Domain    string `xml:"SIP_domain"`
	UseProxy  string `xml:"SIP_use_outbound_proxy"`
	Proxy     string `xml:"SIP_outbound_proxy"`
	Transport string `xml:"SIP_transport_type"`
	UseLogin  string `xml:"SIP_use_auth_username"`
	Login     string `xml:"SIP_auth_username"`
	SRTP      string `xml:"SIP_srtp_mode"`
	Register  string `xml:"register_on_startup"`
	STUN      struct {
		Use  string `xml:"use_stun"`
		Host string `xml:"stun_host"`
		Port string `xml:"stun_port"`
	} `xml:"stun"`
	Codecs []struct {
		ID       string `xml:"codec_id"`
		Priority int    `xml:"priority"`
		Enabled  string `xml:"enabled"`
	} `xml:"codecs>codec"`
}

// zoiperCodecs are Zoiper's numbers of those that can be tested.
var zoiperCodecs = map[string]string{"0": "PCMU", "8": "PCMA", "9": "G722", "6": "G722"}

// readZoiper takes the SIP accounts out of Config.xml.
func readZoiper(s string) ([]Account, error) {
	d := xml.NewDecoder(strings.NewReader(s))
	d.Strict = false
	d.CharsetReader = sameLetters
	var accounts []Account
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return accounts, nil
		}
		if err != nil {
			return nil, errors.New("this XML file of Zoiper is damaged")
		}
		start, ok := t.(xml.StartElement)
		if !ok || !strings.EqualFold(start.Name.Local, "account") {
			continue
		}
		var z zoiperAccount
		if err := d.DecodeElement(&z, &start); err != nil {
			return nil, errors.New("this XML file of Zoiper is damaged")
		}
		if p := strings.TrimSpace(z.Protocol); p != "" && !strings.EqualFold(p, "sip") {
			continue
		}
		if a := z.account(); a.User != "" && a.Domain != "" {
			accounts = append(accounts, a)
		}
	}
}

func yes(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "1", "true", "yes":
		return true
	}
	return false
}

func (z zoiperAccount) account() Account {
	a := Account{Label: strings.TrimSpace(z.Name), User: strings.TrimSpace(z.User), Password: z.Password}
	a.Domain, _ = server(z.Domain)
	if user, domain, ok := strings.Cut(a.User, "@"); ok { // both in one field
		a.User = user
		if a.Domain == "" {
			a.Domain = domain
		}
	}
	if yes(z.UseProxy) {
		a.Proxy, _ = server(z.Proxy)
	}
	if yes(z.UseLogin) {
		a.Login = strings.TrimSpace(z.Login)
	}
	switch t := strings.ToLower(strings.TrimSpace(z.Transport)); t {
	case "udp", "tcp", "tls":
		a.Transport = t
	case "":
	default:
		a.Notes = append(a.Notes, "Its transport is written in a way that is not known: set transport where it is not UDP.")
	}
	switch mode := strings.ToLower(strings.TrimSpace(z.SRTP)); {
	case mode == "none":
		a.Encryption = "none"
	case strings.Contains(mode, "sdes"):
		a.Encryption = "srtp"
	case mode != "" && mode != "default":
		a.Notes = append(a.Notes, "Its sound is encrypted in a way that this test phone cannot do: the call is tested without.")
	}
	slices.SortStableFunc(z.Codecs, func(x, y struct {
		ID       string `xml:"codec_id"`
		Priority int    `xml:"priority"`
		Enabled  string `xml:"enabled"`
	}) int {
		return x.Priority - y.Priority
	})
	var names []string
	for _, c := range z.Codecs {
		if yes(c.Enabled) {
			if name := zoiperCodecs[strings.TrimSpace(c.ID)]; name != "" {
				names = append(names, name)
			}
		}
	}
	a.codecs(names)
	if host := strings.TrimSpace(z.STUN.Host); yes(z.STUN.Use) && host != "" {
		if port := strings.TrimSpace(z.STUN.Port); port != "" && port != "3478" {
			host = net.JoinHostPort(host, port)
		}
		a.STUN = []string{host}
	}
	return a
}
