package codec

// band is the ADPCM of one of G.722's two bands: an adaptive quantizer's step and
// a predictor with two poles and six zeros (G.722 3.2 to 3.6). The arithmetic is
// that of the recommendation, 16 bits with saturation, so that encoder and
// decoder agree to the last bit.
type band struct {
	predicted int32 // s: what the next sample is expected to be
	before    int32 // the prediction that the latest step used
	zeros     int32 // sz: the part of the prediction from the zeros
	loudness  int32 // nabla: logarithm of the quantizer's step, 11 bits for a doubling
	high      bool  // the step is scaled for the higher band

	pole   [2]int32 // a1, a2
	zero   [6]int32 // b1 to b6
	sound  [2]int32 // r: the reconstructed signal, the latest first
	signs  [2]int32 // p: the partly reconstructed signal
	change [6]int32 // d: the quantized differences
}

// saturate holds a value to 16 bits.
func saturate(v int32) int32 { return max(-32768, min(32767, v)) }

// limit holds a value between -most-1 and most.
func limit(v, most int32) int32 { return max(-most-1, min(most, v)) }

// step gives the quantizer's step (blocks SCALEL and SCALEH): 32 to 16,384 in the
// lower band, 8 to 16,384 in the higher.
func (b *band) step() int32 {
	shift := 8 - b.loudness>>11
	if b.high {
		shift += 2
	}
	v := stepFractions[b.loudness>>6&31]
	if shift < 0 {
		v <<= -shift
	} else {
		v >>= shift
	}
	return v << 2
}

// quantizeLow chooses the 6-bit code of a difference (block QUANTL).
func (b *band) quantizeLow(difference int32) int32 {
	size, step := magnitude(difference), b.step()
	level := int32(1)
	for level < 30 && size >= lowBounds[level]*step>>12 {
		level++
	}
	// Codes fall as the level rises: 61 to 32 above zero, and below it 63 and 62
	// for the two smallest levels, then 31 to 4.
	switch {
	case difference >= 0:
		return 62 - level
	case level <= 2:
		return 64 - level
	}
	return 34 - level
}

// quantizeHigh chooses the 2-bit code of a difference (block QUANTH).
func (b *band) quantizeHigh(difference int32) int32 {
	b.high = true
	large := magnitude(difference) >= highBound*b.step()>>12
	switch {
	case difference < 0 && large:
		return 0
	case difference < 0:
		return 1
	case large:
		return 2
	}
	return 3
}

// magnitude is the size of a difference as QUANTL and QUANTH take it: the one's
// complement of a negative one.
func magnitude(v int32) int32 {
	if v < 0 {
		return -(v + 1)
	}
	return v
}

// stepLow adapts the lower band to the upper four bits of its code, which is all
// that both ends can rely on (blocks INVQAL, LOGSCL).
func (b *band) stepLow(code int32) {
	difference := b.step() * coarseLevels[code] >> 15
	b.loudness = max(0, min(18432, b.loudness*127>>7+lowGrowth[code]))
	b.adapt(difference)
}

// stepHigh adapts the higher band to its code and gives the difference that the
// code stands for (blocks INVQAH, LOGSCH).
func (b *band) stepHigh(code int32) int32 {
	b.high = true
	difference := b.step() * highLevels[code] >> 15
	b.loudness = max(0, min(22528, b.loudness*127>>7+highGrowth[code&1]))
	b.adapt(difference)
	return difference
}

// adapt moves the predictor by one sample (G.722 block 4, "RECONS" to "PREDIC").
func (b *band) adapt(difference int32) {
	b.before = b.predicted
	sound := saturate(b.predicted + difference)
	partly := saturate(b.zeros + difference)

	// UPPOL2: the second pole follows the agreement of the last signs.
	towards := saturate(b.pole[0] << 2)
	if same(partly, b.signs[0]) {
		towards = min(32767, -towards)
	}
	second := towards >> 7
	if same(partly, b.signs[1]) {
		second += 128
	} else {
		second -= 128
	}
	second = max(-12288, min(12288, second+b.pole[1]*32512>>15))
	// UPPOL1: the first pole, held to where the filter stays stable.
	first := b.pole[0] * 32640 >> 15
	if same(partly, b.signs[0]) {
		first += 192
	} else {
		first -= 192
	}
	most := saturate(15360 - second)
	first = max(-most, min(most, saturate(first)))
	b.pole = [2]int32{first, second}

	// UPZERO: the zeros leak, and move with the signs of the differences.
	var move int32
	if difference != 0 {
		move = 128
	}
	for i, v := range b.zero {
		v = v * 32640 >> 15
		if same(difference, b.change[i]) {
			v += move
		} else {
			v -= move
		}
		b.zero[i] = saturate(v)
	}
	// DELAYA.
	copy(b.change[1:], b.change[:5])
	b.change[0] = difference
	b.sound = [2]int32{sound, b.sound[0]}
	b.signs = [2]int32{partly, b.signs[0]}
	// FILTEP, FILTEZ, PREDIC.
	poles := saturate(b.pole[0]*saturate(2*b.sound[0])>>15 + b.pole[1]*saturate(2*b.sound[1])>>15)
	var zeros int32
	for i, v := range b.zero {
		zeros += v * saturate(2*b.change[i]) >> 15
	}
	b.zeros = saturate(zeros)
	b.predicted = saturate(poles + b.zeros)
}

// same tells whether two values have one sign, where zero counts as positive.
func same(a, b int32) bool { return a^b >= 0 }
