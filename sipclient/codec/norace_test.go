//go:build !race

package codec

const raceFactor = 1
