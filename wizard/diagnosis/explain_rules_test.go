package diagnosis

import "testing"

// TestEveryRuleIsInTheListOfCauses keeps the rules and the list together: the support
// code and "explain" know causes by the list only.
func TestEveryRuleIsInTheListOfCauses(t *testing.T) {
	for _, r := range Rules() {
		c, ok := LookupCause(r.Cause)
		if !ok {
			t.Errorf("the rule %s is in no list, so no support code can carry it", r.Cause)
			continue
		}
		if r.Kind != c.Kind {
			t.Errorf("%s: the rule says %s, the list %s", r.Cause, r.Kind, c.Kind)
		}
		if r.Where != c.Where {
			t.Errorf("%s: the rule says %s, the list %s", r.Cause, r.Where, c.Where)
		}
		for _, other := range r.ExplainedBy {
			if _, ok := LookupCause(other); !ok {
				t.Errorf("%s is explained by %s, which is in no list", r.Cause, other)
			}
		}
	}
}
