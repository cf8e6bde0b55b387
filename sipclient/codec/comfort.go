package codec

import "math"

// ComfortNoiseLevel reads the level of the background noise, in dBFS, from a
// comfort noise payload (RFC 3389 3: the first byte, in -dBov; bytes behind it
// shape the spectrum). It is 0 to -127; ok is false for an empty payload.
func ComfortNoiseLevel(payload []byte) (dbfs float64, ok bool) {
	if len(payload) == 0 {
		return 0, false
	}
	return -float64(payload[0] & 0x7f), true
}

// ComfortNoise appends a comfort noise payload (RFC 3389) for white noise of a
// level in dBFS, which is held to 0 to -127 and rounded to whole decibels.
func ComfortNoise(dst []byte, dbfs float64) []byte {
	if math.IsNaN(dbfs) {
		dbfs = -127
	}
	return append(dst, byte(math.Round(max(0, min(127, -dbfs)))))
}
