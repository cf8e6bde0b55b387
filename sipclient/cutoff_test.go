package sipclient

import (
	"errors"
	"strings"
	"testing"

	"softphonedoctor/sipclient/capture"
)

// TestNoWayIsEvidence: a server to which this computer knows no way is no reason
// for the program to stop: the tape says it. (A link-local address without its
// interface is such a place everywhere.)
func TestNoWayIsEvidence(t *testing.T) {
	for _, transport := range []string{"udp", "tcp", "tls"} {
		p, err := New(t.Context(), Config{Tape: &capture.Tape{}, Account: Account{User: "a", Domain: "[fe80::1]:5060", Transport: transport, Register: true}})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Register(t.Context()); !errors.Is(err, ErrNoServer) {
			t.Errorf("Register gave %v", err)
		}
		if !strings.Contains(strings.Join(notes(p), "\n"), capture.PhoneUnreachable+" "+transport+" [fe80::1]:5060: ") {
			t.Errorf("no word about it: %q", notes(p))
		}
		if err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
