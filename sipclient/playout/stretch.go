package playout

import "math"

const (
	// alike is how much a stretch of sound has to be like the one a period later
	// before one of them can be left out, or played twice, without being heard.
	alike = 0.85
	// quiet is the RMS below which nobody hears it either: -54 dBFS.
	quiet = 65.0
)

// likeness finds the lag at which a piece of sound is most like itself, and how
// much. The lags go from an eighth to a half of it.
func likeness(x []int16) (lag int, like float64, loud bool) {
	half := len(x) / 2
	xx := 1.0
	for _, v := range x[:half] {
		xx += float64(v) * float64(v)
	}
	lag = half
	like = -1
	for l := len(x) / 8; l <= half; l++ {
		xy, yy := 0.0, 1.0
		for i := 0; i < half; i += 2 {
			xy += float64(x[i]) * float64(x[l+i])
			yy += float64(x[l+i]) * float64(x[l+i])
		}
		if r := xy / math.Sqrt(xx/2*yy); r > like {
			like, lag = r, l
		}
	}
	return lag, like, math.Sqrt(xx/float64(half)) > quiet
}

// shorten leaves out one period of a piece and gives how many samples are left; all
// of them where that would be heard.
func shorten(x []int16) int {
	if len(x) < 64 {
		return len(x)
	}
	lag, like, loud := likeness(x)
	if loud && like < alike {
		return len(x)
	}
	// x[lag:] is played from the start; what stood there fades into it.
	over := len(x) / 2
	for i := range over {
		w := float64(i+1) / float64(over+1)
		x[i] = round(float64(x[i])*(1-w) + float64(x[lag+i])*w)
	}
	copy(x[over:], x[lag+over:])
	return len(x) - lag
}

// lengthen plays one period of x[:n] twice and gives how many samples there are
// then. x needs room for half as many more.
func lengthen(x []int16, n int) int {
	if n < 64 || len(x) < n+n/2 {
		return n
	}
	lag, like, loud := likeness(x[:n])
	if loud && like < alike {
		return n
	}
	// Behind x[:lag] the sound goes on as it did, and fades into what it was at the
	// start. Moved up by a lag, the start lies where it is to be; how it went on lies
	// a lag behind that.
	copy(x[lag:n+lag], x[:n])
	over := min(n-lag, n/2)
	for i := range over {
		w := float64(i+1) / float64(over+1)
		x[lag+i] = round(float64(x[2*lag+i])*(1-w) + float64(x[lag+i])*w)
	}
	return n + lag
}
