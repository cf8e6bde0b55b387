package app

import (
	"fmt"
	"math"
	"time"

	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/app/words"
	"softphonedoctor/wizard/diagnosis"
)

// Charts show half a minute, two values a second; what flows along the path and the
// levels move ten times a second while something flows.
const (
	chartStep  = 500 * time.Millisecond
	chartShows = 30 * time.Second
	liveFrame  = 100 * time.Millisecond
)

// chartCard is one figure each way with its course.
type chartCard struct {
	object  fyne.CanvasObject
	figures [2]*look.Prose // in, out
	word    *look.Prose
	chart   *look.Chart
	course  [2][]float32
}

func newChartCard(name string, top float32, bands ...look.Band) *chartCard {
	points := int(chartShows / chartStep)
	c := &chartCard{chart: look.NewChart(name, top, points, bands...)}
	var rows []fyne.CanvasObject
	ways := [2]string{tr("live.in", "in"), tr("live.out", "out")}
	for i := range c.figures {
		c.figures[i] = look.Text(unknownFigure, look.Style{Size: look.BodySize, Bold: true, OneRow: true, Color: look.WayInk(i == 1)})
		rows = append(rows, look.Row(8, 1, look.Sized(28, 0, look.Text(ways[i], look.Style{Size: look.CaptionSize, Color: look.Mute, OneRow: true})), c.figures[i]))
	}
	c.word = look.Text("", look.Style{Size: look.CaptionSize, Color: look.Mute, OneRow: true})
	head := look.Row(6, 1, look.Text(name, look.Style{Size: look.CaptionSize, Color: look.Mute, OneRow: true}), look.Rest(c.word))
	c.object = look.Over(look.NewSurface(look.Card, look.Line, look.Radius), look.Pad(12, 8, look.Column(1, head, look.Row(10, 1, look.Sized(92, 0, look.Column(0, rows...)), c.chart))))
	return c
}

// add shows a figure each way and takes its value into the course; NaN is unknown.
func (c *chartCard) add(in, out float32, write func(float32) string) {
	for i, v := range [2]float32{in, out} {
		text := unknownFigure
		if !math.IsNaN(float64(v)) {
			text = write(v)
		}
		c.figures[i].SetText(text)
		c.course[i] = append(c.course[i], v)
		if n := len(c.course[i]) - int(chartShows/chartStep); n > 0 {
			c.course[i] = append(c.course[i][:0], c.course[i][n:]...)
		}
	}
	c.chart.Set(c.course[0], c.course[1])
}

// liveCharts are the four cards of the live page, and what they were last told.
type liveCharts struct {
	object  *fyne.Container
	packets *chartCard
	lost    *chartCard
	jitter  *chartCard
	quality *chartCard

	began bool
	at    time.Time
	past  []counted // the latest values, the oldest first
	phase float32
	rate  [2]float32
}

// counted is how many packets had crossed at a moment.
type counted struct {
	at   time.Time
	ways [2]way
}

// rateOver is how many values the rate of packets is taken over: two seconds, because
// packets are counted a few times a second only.
const rateOver = 4

// limit is one of the limits by which the rules judge, by its name in their table.
func limit(name string) float32 {
	for _, l := range diagnosis.Thresholds() {
		if l.Name == name {
			return float32(l.Value)
		}
	}
	return 0 // a test sees to it that there are all
}

// mosGood and mosFair part good from fair, and fair from poor calls (ITU-T G.109).
const (
	mosGood = 4.03
	mosFair = 3.6
)

// The bands are those of the rules: green is what no rule speaks of, red what is a fault.
func newLiveCharts() *liveCharts {
	c := &liveCharts{
		packets: newChartCard(tr("live.packets", "Sound packets a second"), 60),
		lost: newChartCard(tr("live.lost", "Sound lost"), 6,
			look.Band{To: limit("lossSome"), Tone: look.ToneOK}, look.Band{From: limit("lossSome"), To: limit("lossBad"), Tone: look.ToneWarn}, look.Band{From: limit("lossBad"), To: 100, Tone: look.ToneBad}),
		jitter: newChartCard(tr("live.jitter", "Unsteadiness"), 60,
			look.Band{To: limit("jitterBad"), Tone: look.ToneOK}, look.Band{From: limit("jitterBad"), To: 10000, Tone: look.ToneBad}),
		quality: newChartCard(tr("live.quality", "Call quality, 1 to 5"), 5,
			look.Band{To: mosFair, Tone: look.ToneBad}, look.Band{From: mosFair, To: mosGood, Tone: look.ToneWarn}, look.Band{From: mosGood, To: 5, Tone: look.ToneOK}),
	}
	c.object = look.Grid(2, 200, 12, c.packets.object, c.lost.object, c.jitter.object, c.quality.object)
	return c
}

var unknown = float32(math.NaN())

func known(ok bool, v float32) float32 {
	if ok {
		return v
	}
	return unknown
}

// tick takes the present figures. Nothing is drawn before the first sound.
func (c *liveCharts) tick(now time.Time, f figures) {
	if !c.began && !f.in.ok && !f.out.ok {
		return
	}
	if !c.began {
		c.began, c.at, c.past = true, now, []counted{{now, [2]way{f.in, f.out}}}
		return
	}
	if now.Sub(c.at) < chartStep {
		return
	}
	c.at = now
	c.past = append(c.past, counted{now, [2]way{f.in, f.out}})
	c.past = c.past[max(0, len(c.past)-1-rateOver):]
	first, last := c.past[0], c.past[len(c.past)-1]
	for i, w := range last.ways {
		c.rate[i] = unknown
		if w.ok {
			c.rate[i] = 0
			if before := first.ways[i].packets; w.packets >= before { // less: another call began
				c.rate[i] = float32(float64(w.packets-before) / last.at.Sub(first.at).Seconds())
			}
		}
	}
	c.packets.add(c.rate[0], c.rate[1], func(v float32) string { return fmt.Sprintf("%.0f", v) })
	c.lost.add(known(f.in.told, f.in.lostPercent()), known(f.out.told, f.out.lostPercent()), func(v float32) string { return percent(float64(v)) })
	c.jitter.add(known(f.in.told, f.in.jitter), known(f.out.told, f.out.jitter), func(v float32) string { return fmt.Sprintf("%.0f ms", v) })
	c.quality.add(known(f.in.judged, f.in.mos), known(f.out.judged, f.out.mos), func(v float32) string { return words.Decimal(fmt.Sprintf("%.1f", v)) })
	word := f.in.word
	if word == "" {
		word = f.out.word
	}
	c.quality.word.SetText(word)
	delay := ""
	if f.delay != unknownFigure {
		delay = tr("live.delay", "delay {{.Time}}", map[string]any{"Time": f.delay})
	}
	c.jitter.word.SetText(delay)
	for _, card := range []*chartCard{c.quality, c.jitter} {
		look.Rearrange(card.object)
	}
}

// flowing tells which ways sound packets crossed in the last half second.
func (c *liveCharts) flowing() (in, out bool) {
	return c.began && c.rate[0] > 0, c.began && c.rate[1] > 0
}

// flow moves the phase on and gives it for each way, less than 0 where nothing flows.
func (c *liveCharts) flow() (in, out float32) {
	c.phase += 0.07
	if c.phase >= 1 {
		c.phase--
	}
	in, out = -1, -1
	if i, o := c.flowing(); i || o {
		if i {
			in = c.phase
		}
		if o {
			out = c.phase
		}
	}
	return in, out
}
