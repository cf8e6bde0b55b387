package practice

import "time"

// transportFaults show themselves in the connection to the server, before or after
// the sign-in. The first two rows are servers that work.
var transportFaults = []Fault{
	{
		Cause: Healthy, Variant: "tcp", Situation: NoRingback, Title: "Everything works, over TCP",
		Answers:  map[string]string{"heard_ringing": "yes"},
		switches: switches{line: connecting{transport: TCP}},
	},
	{
		Cause: Healthy, Variant: "tls", Situation: NoRingback, Title: "Everything works, over TLS",
		Answers:  map[string]string{"heard_ringing": "yes"},
		switches: switches{line: connecting{transport: TLS}},
	},
	{
		Cause: "tls-certificate-invalid", Situation: Registration,
		Title:    "The server's certificate is made out to another name",
		switches: switches{line: connecting{transport: TLS, cert: otherName}},
	},
	{
		Cause: "tls-certificate-invalid", Variant: "expired", Situation: Registration,
		Title:    "The server's certificate has run out",
		switches: switches{line: connecting{transport: TLS, cert: expired}},
	},
	{
		Cause: "tls-certificate-invalid", Variant: "not-yet-valid", Situation: Registration,
		Title:    "The server's certificate is not valid yet",
		switches: switches{line: connecting{transport: TLS, cert: notYetValid}},
	},
	{
		Cause: "tls-certificate-invalid", Variant: "self-signed", Situation: Registration,
		Title:    "The server vouches for itself",
		switches: switches{line: connecting{transport: TLS, cert: selfSigned}},
	},
	{
		Cause: "tls-certificate-invalid", Variant: "unknown-authority", Situation: Registration,
		Title:    "Nobody known vouches for the server",
		switches: switches{line: connecting{transport: TLS, cert: strangeAuthority}},
	},
	{
		Cause: "tls-version-mismatch", Situation: Registration,
		Title:    "The server knows only outdated encryption",
		switches: switches{line: connecting{transport: TLS, oldTLS: true}},
	},
	{
		Cause: "server-unreachable", Variant: "tcp", Situation: Registration,
		Title:    "The server takes the connection and says nothing",
		switches: switches{line: connecting{transport: TCP, stall: true}},
	},
	{
		Cause: "server-unreachable", Variant: "tls", Situation: Registration,
		Title:    "The server stops in the middle of agreeing on encryption",
		switches: switches{line: connecting{transport: TLS, stall: true}},
	},
	{
		Cause: "server-port-closed", Variant: "tcp", Situation: Registration,
		Title:    "Nothing listens for connections on the server's port",
		switches: switches{place: closedPort, line: connecting{transport: TCP}},
	},
	{
		Cause: "server-port-closed", Variant: "tls", Situation: Registration,
		Title:    "The server hangs up when encryption is asked for",
		switches: switches{line: connecting{transport: TLS, hangUp: true}},
	},
	{
		Cause: "server-not-sip", Situation: Registration,
		Title:    "A web server answers on the server's port",
		switches: switches{line: connecting{transport: TLS, garbage: true}},
	},
	{
		Cause: "registration-unanswered-or-banned", Variant: "tcp", Situation: Registration,
		Title:    "The server closes the connection instead of answering the sign-in",
		switches: switches{line: connecting{transport: TCP, cutAsking: true}},
	},
	{
		Cause: "inbound-tcp-connection-lost", Situation: NoRingback,
		Title:    "The server closes each connection soon after the sign-in",
		Answers:  map[string]string{"heard_ringing": "yes"},
		switches: switches{line: connecting{transport: TCP, cutAfter: 50 * time.Millisecond}},
	},
}
