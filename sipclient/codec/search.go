package codec

import (
	"math"
	"slices"
	"sync"

	"gonum.org/v1/gonum/dsp/fourier"
)

// A note is searched for in a window of what was heard, by correlation.
const (
	searchSize = 1 << 14            // of the Fourier transforms
	searchLead = SampleRate / 100   // how much too early a note may seem to come
	searchLags = SampleRate * 3 / 2 // how late it may come
	searchSpan = searchLead + searchLags + maxNote
	// The lags are looked at in bins of 2 ms, one each millisecond: within 6 s, two
	// clocks that differ by 100 ppm move a note by 0.6 ms.
	binStep  = SampleRate / 1000
	binWidth = 2 * binStep
	bins     = (searchLead+searchLags)/binStep - 1
)

// How a note speaks for a delay. The strength of a bin is how well the note fits
// there (the share of the sound's energy that it explains), against the median of
// all bins: sound that does not hold the notes gives 1 and seldom more than 3,
// whatever it is, because its own changes in loudness and colour are in both. Each
// note adds its strength, up to mostStrength, and takes away usualStrength.
const (
	mostStrength  = 6.0
	usualStrength = 1.5
	// proof is the sum that is needed: three notes at least.
	proof = 13.0
	// leastShare and fewShare are the share of the sound that half of the notes have
	// to explain, the latter divided by how many they are. Of 3 notes in 10 s of keys,
	// sweeps, voices and other phones' signals half never explained more than 0.032,
	// of 16 notes 0.012.
	leastShare, fewShare = 0.01, 0.4
	// faintest is what is added to the energy of a note's stretch, so that a single
	// click in silence explains nothing: -84 dBFS.
	faintest = 2 * 2
)

// noteSpectra holds the conjugate spectrum of each note, scaled by its energy, and
// the energies.
var noteSpectra = sync.OnceValues(func() (spectra [len(tuneNotes)][]complex64, energies [len(tuneNotes)]float64) {
	fft := fourier.NewFFT(searchSize)
	in := make([]float64, searchSize)
	for i, wave := range noteWaves() {
		clear(in)
		copy(in, wave)
		for _, v := range wave {
			energies[i] += v * v
		}
		spectra[i] = make([]complex64, searchSize/2)
		for k, c := range fft.Coefficients(nil, in)[:searchSize/2] {
			// The negative frequencies are left out and the others count twice: the
			// magnitude of what comes out is the envelope of the correlation.
			spectra[i][k] = complex64(complex(2*real(c), -2*imag(c)) / complex(energies[i]*searchSize, 0))
		}
	}
	return spectra, energies
})

// trace is what the search for one note gave, by bins.
type trace struct {
	round  int           // counts the notes; -1: nothing yet
	known  int           // bins that could be searched so far
	share  [bins]float32 // of the energy that the note explains
	usual  float32       // median of the shares
	power  [bins]float32 // the gain, squared
	offset [bins]uint8   // of the peak within the bin, in samples
	floor  float32       // median of the power
	best   float64       // share of the energy that the note explains, where that is most
	bestAt int           // in samples since the beginning of the window
}

// score is how the note speaks for a bin that is known.
func (t *trace) score(b int) float32 {
	return min(mostStrength, t.share[b]/t.usual) - usualStrength
}

// correlator has the working memory of a search.
type correlator struct {
	fft      *fourier.FFT
	window   []float64 // the sound to search in
	spectrum []complex128
	peaks    []complex128
	strength [bins]float64
	order    [bins]float64
}

func newCorrelator() *correlator {
	return &correlator{
		fft: fourier.NewFFT(searchSize), window: make([]float64, searchSize),
		spectrum: make([]complex128, searchSize/2+1), peaks: make([]complex128, searchSize),
	}
}

// search looks for a note in the first heard samples of c.window.
func (c *correlator) search(which uint8, heard int, t *trace) {
	clear(c.window[heard:])
	spectra, energies := noteSpectra()
	c.spectrum = c.fft.Coefficients(c.spectrum, c.window)
	for k, s := range spectra[which] {
		c.peaks[k] = c.spectrum[k] * complex128(s)
	}
	clear(c.peaks[searchSize/2:])
	fourier.SequenceRadix2(c.peaks)

	length := tuneNotes[which].ms * SampleRate / 1000
	lags := min(searchLead+searchLags, heard-length+1)
	energy := float64(faintest * length)
	for _, v := range c.window[:length] {
		energy += v * v
	}
	clear(c.strength[:])
	clear(t.power[:])
	t.best, t.bestAt = 0, 0
	known := 0 // bins that are
	for lag := range max(0, lags) {
		p := c.peaks[lag]
		power := real(p)*real(p) + imag(p)*imag(p)
		share := power * energies[which] / energy
		if share > t.best {
			t.best, t.bestAt = share, lag
		}
		bin := lag / binStep
		for _, b := range [2]int{bin - 1, bin} {
			if b >= 0 && b < bins && share > c.strength[b] {
				c.strength[b], t.power[b], t.offset[b] = share, float32(power), uint8(lag-b*binStep)
			}
		}
		if known = bin; lag+length < heard {
			old, next := c.window[lag], c.window[lag+length]
			energy += next*next - old*old
		}
	}
	known = min(known, bins)
	c.rate(known, 2/float64(length), t)
}

