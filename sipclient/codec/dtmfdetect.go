package codec

import "math"

const (
	// keyBlock is the length over which the strength of a frequency is taken: 12.75
	// ms, so that neighbours of the keypad's eight stand apart.
	keyBlock = 102
	// keyBlocks is how many blocks in a row must show a key: 38 ms. A key that
	// sounds for 65 ms is found wherever it begins; syllables do not stay so pure.
	keyBlocks = 3
	// keyPure is the share of all energy that the two tones of a key must have.
	keyPure = 0.82
	// keyTwist is how much stronger one of the two tones may be (9 dB; ITU-T Q.24
	// leaves it to the administrations: 4 to 8), keyAlone how much stronger each is
	// than any other of its group (8 dB).
	keyTwist, keyAlone = 8.0, 6.3
	// keyLeast is the level of the weakest key, in dBFS: some 33 dB below a usual one.
	keyLeast = -45.0
	// maxKeysHeard bounds what a detector keeps.
	maxKeysHeard = 256
)

// DTMFDetector finds the keys in a sound at 8,000 samples per second (ITU-T Q.23,
// Q.24), by Goertzel's algorithm. The zero value is ready. It hears keys of 65 ms
// and more with pauses of 40 ms, and takes neither speech nor noise for them.
type DTMFDetector struct {
	n      int
	energy float64
	one    [8]float64 // Goertzel's two last states for each frequency, rows first
	two    [8]float64

	key, run byte // the key of the last block, and how many blocks it is there
	rest     int  // blocks since the last one that showed the key
	counted  bool // that key is in keys
	keys     []byte
}

// keyFactors are twice the cosines of Goertzel's recursion.
var keyFactors [8]float64

func init() {
	for i := range 4 {
		keyFactors[i] = 2 * math.Cos(2*math.Pi*dtmfRows[i]/SampleRate)
		keyFactors[4+i] = 2 * math.Cos(2*math.Pi*dtmfColumns[i]/SampleRate)
	}
}

// Keys gives what was heard so far: "0" to "9", "*", "#", "A" to "D", each key
// once however long it was held.
func (d *DTMFDetector) Keys() string { return string(d.keys) }

// Add takes the next samples and tells whether a key was heard for the first time
// in them.
func (d *DTMFDetector) Add(samples []int16) (heard bool) {
	for _, s := range samples {
		v := float64(s)
		d.energy += v * v
		for i := range d.one {
			d.one[i], d.two[i] = v+keyFactors[i]*d.one[i]-d.two[i], d.one[i]
		}
		if d.n++; d.n == keyBlock {
			heard = d.block(d.judge()) || heard
			d.n, d.energy, d.one, d.two = 0, 0, [8]float64{}, [8]float64{}
		}
	}
	return heard
}

// judge gives the key of a full block, 0 for none.
func (d *DTMFDetector) judge() byte {
	if decibel(d.energy, keyBlock) < keyLeast {
		return 0
	}
	var power [8]float64
	row, column := 0, 4
	for i := range power {
		power[i] = d.one[i]*d.one[i] + d.two[i]*d.two[i] - keyFactors[i]*d.one[i]*d.two[i]
		switch {
		case i < 4 && power[i] > power[row]:
			row = i
		case i > 4 && power[i] > power[column]:
			column = i
		}
	}
	low, high := power[row], power[column]
	if low > high*keyTwist || high > low*keyTwist || (low+high)*2 < keyPure*keyBlock*d.energy {
		return 0
	}
	for i, p := range power {
		if i != row && i < 4 && p*keyAlone > low || i != column && i >= 4 && p*keyAlone > high {
			return 0
		}
	}
	return dtmfKeys[4*row+column-4]
}

// block takes the key of the next block. A single block without it, as a lost
// packet makes, does not end a key.
func (d *DTMFDetector) block(key byte) (heard bool) {
	if key == 0 || key != d.key {
		if d.rest++; key == 0 && d.rest < 2 {
			return false
		}
		d.key, d.run, d.counted = key, 0, false
	}
	if key == 0 {
		return false
	}
	d.rest = 0
	if d.run < keyBlocks {
		d.run++
	}
	if d.run < keyBlocks || d.counted {
		return false
	}
	d.counted = true
	if len(d.keys) < maxKeysHeard {
		d.keys = append(d.keys, key)
	}
	return true
}
