package practice

import "time"

// registrationFaults show themselves while signing in.
var registrationFaults = []Fault{
	{
		Cause: "account-credentials-wrong", Situation: Registration,
		Title:    "The password is wrong",
		switches: switches{register: registering{wrongPassword: true}},
	},
	{
		Cause: "account-unknown", Situation: Registration,
		Title:    "The server does not know this user",
		switches: switches{register: registering{atOnce: &reply{code: 404, phrase: "Not Found"}}},
	},
	{
		Cause: "account-domain-wrong", Situation: Registration,
		Title: "The domain belongs to another provider",
		switches: switches{register: registering{
			realm: "another-provider.invalid",
			after: &reply{code: 403, phrase: "Domain not served here"},
		}},
	},
	{
		Cause: "account-not-allowed", Situation: Registration,
		Title:    "The account may not sign in from here",
		switches: switches{register: registering{atOnce: &reply{code: 403, phrase: "Forbidden"}}},
	},
	{
		Cause: "account-suspended-or-unpaid", Situation: Registration,
		Title:    "The account is suspended until it is paid",
		switches: switches{register: registering{after: &reply{code: 402, phrase: "Payment Required"}}},
	},
	{
		Cause: "registration-interval-too-short", Situation: Registration,
		Title:    "The server wants a longer registration time",
		switches: switches{register: registering{minExpires: 3600}},
	},
	{
		Cause: "registration-not-stored", Situation: Registration,
		Title:    "The server says yes and does not keep the phone",
		switches: switches{register: registering{forget: true}},
	},
	{
		Cause: "registration-displaced", Situation: Registration,
		Title:    "Signing in here signs the desk phone out",
		Answers:  map[string]string{"sign_in_anyway": "yes"},
		switches: switches{register: registering{devices: 1, single: true}},
	},
	{
		Cause: "registration-too-many-devices", Situation: Registration,
		Title:    "Too many devices use the account",
		switches: switches{register: registering{after: &reply{code: 403, phrase: "Maximum contacts exceeded"}}},
	},
	{
		Cause: "redirected", Situation: Registration,
		Title:    "The provider has moved to another address",
		switches: switches{register: registering{redirect: true}},
	},
	{
		Cause: "server-name-unknown", Situation: Registration,
		Title:    "The server's name does not exist",
		switches: switches{place: nowhere},
	},
	{
		Cause: "server-unreachable", Situation: Registration,
		Title:    "The server never answers anything",
		switches: switches{place: deaf},
	},
	{
		Cause: "server-port-closed", Situation: Registration,
		Title:    "Nothing listens on the server's port",
		switches: switches{place: closedPort},
	},
	{
		Cause: "registration-unanswered-or-banned", Situation: Registration,
		Title:    "The server is there and ignores the sign-in",
		switches: switches{register: registering{silent: true}},
	},
	{
		Cause: "digest-unsupported", Situation: Registration,
		Title:    "The server asks for a sign-in method that needs a SIM card",
		switches: switches{register: registering{algorithm: "AKAv1-MD5"}},
	},
	{
		Cause: "clock-wrong", Situation: Registration,
		Title:    "This computer's clock differs from the server's by hours",
		switches: switches{clock: 5*time.Hour + 17*time.Minute},
	},
	{
		Cause: "sip-alg", Situation: Registration,
		Title:    "A router rewrites the phone's messages",
		switches: switches{alg: true},
	},
	{
		Cause: "request-malformed", Situation: Registration,
		Title:    "The server rejects a header of the message",
		switches: switches{register: registering{atOnce: &reply{code: 400, phrase: "Malformed Contact header"}}},
	},
	{
		Cause: "provider-fault", Situation: Registration,
		Title:    "The provider's server has a fault",
		switches: switches{register: registering{after: &reply{code: 500, phrase: "Server Internal Error"}}},
	},
	{
		Cause: "provider-overloaded", Situation: Registration,
		Title: "The provider's server is overloaded",
		switches: switches{register: registering{atOnce: &reply{
			code: 503, phrase: "Service Unavailable", headers: []string{"Retry-After: 120"},
		}}},
	},
	{
		Cause: "provider-unavailable", Situation: Registration,
		Title:    "The provider's service is not available",
		switches: switches{register: registering{atOnce: &reply{code: 503, phrase: "Service Unavailable"}}},
	},
	{
		Cause: "nat-binding-changes", Situation: Registration,
		Title:    "The router gives the phone another port each time",
		switches: switches{natMoves: true},
	},
}
