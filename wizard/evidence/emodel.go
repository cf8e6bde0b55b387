package evidence

import "math"

// EModel is what the transmission rating of ITU-T G.107 (06/2015, narrow band)
// depends on here. What a softphone cannot know stands at the recommendation's
// defaults: SLR 8, RLR 2, STMR 15, LSTR 18, Ds and Dr 3, Nc -70, Nfor -64, Ps and
// Pr 35, WEPL 110, one quantizing distortion unit, no advantage.
type EModel struct {
	// Delay is from mouth to ear, one way, in ms (Ta; T is the same, Tr twice that).
	Delay float64
	// TELR is the talker echo loudness rating in dB; 0 means the default, 65: hardly
	// an echo.
	TELR float64
	// Ie and Bpl are the codec's impairment and robustness to loss (G.113 appendix I).
	Ie, Bpl float64
	// Loss is the share of packets that were not played, in percent (Ppl).
	Loss float64
	// BurstRatio is how much longer the bursts of loss are than by chance (BurstR);
	// 0 means 1, loss by chance.
	BurstRatio float64
}

// Defaults of G.107 table 2.
const (
	eSLR, eRLR    = 8.0, 2.0
	eOLR          = eSLR + eRLR
	eSTMR, eLSTR  = 15.0, 18.0
	eDs           = 3.0
	ePs, ePr      = 35.0, 35.0
	eNc, eNfor    = -70.0, -64.0
	eWEPL, eTELR  = 110.0, 65.0
	eQdu          = 1.0
	eMT, eST      = 100.0, 1.0 // least delay that is noticed, and how much it is
	maxBurstRatio = 8.0
)

// R gives the rating, 0 to 93.2: R = Ro - Is - Id - Ie,eff (G.107 7.1).
func (m EModel) R() float64 {
	if m.TELR == 0 {
		m.TELR = eTELR
	}
	no := m.noise()
	ro := 15 - 1.5*(eSLR+no)
	ist := m.sidetone()
	is := m.loudness(no) + ist + m.quantizing(ro)
	return max(0, ro-is-m.delay(ro, no, ist)-m.equipment())
}

// noise is the power sum of all noise at the 0 dBr point (No, G.107 7.2).
func (m EModel) noise() float64 {
	pre := ePr + 10*math.Log10(1+math.Pow(10, (10-eLSTR)/10))
	nor := eRLR - 121 + pre + 0.008*square(pre-35)
	nos := ePs - eSLR - eDs - 100 + 0.004*square(ePs-eOLR-eDs-14)
	sum := 0.0
	for _, n := range []float64{eNc, nos, nor, eNfor + eRLR} {
		sum += math.Pow(10, n/10)
	}
	return 10 * math.Log10(sum)
}

// loudness is what too low an overall loudness costs (Iolr, 7.3).
func (m EModel) loudness(no float64) float64 {
	x := (eOLR + 0.2*(64+no-eRLR)) / 8
	return 20 * (math.Pow(1+math.Pow(x, 8), 1.0/8) - x)
}

// sidetone is what one's own voice in the ear costs (Ist, 7.3).
func (m EModel) sidetone() float64 {
	s := -10 * math.Log10(math.Pow(10, -eSTMR/10)+math.Exp(-m.Delay/4)*math.Pow(10, -m.TELR/10))
	root := func(x, n float64) float64 { return math.Pow(1+math.Pow(x, n), 1/n) }
	return 12*root((s-13)/6, 8) - 28*root((s+1)/19.4, 35) - 13*root((s-3)/33, 13) + 29
}

// quantizing is what quantizing noise costs (Iq, 7.3).
func (m EModel) quantizing(ro float64) float64 {
	q := 37 - 15*math.Log10(eQdu)
	g := 1.07 + 0.258*q + 0.0602*q*q
	return 15 * math.Log10(1+math.Pow(10, (ro-100)/15+46/8.4-g/9)+math.Pow(10, 46.0/30-g/40))
}

// delay is what echo and delay cost (Id = Idte + Idle + Idd, 7.4).
func (m EModel) delay(ro, no, ist float64) float64 {
	t := m.Delay
	talker := 0.0
	if t >= 1 {
		terv := m.TELR - 40*math.Log10((1+t/10)/(1+t/150)) + 6*math.Exp(-0.3*t*t)
		if eSTMR < 9 {
			terv += ist / 2
		}
		off := -1.5*(no-eRLR) - (80 + 2.5*(terv-14))
		talker = (off/2 + math.Sqrt(off*off/4+100) - 1) * (1 - math.Exp(-t))
	}
	off := ro - 10.5*(eWEPL+7)*math.Pow(2*t+1, -0.25)
	listener := off/2 + math.Sqrt(off*off/4+169)
	return talker + listener + lateness(t)
}

// lateness is what delay alone costs, without any echo (Idd).
func lateness(t float64) float64 {
	if t <= eMT {
		return 0
	}
	const n = 6 * eST
	x := math.Log2(t / eMT)
	return 25 * (math.Pow(1+math.Pow(x, n), 1/n) - 3*math.Pow(1+math.Pow(x/3, n), 1/n) + 2)
}

// equipment is what the codec and loss cost (Ie,eff, 7.5). It can exceed 95 where
// bursts are long.
func (m EModel) equipment() float64 {
	if m.Loss <= 0 {
		return m.Ie
	}
	burst := min(maxBurstRatio, m.BurstRatio)
	if burst == 0 {
		burst = 1
	}
	return m.Ie + (95-m.Ie)*m.Loss/(m.Loss/burst+m.Bpl)
}

// MOS turns a rating into a mean opinion score of conversation, 1 to 4.5 (G.107
// annex B). The formula itself falls below 1 for ratings under 6.5.
func MOS(r float64) float64 {
	switch {
	case r <= 0:
		return 1
	case r >= 100:
		return 4.5
	}
	return max(1, 1+0.035*r+r*(r-60)*(100-r)*7e-6)
}

func square(x float64) float64 { return x * x }
