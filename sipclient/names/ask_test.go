package names

import (
	"net"
	"testing"
)

// Weights share the load (RFC 2782); priorities are kept.
func TestSRVWeights(t *testing.T) {
	first := map[uint16]int{}
	for range 4000 {
		list := shuffle([]*net.SRV{{Port: 9, Priority: 2}, {Port: 1, Priority: 1, Weight: 30}, {Port: 2, Priority: 1, Weight: 10}, {Port: 3, Priority: 1}})
		if list[3].Port != 9 {
			t.Fatal("a lower priority came first")
		}
		first[list[0].Port]++
	}
	if first[1] < 2700 || first[1] > 3300 || first[2] < 700 || first[2] > 1300 || first[3] > 10 {
		t.Error(first)
	}
}
