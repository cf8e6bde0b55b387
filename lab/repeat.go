package lab

import (
	"os"
	"strconv"
	"testing"
)

// repeats is how often rows that are to hold every time are run: once, or REPEAT=N times.
func repeats() int {
	n, _ := strconv.Atoi(os.Getenv("REPEAT")) // anything else: once
	return max(1, n)
}

// wholeLab leaves a row that takes long to make lab, which runs all of them: a short run
// does without.
func wholeLab(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("left to the whole lab")
	}
}
