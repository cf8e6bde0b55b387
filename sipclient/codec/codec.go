// Package codec holds the pure-Go speech codecs and the signal arithmetic of the
// test phone: G.711 (ITU-T G.711), levels in dBFS, and the signals it sends.
package codec
