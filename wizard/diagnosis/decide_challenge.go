package diagnosis

import (
	"slices"
	"strings"
	"time"

	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/evidence"
)

// decideChallenge reads a 401 or 407 to a call or a registration. The first one
// is normal; one after credentials is a refusal, unless only the nonce was old.
func decideChallenge(e *evidence.Evidence, request, m *evidence.Message) (verdict, bool) {
	sent, asked := request.Credentials(), m.Challenges()
	if len(sent) == 0 {
		if unsupported(asked) || noted(e, phoneDigest, request.CallID()) {
			return verdict{cause: "digest-unsupported", certainty: Confirmed,
				story: "The server asks for the password in a way that this phone does not know"}, true
		}
		if withoutPassword(e, request.CallID()) {
			return verdict{cause: "provider-address-not-allowed", certainty: Likely,
				story: "The server asked for a password, and this account has none: it does not know the line by the address that it comes from"}, true
		}
		if noted(e, phoneWithheld, request.CallID()) {
			return verdict{cause: "account-credentials-wrong", certainty: Likely,
				story: "The server has refused this password several times already, so the phone did not send it again: a server may lock an account that keeps trying"}, true
		}
		if e.Until.Sub(m.Time) < silence {
			return verdict{}, false
		}
		return verdict{cause: "account-credentials-wrong", certainty: Possible,
			story: "The server asked for user name and password, and the phone never sent them"}, true
	}
	if workedBefore(e, request, sent) && !justOffered(e, request, sent) {
		return verdict{}, false // the same credentials were good once: only the one-time value is old
	}
	fresh, sameRealm, stale := false, false, false
	if text := wordsOf(m); strings.Contains(text, "nonce") || strings.Contains(text, "stale") {
		stale = true // said in words in place of the parameter
	}
	for _, a := range asked {
		for _, s := range sent {
			if a.Realm == s.Realm {
				sameRealm = true
				fresh = fresh || a.Nonce != s.Nonce
				stale = stale || a.Stale
			}
		}
	}
	switch {
	case stale:
		// The server says itself that only the nonce was old. A phone that makes nothing of it is stuck, not wrong.
		if e.Until.Sub(m.Time) < silence {
			return verdict{}, false
		}
		return verdict{cause: "account-credentials-wrong", certainty: Possible,
			story: "The server said that its question about the password had expired and asked anew, and the phone did not try again"}, true
	case !sameRealm && len(asked) > 0:
		if unsupported(asked) {
			return verdict{cause: "digest-unsupported", certainty: Confirmed, story: "The server asks for the password in a way that this phone does not know"}, true
		}
		if e.Until.Sub(m.Time) < settled {
			return verdict{}, false // the phone may answer the second realm
		}
		return verdict{cause: "account-credentials-wrong", certainty: Possible,
			story: "A second server, " + quote(asked[0].Realm) + ", asked for a user name and password of its own, and the phone did not send any"}, true
	case fresh:
		return verdict{cause: "account-credentials-wrong", certainty: Confirmed,
			story: askedAgain}, true
	}
	return verdict{cause: "account-credentials-wrong", certainty: Likely,
		story: askedAgain}, true
}

// askedAgain is what a wrong password looks like.
const askedAgain = "The server asked for user name and password again after the phone had sent them, so it did not accept them"

// workedBefore tells that an earlier request with the same one-time value got past
// the password. Servers let such values expire, often without saying "stale".
func workedBefore(e *evidence.Evidence, request *evidence.Message, sent []sipmsg.Credentials) bool {
	for _, t := range asking(e) {
		if !t.Request.Time.Before(request.Time) || len(t.Responses) == 0 || challenge(t.Responses[0]) {
			continue
		}
		for _, a := range t.Request.Credentials() {
			for _, b := range sent {
				if a.Nonce != "" && a.Nonce == b.Nonce && a.Realm == b.Realm {
					return true
				}
			}
		}
	}
	return false
}

// justOffered tells that the server named this one-time value itself moments ago.
// Some servers make one value a second, so that a sign-in and the call right
// behind it are asked with the same: it cannot have expired in between.
func justOffered(e *evidence.Evidence, request *evidence.Message, sent []sipmsg.Credentials) bool {
	for _, m := range e.Messages {
		if !has(m) || m.IsRequest() || !challenge(m) || m.Time.After(request.Time) || request.Time.Sub(m.Time) > justNow {
			continue
		}
		for _, a := range m.Challenges() {
			if slices.ContainsFunc(sent, func(b sipmsg.Credentials) bool { return a.Nonce != "" && a.Nonce == b.Nonce && a.Realm == b.Realm }) {
				return true
			}
		}
	}
	return false
}

// justNow is shorter than any server's one-time value lives.
const justNow = 5 * time.Second

// noted tells that the test phone made a note of this kind about a request.
func noted(e *evidence.Evidence, key, callID string) bool {
	for _, ev := range e.Phone {
		if id, _, _ := strings.Cut(ev.Text, " "); ev.Key == key && id == callID {
			return true
		}
	}
	return false
}

// withoutPassword tells that the phone had no password to answer a challenge with.
func withoutPassword(e *evidence.Evidence, callID string) bool {
	return slices.ContainsFunc(e.Phone, func(ev evidence.Event) bool { return ev.Key == phoneWithheld && ev.Text == callID+" none" })
}

// unsupported tells that none of the challenges can be answered by any usual
// phone (RFC 8760 names the three algorithms).
func unsupported(asked []sipmsg.Challenge) bool {
	if len(asked) == 0 {
		return false
	}
	for _, a := range asked {
		if !strings.EqualFold(a.Scheme, "Digest") {
			continue
		}
		switch strings.ToUpper(a.Algorithm) {
		case "", "MD5", "SHA-256", "SHA-512-256":
			if len(a.QOP) == 0 || hasWord(a.QOP, "auth") || hasWord(a.QOP, "auth-int") {
				return false
			}
		}
	}
	return true
}

func hasWord(list []string, word string) bool {
	for _, w := range list {
		if strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}
