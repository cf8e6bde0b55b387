package lab

import (
	"testing"

	"softphonedoctor/app/session"
	"softphonedoctor/sipclient/capture"
)

// blocks is a firewall in the router.
func blocks(what traffic, w way, verdict string) func(*testing.T, *Network, *Registrar) {
	return func(t *testing.T, n *Network, _ *Registrar) { n.firewall(t, what, w, verdict) }
}

// TestFirewalls: what a firewall keeps, and how it says so.
func TestFirewalls(t *testing.T) {
	t.Parallel()
	const local = "local-network"
	runRows(t, []netRow{
		{name: "SIP over UDP swallowed", set: blocks(sipUDP, bothWay, silently), situation: "registration", cause: "transport-blocked", where: local, direction: "both"},
		{name: "SIP over UDP swallowed inward", set: blocks(sipUDP, inward, silently), situation: "registration", cause: "transport-blocked", where: local, direction: "both"},
		{name: "SIP over UDP prohibited", set: blocks(sipUDP, outward, prohibited), situation: "registration", cause: "transport-blocked", where: local, direction: "both"},
		{name: "SIP over UDP unreachable", set: blocks(sipUDP, outward, portUnreachable), situation: "registration", cause: "server-port-closed", where: "provider", direction: "both"},
		{name: "SIP over TCP swallowed", transport: "tcp", set: blocks(sipTCP, bothWay, silently), situation: "registration", cause: "transport-blocked", where: local, direction: "both"},
		{name: "TLS swallowed", transport: "tls", set: blocks(sipTLS, bothWay, silently), situation: "registration", cause: "transport-blocked", where: local, direction: "both"},
		{name: "TLS refused", transport: "tls", set: blocks(sipTLS, outward, connectionRefused), situation: "registration", cause: "server-port-closed", where: "provider", direction: "both"},
		// A public address: each direction stands for itself.
		{name: "RTP swallowed inward, public", nat: natPublic, answers: deaf, set: blocks(soundOnly, inward, silently), cause: "no-audio-in-blocked", where: local, direction: "in"},
		{name: "RTP swallowed outward, public", nat: natPublic, answers: unheard, set: blocks(soundOnly, outward, silently), cause: "no-audio-out-lost", where: local, direction: "out"},
		{name: "RTP swallowed both ways, public", nat: natPublic, answers: silent, set: blocks(soundOnly, bothWay, silently), cause: "no-audio-in-blocked", where: local, direction: "in", others: []string{"no-audio-out-lost"}},
		{name: "all sound swallowed inward, public", nat: natPublic, answers: deaf, set: blocks(sound, inward, silently), cause: "no-audio-in", where: local, direction: "in"},
		{name: "all sound swallowed outward, public", nat: natPublic, answers: unheard, set: blocks(sound, outward, silently), cause: "no-audio-out-lost", where: local, direction: "out"},
		{name: "all sound swallowed, public", nat: natPublic, answers: silent, set: blocks(sound, bothWay, silently), cause: "media-blocked-both-ways", where: local, direction: "both"},
		{name: "sound prohibited outward, public", nat: natPublic, answers: unheard, set: blocks(sound, outward, prohibited), cause: "no-audio-out-lost", where: local, direction: "out"},
		{name: "sound unreachable outward, public", nat: natPublic, answers: unheard, set: blocks(sound, outward, portUnreachable), cause: "no-audio-out-port-closed", where: "provider", direction: "out"},
		// Behind NAT the relay learns from our sound where to send its own: what is
		// lost on the way out leaves both sides without sound.
		{name: "RTP swallowed inward", answers: deaf, set: blocks(soundOnly, inward, silently), cause: "no-audio-in-blocked", where: local, direction: "in"},
		{name: "RTP swallowed outward", answers: silent, set: blocks(soundOnly, outward, silently), cause: "no-audio-out-lost", where: local, direction: "out"},
		{name: "all sound swallowed outward", answers: silent, set: blocks(sound, outward, silently), cause: "media-blocked-both-ways", where: local, direction: "both"},
		{name: "all sound swallowed", answers: silent, set: blocks(sound, bothWay, silently), cause: "media-blocked-both-ways", where: local, direction: "both"},
		{name: "sound prohibited outward", answers: silent, set: blocks(sound, outward, prohibited), cause: "no-audio-out-lost", where: local, direction: "out"},
		{name: "sound unreachable outward", answers: silent, set: blocks(sound, outward, portUnreachable), cause: "no-audio-out-port-closed", where: "provider", direction: "out"},
		// A server outside answers the very socket of the sound: only what comes from the relay is kept.
		{name: "RTP swallowed inward, measured from its own socket", answers: deaf, account: func(n *Network, _ *Registrar, a *session.Account) { a.STUN = []string{stunAddr} },
			set:   func(t *testing.T, n *Network, _ *Registrar) { n.stun(t); n.firewall(t, soundOnly, inward, silently) },
			cause: "no-audio-in-blocked", where: local, direction: "in", more: func(t *testing.T, _ *Network, a answer) {
				if line, _ := a.measured(capture.ProbeNATMedia); !hasWords(line, "yes by="+stunAddr) {
					t.Errorf("%s: %q", capture.ProbeNATMedia, line)
				}
			}},
		{name: "RTP swallowed inward in the internet", answers: deaf, set: func(t *testing.T, n *Network, _ *Registrar) { n.fault(t, soundOnly, inward, silently) }, cause: "no-audio-in-blocked", where: local, direction: "in"},
	})
}
