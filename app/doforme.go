package app

import (
	"slices"
	"strings"

	"softphonedoctor/app/session"
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/evidence"
)

// remedyByUs is a remedy that the program can try by itself: the same test with one
// setting of the test phone changed. It proves the remedy; the person's own softphone
// still needs the same setting, and is told so.
type remedyByUs struct {
	wizard.Change
	// Does is the button; set is what to set in the person's own softphone.
	does, set string
}

// overLine are causes that a connection which stays open mends, or which are about the
// way that the phone connects by.
var overLine = []string{"transport-blocked", "sip-alg", "nat-binding-expires", "nat-binding-changes", "message-too-big", "inbound-fragmented",
	"inbound-filtered-by-nat", "server-port-closed", "reply-lost", "ack-missing", "invite-unanswered", "server-unreachable"}

// remedyFor gives what the program can try against a cause with this account, nil for
// nothing.
func remedyFor(cause string, e *evidence.Evidence, a session.Account) *remedyByUs {
	var change wizard.Change
	switch {
	case slices.Contains(overLine, cause):
		change.Transport = otherTransport(e, a)
	case cause == "codec-mismatch" && len(a.Codecs) > 0:
		change.Codecs = []string{"PCMA", "PCMU", "G722"}
	case cause == "sound-muffled":
		change.Codecs = []string{"G722", "PCMA", "PCMU"}
	case cause == "encryption-mismatch" && strings.EqualFold(a.Encryption, "srtp"):
		change.Encryption = "none"
	case cause == "encryption-mismatch":
		change.Encryption = "srtp"
	}
	r := &remedyByUs{Change: change}
	switch {
	case change.Transport == "tls":
		r.does, r.set = tr("doit.tls", "Do it for me: test over an encrypted connection"), tr("doit.tls.set", "Choose TLS as the connection (transport) in your own softphone.")
	case change.Transport == "tcp":
		r.does, r.set = tr("doit.tcp", "Do it for me: test over a connection that stays open"), tr("doit.tcp.set", "Choose TCP as the connection (transport) in your own softphone.")
	case change.Transport == "udp":
		r.does, r.set = tr("doit.udp", "Do it for me: test over the usual connection"), tr("doit.udp.set", "Choose UDP as the connection (transport) in your own softphone.")
	case len(change.Codecs) > 0:
		r.does, r.set = tr("doit.codecs", "Do it for me: test with other sound formats"), tr("doit.codecs.set", "Switch on all sound formats (codecs) in your own softphone.")
	case change.Encryption == "srtp":
		r.does, r.set = tr("doit.srtp", "Do it for me: test with encrypted sound"), tr("doit.srtp.set", "Switch on encrypted sound (SRTP) in your own softphone.")
	case change.Encryption == "none":
		r.does, r.set = tr("doit.plain", "Do it for me: test with plain sound"), tr("doit.plain.set", "Switch off encrypted sound (SRTP) in your own softphone.")
	default:
		return nil
	}
	return r
}

// otherTransport is a transport that the account does not use: the first that was seen
// to be answered, "" where all others were seen to be silent. An encrypted one comes
// first, because nothing on the way can change what it cannot read.
func otherTransport(e *evidence.Evidence, a session.Account) string {
	used := strings.ToLower(a.Transport)
	if used == "" {
		used = "udp"
	}
	unseen := ""
	for _, t := range []struct{ name, probe string }{{"tls", capture.ProbeTLS}, {"tcp", capture.ProbeTCP}, {"udp", capture.ProbeUDP}} {
		if t.name == used {
			continue
		}
		if answered(e, t.name) {
			return t.name
		}
		p, ok := evidence.Probe{}, false
		if e != nil {
			p, ok = e.Probe(t.probe)
		}
		switch {
		case ok && p.Yes():
			return t.name
		case !ok && unseen == "":
			unseen = t.name
		}
	}
	return unseen
}

// answered tells whether the server answered anything over a transport.
func answered(e *evidence.Evidence, transport string) bool {
	if e == nil {
		return false
	}
	return slices.ContainsFunc(e.Options, func(t *evidence.Transaction) bool {
		return strings.EqualFold(t.Request.Net.String(), transport) && len(t.Responses) > 0
	})
}
