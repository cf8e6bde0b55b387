package diagnosis

import (
	"slices"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// transportRules are about the connection to the server itself: whether it can be
// secured, and whether it lasts.
var transportRules = []Rule{
	{
		Cause: "tls-certificate-invalid", Kind: Fault, Where: Provider, Either: evidence.HaveConnections | evidence.HaveProbes,
		Title:    "The server cannot prove that it is the right one: {{.short}}.",
		Why:      "{{.seen}} The phone therefore sent nothing to {{.server}}.",
		Overturn: "Another program on this computer trusting this very server under the same name.",
		Fix: []Remedy{
			{ForUser, "{{if .date}}Compare date and time of this computer with another clock and set them if they are wrong. If they are right, your provider has to renew the certificate." +
				"{{else if .authority}}If this is the telephone system of your own company, ask its administrator for the file of its certificate authority and name it in the account (ca_file). For a provider in the internet do not go on, for somebody may be listening in: ask your provider." +
				"{{else if .name}}Enter the server's name in the phone's account settings exactly as your provider wrote it; the certificate is good for {{.names}}." +
				"{{else}}Ask your provider to put the server's certificate in order.{{end}}"},
			{ForProvider, "Give {{.server}} a certificate that names {{.expected}}, is valid today, is meant for servers, and comes with its whole chain."},
		},
		ExplainedBy: []string{"clock-wrong"},
		Check:       checkCertificate,
		RuledOut:    or(secured, certificateMeasured),
	},
	{
		Cause: "tls-version-mismatch", Kind: Fault, Where: Provider, Either: evidence.HaveConnections | evidence.HaveProbes,
		Title:    "The server knows only an outdated kind of encryption.",
		Why:      "The phone and {{.server}} found no kind of encryption that both have: {{.reason}}.",
		Overturn: "A phone of today signing in with encryption at this very server.",
		Fix: []Remedy{
			{ForUser, "Ask your provider for the server that takes encryption of today. Until then another transport (UDP, TCP or TLS) in the phone's account settings may work, without encryption."},
			{ForProvider, "Switch TLS 1.2 and 1.3 on at {{.server}}, with usual ciphers: phones do not take anything older."},
		},
		Check:    checkOutdated,
		RuledOut: or(secured, probed(capture.ProbeTLSVersions, true)),
	},
	{
		Cause: "inbound-tcp-connection-lost", Kind: Fault, Where: LocalNetwork, Needs: evidence.HaveRegistration | evidence.HaveConnections,
		Title:    "The connection through which calls come in was cut.",
		Why:      "{{.seen}}",
		Overturn: "A call that arrives through this connection after that moment.",
		Fix: []Remedy{
			{ForUser, "Let the phone send signs of life more often (keep-alive, every 20 to 60 seconds). If the connection is cut all the same, look for a short connection timeout in the router, or try another network."},
			{ForAdmin, "Raise the idle timeout for connections to {{.server}} in routers, firewalls and load balancers, and see in the server's log why it closes them."},
		},
		ExplainedBy: []string{"registration-lost-later", "registration-unanswered-or-banned"},
		Check:       checkConnectionLost,
		RuledOut:    connectionStood,
	},
}

// certificateFaults say what is wrong with a certificate: for the title, and what
// it means for the remedy.
var certificateFaults = []struct {
	fault, short string
	remedy       string // "date", "name" or "authority", "" for the provider's alone
}{
	{"name-mismatch", "its certificate is made out to another name", "name"},
	{"expired", "its certificate has run out", "date"},
	{"not-yet-valid", "its certificate is not valid yet", "date"},
	{"chain-expired", "a certificate on which its own rests has run out", "date"},
	{"self-signed", "its certificate was issued by itself", "authority"},
	{"unknown-authority", "its certificate was issued by nobody whom this computer trusts", "authority"},
	{"wrong-usage", "its certificate is not meant for a server", ""},
	{"no-certificate", "it shows no certificate", ""},
	{"refused: unrecognized name", "it has no certificate for this name", "name"},
	{"invalid: ", "its certificate cannot be checked", ""},
}

// nameRefused tells that the server itself said that it does not go by this name.
func nameRefused(c evidence.Connection) bool { return faulty(c, "refused: unrecognized name") }

func checkCertificate(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	list := failures(e)
	measured, asked := measuredHandshake(e)
	if asked {
		list = append(list, measured)
	}
	for _, c := range list {
		if c.TLS == nil {
			continue
		}
		a := args{"server": c.Addr.String(), "expected": quote(c.TLS.Name), "names": "", "date": "", "name": "", "authority": ""}
		var short []string
		for _, row := range certificateFaults {
			if faulty(c, row.fault) {
				short = append(short, row.short)
				if row.remedy != "" {
					a[row.remedy] = "yes"
				}
			}
		}
		if len(short) == 0 {
			continue
		}
		h := Hit{Certainty: Confirmed, Direction: evidence.Both, Args: a, Cites: []Cite{{c.N, "the server's proof was not accepted"}}}
		a["short"], a["names"] = join(short[:min(len(short), 2)]), namesOf(c.TLS.Chain)
		if a["names"] == "" {
			a["name"] = ""
		}
		a["seen"] = certificateSays(c)
		if len(c.TLS.Chain) > 0 {
			h.Cites = append(h.Cites, Cite{c.TLS.Chain[0].N, "the server's certificate"})
		}
		if onlyDates(c) {
			h.Certainty, h.Where = datesBy(c)
		}
		if asked && c.N == measured.N && accountNet(e) != "TLS" {
			h.Kind = Hint // nobody speaks with the server that way
		}
		hits = append(hits, soften(e, h, hopOf(c), c.Time))
	}
	return hits
}

// namesOf lists the names that a server's own certificate is made out to.
func namesOf(chain []evidence.Certificate) string {
	if len(chain) == 0 {
		return ""
	}
	list := chain[0].Names
	if len(list) == 0 {
		return quote(chain[0].Subject)
	}
	return quote(strings.Join(list[:min(len(list), 4)], ", "))
}

// certificateSays puts into one sentence what the certificate holds that was refused.
func certificateSays(c evidence.Connection) string {
	if len(c.TLS.Chain) == 0 {
		return "When the phone asked for " + quote(c.TLS.Name) + ", the server showed no certificate for it."
	}
	own := c.TLS.Chain[0]
	var list []string
	if faulty(c, "name-mismatch", "refused: unrecognized name") {
		list = append(list, "the phone asked for "+quote(c.TLS.Name)+" and the certificate names "+namesOf(c.TLS.Chain))
	}
	day := func(t time.Time) string { return t.UTC().Format(time.DateOnly) }
	switch now := c.Time.UTC().Format("2006-01-02 15:04"); {
	case faulty(c, "expired"):
		list = append(list, "the certificate ended on "+day(own.Until)+", and this computer's clock shows "+now)
	case faulty(c, "not-yet-valid"):
		list = append(list, "the certificate begins on "+day(own.From)+", and this computer's clock shows "+now)
	case faulty(c, "chain-expired"):
		list = append(list, "a certificate on which it rests is out of its time, and this computer's clock shows "+now)
	}
	switch {
	case faulty(c, "self-signed"):
		list = append(list, quote(own.Subject)+" vouches for itself")
	case faulty(c, "unknown-authority"):
		list = append(list, "it was issued by "+quote(own.Issuer)+", which this computer does not know")
	case faulty(c, "wrong-usage"):
		list = append(list, "it was issued for something else than a server")
	}
	if len(list) == 0 {
		for _, f := range c.TLS.Faults {
			list = append(list, "checking it gave "+quote(strings.TrimPrefix(f, "invalid: ")))
		}
	}
	return upper(strings.Join(list, "; ")) + "."
}

// onlyDates tells that nothing but the dates speaks against a certificate.
func onlyDates(c evidence.Connection) bool {
	return !slices.ContainsFunc(c.TLS.Faults, func(f string) bool {
		return f != "expired" && f != "not-yet-valid" && f != "chain-expired"
	})
}

// datesBy weighs whether the certificate or this computer's clock is wrong: the
// other certificates that came with it know the time, too.
func datesBy(c evidence.Connection) (Certainty, Where) {
	in, out := 0, 0
	for _, cert := range c.TLS.Chain[min(1, len(c.TLS.Chain)):] {
		if c.Time.Before(cert.From) || c.Time.After(cert.Until) {
			out++
		} else {
			in++
		}
	}
	switch {
	case in > 0:
		return Confirmed, "" // this clock is good enough for them
	case out > 0:
		return Likely, ThisComputer // all of them at once: rather the clock
	}
	return Likely, ""
}

// outdated tells that the two sides have no version or cipher in common.
func outdated(c evidence.Connection) bool {
	return faulty(c, tlsVersion, tlsRefused+"handshake failure", tlsRefused+"insufficient security level")
}

func checkOutdated(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range failures(e) {
		if !outdated(c) {
			continue
		}
		h := Hit{Certainty: Likely, Direction: evidence.Both, Args: args{"server": c.Addr.String(), "reason": "the server gave up without naming one"},
			Cites: []Cite{{c.N, "no kind of encryption in common"}}}
		if faulty(c, tlsVersion) {
			h.Certainty, h.Args["reason"] = Confirmed, "all that the server has is older than what is held to be safe"
		}
		hits = append(hits, soften(e, h, hopOf(c), c.Time))
	}
	return outdatedMeasured(e, hits)
}

// secured tells that every attempt to agree on encryption succeeded.
func secured(e *evidence.Evidence, _ Dictionary) bool {
	seen := false
	for _, c := range e.Connections {
		if c.TLS != nil {
			if len(c.TLS.Faults) > 0 {
				return false
			}
			seen = true
		}
	}
	return seen
}
