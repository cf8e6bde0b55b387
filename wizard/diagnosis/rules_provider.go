package diagnosis

import (
	"slices"

	"softphonedoctor/wizard/evidence"
)

const signInOrCall = evidence.HaveRegistration | evidence.HaveRinging

// providerRules are the server's own troubles, for sign-ins and calls alike.
var providerRules = []Rule{
	{
		Cause: "provider-overloaded", Kind: Fault, Where: Provider, Either: signInOrCall,
		Title:    "The provider has no capacity free at the moment.",
		Why:      whyRefused,
		Overturn: "The same answer hours later, or only for this account; then the account has a limit.",
		Fix: []Remedy{
			{ForUser, "Wait {{if .wait}}{{.wait}}{{else}}a few minutes{{end}} and try again."},
			{ForProvider, "Look at load and free channels at {{.time}}; Call-ID {{.callid}}."},
		},
		ExplainedBy: noService,
		Check:       refused("provider-overloaded"),
		RuledOut:    passed("provider-overloaded"),
	},
	{
		Cause: "provider-fault", Kind: Fault, Where: Provider, Either: signInOrCall,
		Title:    "Something went wrong inside the provider's network.",
		Why:      whyRefused,
		Overturn: "Other customers of this provider getting through in the same minute; then it is this account or number.",
		Fix: []Remedy{
			{ForUser, "Wait a minute and try again. If it stays, give your provider the time {{.time}} and this mark of the attempt: \"{{.callid}}\"."},
			{ForProvider, "Trace Call-ID {{.callid}} at {{.time}}."},
		},
		ExplainedBy: noService,
		Check:       refused("provider-fault"),
		RuledOut:    passed("provider-fault"),
	},
	{
		Cause: "provider-unavailable", Kind: Fault, Where: Provider, Either: signInOrCall,
		Title:    "The provider says that its service is not available and gives no reason.",
		Why:      whyRefused,
		Overturn: "Another account working from this address at the same time; then it is the account.",
		Fix: []Remedy{
			{ForUser, "Look at the provider's status page and try again in some minutes. Then check that the account is active, its contract accepted and its balance positive, and that the number is dialled as the provider asks for it."},
			{ForAdmin, "On a trunk, check in this order: this public address on the allow list (a change takes up to two hours), account active and contract accepted, funds, dialling plan. Then open a ticket with a full trace of one failed call, its Call-ID {{.callid}} and {{.time}}."},
		},
		ExplainedBy: noService,
		Check:       refused("provider-unavailable"),
		RuledOut:    passed("provider-unavailable"),
	},
	{
		Cause: "provider-address-not-allowed", Kind: Fault, Where: Provider, Either: signInOrCall,
		Title:    "The provider does not accept calls from this internet address.",
		Why:      whyRefused,
		Overturn: "A call from another allowed address getting the same answer.",
		Fix: []Remedy{
			{ForUser, "Ask whoever runs your telephone line to have this connection's public address allowed."},
			{ForAdmin, "Put the public address{{.mapped}} on the provider's allow list; it can take up to two hours."},
		},
		ExplainedBy: noService,
		Check:       checkAddressNotAllowed,
		RuledOut:    passed("provider-address-not-allowed"),
	},
	{
		Cause: "request-malformed", Kind: Fault, Where: Account, Either: signInOrCall,
		Title:    "The server does not understand what this phone sends.",
		Why:      "The server could not make sense of {{.what}} and wrote {{.text}} (answer {{.code}}).",
		Overturn: "The same being accepted from another network; then it is the router.",
		Fix: []Remedy{
			{ForUser, "Check the number and the server's name for blanks and odd characters. If they are right, turn off SIP ALG in the router's settings, or choose TLS as the transport in the phone's account settings."},
			{ForAdmin, "Compare the request that left the phone with the one that reached the server; the text of the answer names what it rejects."},
		},
		ExplainedBy: []string{"sip-alg"},
		Check:       refused("request-malformed"),
		RuledOut:    passed("request-malformed"),
	},
	{
		Cause: "extension-unsupported", Kind: Fault, Where: Account, Either: signInOrCall,
		Title:    "The phone and the server do not agree on an extra feature.",
		Why:      whyRefused + " It is about {{.options}}.",
		Overturn: "The call working with the same features on.",
		Fix: []Remedy{
			{ForUser, "In the phone's settings switch {{.options}} off, or on if the server demands it (100rel is also called PRACK, timer is the session timer)."},
			{ForAdmin, "Make {{.options}} optional on both sides."},
		},
		Check:    refused("extension-unsupported"),
		RuledOut: passed("extension-unsupported"),
	},
}

// checkAddressNotAllowed adds what only a look at all calls shows: a trunk that
// never signs in, never is asked for a password, and gets 503 or 403 every time.
func checkAddressNotAllowed(e *evidence.Evidence, d Dictionary) []Hit {
	hits := refused("provider-address-not-allowed")(e, d)
	for i := range hits {
		hits[i].Args["mapped"] = mappedAddress(e)
	}
	return hits
}

// mappedAddress is our public address as servers see it, with a leading blank.
func mappedAddress(e *evidence.Evidence) string {
	for _, t := range asking(e) {
		for _, m := range t.Responses {
			if list := m.Vias(); len(list) > 0 && public(host(list[0].Received)) {
				return " " + list[0].Received
			}
		}
	}
	return ""
}

// allRefused tells that at least two calls to different numbers got the same
// code without ever being asked for a password.
func allRefused(e *evidence.Evidence, code int) bool {
	var numbers []string
	for _, c := range outCalls(e) {
		if status(c.Final) != code || authorized(c.Invite) || c.Progress != nil {
			return false
		}
		if n := dialled(c); !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	return len(numbers) > 1
}
