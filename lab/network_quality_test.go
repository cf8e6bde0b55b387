package lab

import "testing"

// TestImpaired: what happens to sound in one direction is measured and blamed there.
func TestImpaired(t *testing.T) {
	t.Parallel()
	impaired := func(i impairment) func(*testing.T, *Network, *Registrar) {
		return func(t *testing.T, n *Network, _ *Registrar) { n.impair(t, i) }
	}
	runRows(t, []netRow{
		{name: "5 % lost inward", situation: "quality", set: impaired(impairment{Way: inward, Loss: 5}), cause: "loss-in", where: "internet", direction: "in",
			more: func(t *testing.T, n *Network, a answer) {
				if s := a.stream(inward); s == nil || s.Lost == 0 {
					t.Errorf("no loss was measured: %+v", s)
				}
			}},
	})
}