// rate turns shares into scores. least is the share that white noise gives.
func (c *correlator) rate(known int, least float64, t *trace) {
	clear(t.share[:])
	t.known, t.floor, t.usual = known, 0, 1
	if known == 0 {
		return
	}
	copy(c.order[:known], c.strength[:known])
	slices.Sort(c.order[:known])
	t.usual = float32(max(c.order[known/2], least))
	for b := range known {
		t.share[b] = float32(c.strength[b])
		c.order[b] = float64(t.power[b])
	}
	slices.Sort(c.order[:known])
	t.floor = float32(c.order[known/2])
}

// rounds is how many notes are remembered: some 6 s.
const rounds = 24

// history remembers what the latest notes gave.
type history struct {
	traces [rounds]*trace
	sums   [bins]float32
}

func newHistory() *history {
	h := &history{}
	for i := range h.traces {
		h.traces[i] = &trace{round: -1}
	}
	return h
}

// slot gives the place of a note, in which an older one stood.
func (h *history) slot(round int) *trace {
	t := h.traces[round%rounds]
	t.round = round
	return t
}

// reset forgets everything.
func (h *history) reset() {
	for _, t := range h.traces {
		*t = trace{round: -1}
	}
}

// arrival is a delay at which the notes come.
type arrival struct {
	bin  int
	lag  float64 // samples since they were sent
	gain float64 // amplitude against what was sent
}

// strongest gives the arrival with the largest gain among those that are proven,
// leaving out lags near those of others. ok is false where there is none.
func (h *history) strongest(others []arrival) (a arrival, ok bool) {
	const apart = 25 // ms
	clear(h.sums[:])
	for _, t := range h.traces {
		if t.round < 0 {
			continue
		}
		for b := range t.known {
			h.sums[b] += t.score(b)
		}
	}
	best := 0.0
	for b, s := range h.sums {
		if s < proof || !h.agreed(b) || slices.ContainsFunc(others, func(o arrival) bool { return max(b-o.bin, o.bin-b) <= apart }) {
			continue
		}
		if gain := h.gain(b); gain > best {
			best, ok = gain, true
			a = arrival{bin: b, gain: gain}
		}
	}
	if ok {
		a.lag = h.lag(a.bin)
	}
	return a, ok
}

// agreed tells whether the notes agree on a bin: half of them explain so much of
// the sound there as no other sound lets them, which is the less the more they are.
func (h *history) agreed(b int) bool {
	var shares [rounds]float32
	n := 0
	for _, t := range h.traces {
		if t.round >= 0 && b < t.known {
			shares[n] = t.share[b]
			n++
		}
	}
	slices.Sort(shares[:n])
	return n > 0 && float64(shares[(n-1)/2]) >= leastShare+fewShare/float64(n)
}

// gain is the mean gain of the notes in a bin, without the share of the noise.
func (h *history) gain(b int) float64 {
	power, notes := 0.0, 0
	for _, t := range h.traces {
		if t.round >= 0 && b < t.known {
			power += float64(t.power[b] - t.floor)
			notes++
		}
	}
	return math.Sqrt(max(0, power) / float64(max(1, notes)))
}

// lag weighs the places of the peaks in a bin by their power; the latest notes
// count most.
func (h *history) lag(b int) float64 {
	sum, weight := 0.0, 0.0
	latest := 0
	for _, t := range h.traces {
		latest = max(latest, t.round)
	}
	for _, t := range h.traces {
		if t.round < 0 || b >= t.known || t.score(b) <= 0 {
			continue
		}
		w := float64(t.power[b]) / float64(4+latest-t.round)
		sum += w * float64(b*binStep+int(t.offset[b])-searchLead)
		weight += w
	}
	if weight == 0 {
		return float64((b+1)*binStep - searchLead)
	}
	return sum / weight
}
