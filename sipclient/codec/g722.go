package codec

// G.722 (ITU-T G.722, 64 kbit/s, mode 1) splits 16 kHz sound into two bands and
// codes each by ADPCM: 6 bits below 4 kHz, 2 bits above. One byte stands for two
// samples. Both directions have a memory: a payload only means something behind
// the one before it, and after a loss the decoder needs some 10 ms to agree again.
const (
	// WidebandRate is the sample rate of G.722's sound in samples per second.
	WidebandRate = 16000
	// G722ClockRate is that of G.722's RTP timestamps: 8000, not 16000, by a slip
	// that became the rule (RFC 3551 4.5.2). 20 ms are 320 samples, 160 bytes and
	// 160 timestamp units.
	G722ClockRate = 8000
	// G722Healing is after how many bytes behind a loss (60 ms) a decoder agrees
	// with the encoder again: its step forgets by half every 11 ms.
	G722Healing = 480
)

// G722Encoder turns 16-bit samples at 16 kHz into G.722 bytes. The zero value is
// ready, in the state that the recommendation prescribes at the start.
type G722Encoder struct {
	split     mirror
	low, high band
	odd       int16 // a sample that waits for its partner
	waiting   bool
}

// Encode appends the bytes of src to dst, one for two samples. A last sample
// without a partner waits for the next call.
func (e *G722Encoder) Encode(dst []byte, src []int16) []byte {
	if e.waiting && len(src) > 0 {
		dst = append(dst, e.pair(e.odd, src[0]))
		src, e.waiting = src[1:], false
	}
	for ; len(src) >= 2; src = src[2:] {
		dst = append(dst, e.pair(src[0], src[1]))
	}
	if len(src) == 1 {
		e.odd, e.waiting = src[0], true
	}
	return dst
}

// pair codes two samples.
func (e *G722Encoder) pair(a, b int16) byte {
	// The lower band is half the sum of the filter's two phases, the higher band
	// half their difference (G.722 3.1); 13 bits are the scale of its taps.
	first, second := e.split.put(int32(a), int32(b))
	low, high := (second+first)>>14, (second-first)>>14
	il := e.low.quantizeLow(saturate(low - e.low.predicted))
	e.low.stepLow(il >> 2)
	ih := e.high.quantizeHigh(saturate(high - e.high.predicted))
	e.high.stepHigh(ih)
	return byte(ih<<6 | il)
}

// G722Decoder turns G.722 bytes into 16-bit samples at 16 kHz. The zero value is
// ready, in the state that the recommendation prescribes at the start.
type G722Decoder struct {
	join      mirror
	low, high band
}

// Decode appends the samples of the bytes src to dst, two for each byte. Any
// bytes decode to something; nothing in them can be an error.
func (d *G722Decoder) Decode(dst []int16, src []byte) []int16 {
	for _, code := range src {
		il, ih := int32(code&0x3f), int32(code>>6)
		low := limit(d.low.predicted+d.low.step()*lowLevels[il]>>15, 1<<14-1)
		d.low.stepLow(il >> 2)
		high := limit(d.high.stepHigh(ih)+d.high.before, 1<<14-1)
		first, second := d.join.put(low+high, low-high)
		dst = append(dst, int16(saturate(second>>11)), int16(saturate(first>>11)))
	}
	return dst
}

// Skip decodes bytes whose sound is not wanted, for the decoder's memory.
func (d *G722Decoder) Skip(src []byte) {
	var buffer [320]int16
	for len(src) > 0 {
		n := min(len(src), len(buffer)/2)
		d.Decode(buffer[:0], src[:n])
		src = src[n:]
	}
}

// mirror is the quadrature mirror filter of G.722 3.1 and 4.4: 24 taps, every
// other one for its first and its second input; the taps of the second are those
// of the first, turned round. The same filter splits and joins.
type mirror struct {
	first, second [12]int32 // the latest inputs, as rings
	at            int
}

// put takes the next two inputs and gives the sums over both.
func (m *mirror) put(a, b int32) (first, second int32) {
	m.first[m.at], m.second[m.at] = a, b
	if m.at++; m.at == len(m.first) {
		m.at = 0
	}
	i := m.at // the oldest
	for k, tap := range mirrorTaps {
		first += m.first[i] * tap
		second += m.second[i] * mirrorTaps[len(mirrorTaps)-1-k]
		if i++; i == len(m.first) {
			i = 0
		}
	}
	return first, second
}
