package diagnosis

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// canAsk says what Explain knows, as the end of an error.
const canAsk = `ask for a code (488), q850:N, warning:N, pt:N, the id of a cause, a situation, a word or a line of a message; the lists are "codes", "q850", "warning", "pt", "causes", "thresholds", "situations" and "terms"`

// unknownTerm names the nearest terms that could have been meant.
func unknownTerm(shown, asked string) error {
	if bareNumber.MatchString(asked) {
		return fmt.Errorf("%s alone can mean several things: ask for \"pt:%s\" (a sound format) or \"q850:%s\" (a cause of the telephone network)", asked, asked, asked)
	}
	near := nearest(asked, 3)
	if short := []rune(shown); len(short) > 60 {
		shown = string(short[:60]) + "..."
	}
	if len(near) == 0 {
		return errors.New(fmt.Sprintf("%q is not known here; ", shown) + canAsk)
	}
	for i := range near {
		near[i] = `"` + near[i] + `"`
	}
	return errors.New(fmt.Sprintf("%q is not known here; did you mean %s? Otherwise ", shown, strings.Join(near, " or ")) + canAsk)
}

// nearest gives up to n known terms that differ least from the asked one: at most a
// third of its letters, or those that begin with it or hold it.
func nearest(asked string, n int) []string {
	if len(asked) > 60 {
		return nil
	}
	type candidate struct {
		term string
		far  int
	}
	var found []candidate
	limit := max(1, len([]rune(asked))/3)
	for _, t := range askable() {
		low := strings.ToLower(t)
		far := distance(asked, low)
		if len(asked) >= 3 && strings.Contains(low, asked) {
			far = min(far, limit)
		}
		if far <= limit {
			found = append(found, candidate{t, far})
		}
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].far < found[j].far })
	var terms []string
	for _, c := range found {
		if len(terms) < n && !slices.Contains(terms, c.term) {
			terms = append(terms, c.term)
		}
	}
	return terms
}

// askable lists everything that can be mistyped.
func askable() []string {
	terms := []string{"codes", "q850", "warning", "pt", "causes", "thresholds", "situations", "terms"}
	for _, s := range situations {
		terms = append(terms, s.id)
	}
	terms = append(terms, termNames()...)
	for _, c := range Causes() {
		terms = append(terms, c.ID)
	}
	for _, p := range payloadTable {
		if p.Kind != "none" {
			terms = append(terms, p.Name)
		}
	}
	for _, c := range Codes() {
		terms = append(terms, c.Name)
	}
	return terms
}

// distance counts the letters to add, leave out, change or swap with their neighbour
// to make b of a (optimal string alignment).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last := make([]int, len(y)+1), make([]int, len(y)+1)
	row := make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
