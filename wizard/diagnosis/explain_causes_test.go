package diagnosis

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// lastListed is the highest number of the shared list.
const lastListed = 124

func TestCausesEqualTheSharedList(t *testing.T) {
	rows := sharedTable(t, "causes.csv")
	// Causes that were found missing in the list are added behind its end.
	causes := slices.DeleteFunc(Causes(), func(c Cause) bool { return c.Number > lastListed })
	if len(rows) != len(causes) {
		t.Fatalf("%d causes, the list has %d", len(causes), len(rows))
	}
	for i, r := range rows {
		c := causes[i]
		n, err := strconv.Atoi(r["number"])
		if err != nil {
			t.Fatal(err)
		}
		if c.Number != n || c.ID != r["cause"] || string(c.Where) != r["where"] || !slices.Equal(c.Situations, strings.Split(r["situations"], ";")) {
			t.Errorf("row %d: %+v, the list says %v", i, c, r)
		}
		kind := c.Kind.String()
		if c.ID == "healthy" {
			kind = "none"
		}
		if kind != r["kind"] {
			t.Errorf("%s: kind %s, want %s", c.ID, kind, r["kind"])
		}
		if got, ok := LookupCauseNumber(n); !ok || got.ID != c.ID {
			t.Errorf("number %d finds %q", n, got.ID)
		}
	}
}

func TestCausesAreToldInPlainWords(t *testing.T) {
	// The labels that stand in the settings of routers and phones.
	labels := strings.NewReplacer("SIP ALG", "", "SIP helper", "", "SIP transformations", "", "over TCP or TLS", "", "RFC 4733", "", "RFC 2833", "")
	seen := map[string]bool{}
	for _, c := range Causes() {
		if seen[c.ID] {
			t.Errorf("%s stands twice", c.ID)
		}
		seen[c.ID] = true
		sentence(t, c.ID+" title", c.Title)
		sentence(t, c.ID+" tell", c.Tell)
		sentence(t, c.ID+" proof", strings.ToUpper(c.Proof[:1])+c.Proof[1:])
		noJargon(t, c.ID+" title", c.Title)
		noJargon(t, c.ID+" tell", labels.Replace(c.Tell))
	}
}
