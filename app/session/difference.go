package session

import (
	"slices"
	"strings"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// Difference is a setting of the usual softphone that is not what worked here.
type Difference struct {
	Setting string // in words: "transport"
	Theirs  string // as the softphone has it
	Works   string // what worked in this check
}

// Differences compares the settings that were imported from the usual softphone with
// those that just worked: the account as it was used, and the way by which the server
// accepted the sign-in. It is empty where the check did not find that they work, or
// nothing differs.
func Differences(o *Origin, used Account, rep *report.Report) []Difference {
	if o == nil || rep == nil {
		return nil
	}
	worked, ok := accepted(rep.Evidence, used)
	if !ok {
		return nil
	}
	theirs := o.Account
	var list []Difference
	add := func(setting, had, works string) {
		if !strings.EqualFold(had, works) {
			list = append(list, Difference{setting, or(had, "not set"), or(works, "not set")})
		}
	}
	add("user name", theirs.User, used.User)
	add("login (authentication name)", theirs.Login, used.Login)
	if o.PasswordChanged {
		list = append(list, Difference{"password", "another one", "the one that was entered here"})
	}
	add("server", theirs.Domain, used.Domain)
	add("outbound proxy", theirs.Proxy, used.Proxy)
	// A softphone that says nothing of a transport uses UDP (RFC 3261 18.1.1, RFC 3263 4.1).
	add("transport", strings.ToUpper(or(theirs.Transport, "udp")), worked)
	if theirs.Encryption != "" || used.Encryption != "" {
		add("encryption of the sound", theirs.Encryption, used.Encryption)
	}
	if len(used.Codecs) > 0 && len(theirs.Codecs) > 0 && !slices.Equal(upper(theirs.Codecs), upper(used.Codecs)) {
		add("sound formats", strings.Join(theirs.Codecs, ", "), strings.Join(used.Codecs, ", "))
	}
	if theirs.Registers() != used.Registers() {
		add("sign-in", onOff(theirs.Registers()), onOff(used.Registers()))
	}
	return list
}

// accepted gives the transport of the latest sign-in of this account by our phone that the
// server accepted, or of the call of ours that was answered where there is no sign-in.
// What another phone or another account managed proves nothing for these settings.
func accepted(e *evidence.Evidence, used Account) (string, bool) {
	for _, g := range slices.Backward(e.Registrations) {
		if t := g.SignIn(); t != nil && g.Out && used.is(g.AOR) {
			if f := t.Final(); f != nil && f.Status < 300 {
				return wire(g.Net), true
			}
		}
	}
	for _, c := range slices.Backward(e.Calls) {
		if c.Answer != nil && c.Direction == evidence.Out {
			return wire(c.Answer.Net), true
		}
	}
	return "", false
}

// is tells whether an address of record (user@host) is that of the account.
func (a Account) is(aor string) bool {
	of, err := sipmsg.ParseURI("sip:" + aor)
	own, bad := sipmsg.ParseURI("sip:" + a.Address())
	return err == nil && bad == nil && of.User == own.User && strings.EqualFold(of.Host, own.Host)
}

func wire(n capture.Net) string { return strings.ToUpper(n.String()) }

func upper(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ToUpper(s)
	}
	return out
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
