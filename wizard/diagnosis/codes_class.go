package diagnosis

// classCodes stand in for codes that no list has, by their first digit: a phone
// treats any unknown code as the x00 of its class (RFC 3261 8.1.3.2), and so do
// these texts.
var classCodes = [7]Code{
	1: {
		RFC:      "RFC 3261 8.1.3.2, read as any 1xx",
		Register: "This code is in no list. Every code that begins with 1 means: received, still working on the sign-in.",
		Invite:   "This code is in no list. Every code that begins with 1 means: the call is still being set up, nothing is decided yet.",
		MidCall:  "This code is in no list. Every code that begins with 1 means: still working on it.",
		User:     "Nothing to do; wait for the final answer.",
		Admin:    "Nothing to do: an unknown 1xx is handled like 183. Look at the final response.",
		Provider: "Say in your documentation what this private code means.",
	},
	2: {
		RFC:      "RFC 3261 8.1.3.2, read as 200",
		Register: "This code is in no list. Every code that begins with 2 means yes: the sign-in worked.",
		Invite:   "This code is in no list. Every code that begins with 2 means yes: the call was answered.",
		MidCall:  "This code is in no list. Every code that begins with 2 means yes: the change was accepted.",
		User:     "Nothing to do.",
		Admin:    "Nothing to do: an unknown 2xx is handled like 200.",
		Provider: "Say in your documentation what this private code means.",
	},
	3: {
		RFC: "RFC 3261 8.1.3.2, read as 300", Failure: true,
		Register: "This code is in no list. Every code that begins with 3 means: try somewhere else. The sign-in has to go to another address.",
		Invite:   "This code is in no list. Every code that begins with 3 means: try somewhere else. The person is reached at another address.",
		MidCall:  "This code is in no list. Every code that begins with 3 means: try somewhere else.",
		User:     "Try the address or number that was offered; otherwise ask your provider for the right one.",
		Admin:    "Treat it as 300: look for a Contact in the response and decide whether the phone may follow it.",
		Provider: "Say what this private code means, or send 302 with a Contact instead.",
	},
	4: {
		RFC: "RFC 3261 8.1.3.2, read as 400", Failure: true,
		Register: "This code is in no list. Every code that begins with 4 means: not like this. The server did not accept the sign-in as it was sent.",
		Invite:   "This code is in no list. Every code that begins with 4 means: not like this. The call was refused as it was sent.",
		MidCall:  "This code is in no list. Every code that begins with 4 means that the change was refused as it was sent; the call itself may go on.",
		User:     "Check the number and the account details, then ask your provider what this code means there.",
		Admin:    "Treat it as 400: read the reason phrase and the Warning and Reason headers, and do not repeat the request unchanged.",
		Provider: "Look the request up by its Call-ID and say what this private code means.",
	},
	5: {
		RFC: "RFC 3261 8.1.3.2, read as 500", Failure: true,
		Register: "This code is in no list. Every code that begins with 5 means: the server has a problem of its own, so it could not sign you in.",
		Invite:   "This code is in no list. Every code that begins with 5 means: the server has a problem of its own, so it could not set up the call.",
		MidCall:  "This code is in no list. Every code that begins with 5 means: the server has a problem of its own and could not make the change.",
		User:     "Wait a minute and try again. If it stays, tell your provider the time of the attempt.",
		Admin:    "Treat it as 500: retry after Retry-After or some seconds, try a second server if there is one, and read the server's log.",
		Provider: "Look the request up by its Call-ID and UTC time; say what this private code means.",
	},
	6: {
		RFC: "RFC 3261 8.1.3.2, read as 600", Failure: true,
		Register: "This code is in no list, and no code that begins with 6 belongs to a sign-in. Something on the way, or a block on the account, refused it.",
		Invite:   "This code is in no list. Every code that begins with 6 means: no, wherever you look for this person. The call ends here.",
		MidCall:  "This code is in no list. Every code that begins with 6 is a final no; the change is refused.",
		User:     "Try later or reach the person another way. If every number gives this, ask your provider.",
		Admin:    "Treat it as 600: do not try other destinations. Read the reason phrase and the Reason header.",
		Provider: "Look the request up by its Call-ID and say who sent this private code and why.",
	},
}
