package session

import (
	"context"
	"slices"
	"testing"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// An address needs no name service, and what is no server's name is not asked for.
func TestLookUpAsksForNamesOnly(t *testing.T) {
	for _, domain := range []string{"127.0.0.1:5060", "[::1]", "two words", ""} {
		if got, _ := LookUp(context.Background(), domain); got != NameUnasked {
			t.Errorf("%q: %d", domain, got)
		}
	}
}

// The transports that a server's records name are told, the best first.
func TestLookUpTellsTheWays(t *testing.T) {
	for text, want := range map[string][]string{
		"yes name=pbx.example.net srv-udp=1 srv-tcp=0 srv-tls=2 a=1": {"TLS", "UDP"},
		"yes name=pbx.example.net srv-udp=failed srv-tcp=1 a=1":      {"TCP"},
		"yes name=pbx.example.net a=1":                               nil,
	} {
		var b evidence.Builder
		b.Add(capture.Record{N: 1, Note: &capture.Note{Kind: capture.KindProbe, Key: capture.ProbeDNS, Text: text}})
		said, ok := b.Evidence().Probe(capture.ProbeDNS)
		if got := announced(said); !ok || !slices.Equal(got, want) || judged(said, ok) != NameFound {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
