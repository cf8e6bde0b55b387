//go:build race

package codec

// raceFactor is by how much the long trials are cut short where the race detector
// makes arithmetic slow; make test runs them in full without it.
const raceFactor = 20
