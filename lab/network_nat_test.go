package lab

import (
	"testing"

	"softphonedoctor/app/session"
)

var (
	fine    = session.Answers{"heard": "yes", "they_hear": "yes", "heard_ringing": "yes"}
	unheard = session.Answers{"heard": "yes", "they_hear": "no", "heard_ringing": "yes"}
	silent  = session.Answers{"heard": "no", "they_hear": "no", "heard_ringing": "yes"}
	deaf    = session.Answers{"heard": "no", "they_hear": "yes", "heard_ringing": "yes"}
)

// TestBehindNAT: with a relay every NAT is healthy, and without one the sound cannot
// come back, as the phone asks for it at its private address.
func TestBehindNAT(t *testing.T) {
	t.Parallel()
	var rows []netRow
	for _, kind := range natKinds {
		rows = append(rows, netRow{name: "relay, " + string(kind), nat: kind, answers: fine})
	}
	for _, kind := range []natKind{natFullCone, natPortRestricted, natSymmetric, natCarrier} {
		rows = append(rows, netRow{name: "no relay, " + string(kind), nat: kind, help: withNATHelp, answers: deaf,
			cause: "no-audio-in-wrong-address", where: "account", direction: "in"})
	}
	alg := func(t *testing.T, n *Network, _ *Registrar) { n.alg(t) }
	rows = append(rows,
		netRow{name: "no help", help: noProvider, answers: deaf, cause: "no-audio-in-wrong-address", where: "account", direction: "in"},
		netRow{name: "no help, no NAT", nat: natNone, help: noProvider, answers: fine},
		netRow{name: "no help, public address", nat: natPublic, help: noProvider, answers: fine},
		// The kernel's ALG does well what it does, so that nothing fails because of it.
		netRow{name: "ALG", answers: fine, set: alg},
		netRow{name: "ALG and nothing but a relay", help: withRelay, answers: fine, set: alg},
	)
	runRows(t, rows)
}
