package lab

import (
	"os"
	"strconv"
)

// repeats is how often rows that are to hold every time are run: once, or REPEAT=N times.
func repeats() int {
	n, _ := strconv.Atoi(os.Getenv("REPEAT")) // anything else: once
	return max(1, n)
}
