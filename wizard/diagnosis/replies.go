package diagnosis

import (
	"fmt"
	"strings"

	"softphonedoctor/wizard/evidence"
)

// reply is what an answer says to somebody who never heard of its code: half a
// sentence, for a sign-in where that differs, and for a call.
type reply struct{ signIn, call string }

var replies = map[int]reply{
	100: {"", "it is being worked on"},
	180: {"", "the other phone rings"},
	181: {"", "the call is passed on"},
	182: {"", "the call waits in line"},
	183: {"", "sound is announced before anybody answers"},
	200: {"accepted", "accepted"},
	400: {"it could not be read", "it could not be read"},
	401: {"user name and password are asked for", "user name and password are asked for"},
	402: {"a payment is due", "a payment is due"},
	403: {"this is not allowed", "this is not allowed"},
	404: {"this user is not known", "nobody is known by this number"},
	405: {"this is not offered here", "this is not offered here"},
	407: {"user name and password are asked for", "user name and password are asked for"},
	408: {"the answer took too long", "no answer came in time"},
	409: {"it clashes with another sign-in", "it clashes with something else"},
	410: {"this user is gone for good", "nobody has this number any more"},
	413: {"it is too long", "it is too long"},
	414: {"the address is too long", "the address is too long"},
	415: {"its form is not known", "the sound formats are not known there"},
	416: {"this kind of address is not known", "this kind of address is not known"},
	420: {"a feature that was asked for is not known there", "a feature that was asked for is not known there"},
	421: {"a feature is demanded that the phone did not offer", "a feature is demanded that the phone did not offer"},
	422: {"", "the time between renewals is too short"},
	423: {"the time between sign-ins is too short", ""},
	428: {"", "the caller's signature is missing"},
	429: {"too many requests came", "the caller's signature cannot be checked"},
	433: {"", "callers who hide their number are not taken"},
	436: {"", "the caller's signature cannot be checked"},
	437: {"", "the caller's signature cannot be trusted"},
	438: {"", "the caller's signature is wrong"},
	480: {"not possible at the moment", "the other phone cannot be reached at the moment"},
	481: {"", "this call is not known there any more"},
	482: {"", "the call came back to where it had been"},
	483: {"", "the call passed through too many servers"},
	484: {"", "the number is not complete"},
	485: {"", "the number can mean several people"},
	486: {"", "the line is busy"},
	487: {"", "the call was cancelled"},
	488: {"", "the sound settings do not fit"},
	491: {"", "another change is still under way"},
	500: {"the server has a trouble of its own", "the server has a trouble of its own"},
	501: {"this is not offered here", "this is not offered here"},
	502: {"another server gave a bad answer", "another server gave a bad answer"},
	503: {"the service is not available", "the service is not available"},
	504: {"another server did not answer in time", "another server did not answer in time"},
	505: {"the phone's way of speaking is not known there", "the phone's way of speaking is not known there"},
	513: {"it is too long", "it is too long"},
	580: {"", "a condition for the call was not met"},
	600: {"", "the person is busy everywhere"},
	603: {"declined", "declined"},
	604: {"this user does not exist anywhere", "this number does not exist anywhere"},
	606: {"", "the sound settings do not fit"},
	607: {"", "the person does not want this call"},
	608: {"", "a filter against unwanted calls stopped it"},
}

// classReplies stand in for codes that are not listed, by their first digit.
var classReplies = [7]string{"", "it is being worked on", "accepted", "it should be tried at another address",
	"not in this way", "the server has a trouble of its own", "no, and nowhere else either"}

// plainly says an answer in plain words, without its code.
func plainly(m *evidence.Message) string {
	code := status(m)
	if code < 100 || code > 699 {
		return "something that cannot be read"
	}
	r := replies[code]
	_, method, _ := m.CSeq()
	switch {
	case method == "REGISTER" && r.signIn != "":
		return r.signIn
	case r.call != "":
		return r.call
	}
	return classReplies[code/100]
}

// inWords is plainly with the code behind it, which support asks for.
func inWords(m *evidence.Message) string {
	return fmt.Sprintf("%s (answer %d)", plainly(m), status(m))
}

// thing names what a request was for: "a sign-in", "a call".
func thing(method string) string {
	switch method {
	case "REGISTER":
		return "a sign-in"
	case "INVITE":
		return "a call"
	case "OPTIONS":
		return "a short question"
	}
	return "a message"
}

// upper begins a sentence.
func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// phoneNetworkSays gives the reason that the telephone network names (Q.850): its
// own text where it wrote one, the usual one otherwise.
func phoneNetworkSays(cause int, text string) string {
	if text == "" {
		row, _ := LookupQ850(cause)
		text = row.Name
	}
	return quote(text)
}
