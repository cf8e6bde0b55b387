package session

import (
	"context"
	"testing"
)

// An address needs no name service, and what is no server's name is not asked for.
func TestLookUpAsksForNamesOnly(t *testing.T) {
	for _, domain := range []string{"127.0.0.1:5060", "[::1]", "two words", ""} {
		if got := LookUp(context.Background(), domain); got != NameUnasked {
			t.Errorf("%q: %d", domain, got)
		}
	}
}
