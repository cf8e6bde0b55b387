package lab

import "testing"

// TestNATKinds lets coturn's own client say what kind of NAT each of ours is.
func TestNATKinds(t *testing.T) {
	t.Parallel()
	const independent, address, both = "endpoint-independent", "address-dependent", "address-and-port-dependent"
	for kind, want := range map[natKind]discovery{
		natFullCone:       {Mapping: independent, Filtering: independent},
		natAddrRestricted: {Mapping: independent, Filtering: address},
		natPortRestricted: {Mapping: independent, Filtering: both},
		natSymmetric:      {Mapping: both, Filtering: both},
		natDouble:         {Mapping: independent, Filtering: both},
		natCarrier:        {Mapping: independent, Filtering: both},
	} {
		t.Run(string(kind), func(t *testing.T) {
			if testing.Short() && kind != natSymmetric {
				t.Skip("left to the whole lab")
			}
			t.Parallel()
			n := newNetwork(t, kind)
			got := n.discover(t, n.stun(t))
			got.Mapped = ""
			if got != want {
				t.Errorf("it is %+v, want %+v", got, want)
			}
		})
	}
}
