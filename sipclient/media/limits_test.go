package media

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// ARCHITECTURE.md has a row for each limit, under the words that the notes use, and no other.
func TestLimitsStandInOneTable(t *testing.T) {
	b, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(b), "<!-- limits -->\n")
	table, _, ok := strings.Cut(table, "<!-- end of limits -->")
	if !ok {
		t.Fatal("no table of limits in ARCHITECTURE.md")
	}
	var rows []string
	for i, line := range strings.Split(strings.TrimSpace(table), "\n") {
		if cells := strings.Split(line, "|"); i >= 2 && len(cells) > 2 {
			rows = append(rows, strings.TrimSpace(cells[1]))
		}
	}
	if !slices.Equal(rows, Limits) {
		t.Errorf("the table has the rows\n%q, the notes say\n%q", rows, Limits)
	}
}
