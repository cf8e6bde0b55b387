package diagnosis

import (
	"time"

	"softphonedoctor/sipclient/codec"
	"softphonedoctor/wizard/evidence"
)

// The limits by which rules judge sound. Each stands in Thresholds with its source; a
// test holds both together, and that a rule uses it. Levels are RMS relative to a
// full-scale square wave.
const (
	silentBelow = -60.0 // dBFS
	quietBelow  = -40.0 // dBFS
	quietPeak   = -30.0 // dBFS, the loudest 20 ms
	noInput     = -90.0 // dBFS

	clippedLeast = 100 // samples
	clippedShare = 0.1 // percent

	lossBad    = 3.0 // percent
	lossSome   = 1.0 // percent
	lossHeard  = 2.0 // percent
	lossClear  = 5.0 // percent
	lossLong   = 10 * time.Second
	lossShort  = 4 * time.Second
	burstRun   = 3 // packets
	orderShare = 1.0
	fewPackets = 50
	someSound  = 100 // packets

	jitterBad = 30 * time.Millisecond
	lateShare = 5.0 // percent
	gapBad    = 200 * time.Millisecond

	delayBad   = 150 * time.Millisecond
	delayAwful = 400 * time.Millisecond
	bloat      = 100 * time.Millisecond

	unevenBad   = 10 * time.Millisecond
	unevenSome  = 5 * time.Millisecond
	unevenFar   = 30 * time.Millisecond
	fewClicks   = 5
	clicksOften = 12 // a minute
	returnTakes = 100 * time.Millisecond
	returnFaint = -12.0 // dB

	echoSoon = 80 * time.Millisecond
	echoFar  = time.Second
	echoWeak = -30.0 // dB against what was sent

	manyPauses = 10 // a minute
	driftBad   = 50 * time.Millisecond
	driftMost  = 600 * time.Millisecond
)

// SpokenFrom is the level in dBFS from which on a microphone gave speech, for those who
// measure it; it is the one by which the rules judge.
const SpokenFrom = silentBelow

// ClockOffFrom is how much a device's clock may part from this computer's in a minute.
const ClockOffFrom = driftBad

// Threshold is a limit of good sound.
type Threshold struct {
	Name   string // of the constant
	Value  float64
	Unit   string
	Means  string
	Source string
}

// Where the figures come from. What is "own" was measured with this program or chosen
// between the figures of others, and says so.
const (
	byG114  = "ITU-T G.114"
	byG131  = "ITU-T G.131"
	byCisco = "Cisco AVVID guide"
	byOwn   = "own choice"
)

// Thresholds lists every limit that the rules on sound use.
func Thresholds() []Threshold {
	ms := func(d time.Duration) float64 { return d.Seconds() * 1000 }
	return []Threshold{
		{"silentBelow", silentBelow, "dBFS", "below it nobody hears anything: silence, whatever the packets count", byOwn + " between the noise of rooms (-70 to -55 dBov) and quiet speech (P.56: -26 dBov is usual)"},
		{"quietBelow", quietBelow, "dBFS", "below it speech is hard to follow", byOwn + ": 14 dB below the usual level of speech (ITU-T P.56)"},
		{"quietPeak", quietPeak, "dBFS", "a voice whose loudest 20 ms reach it is not too quiet, whatever its pauses make of the mean", "speech peaks lie 15 to 18 dB above its mean (O'Reilly)"},
		{"noInput", noInput, "dBFS", "no open microphone gives less: it is muted or denied", byOwn + ": the last bit of 16 is -90.3 dBFS"},

		{"clippedLeast", clippedLeast, "samples", "stuck at the loudest value from which on sound counts as distorted", byOwn},
		{"clippedShare", clippedShare, "%", "of all samples stuck there, likewise", byOwn + ": knowledge on levels, warn above 0.1 %"},
		{"codec.ClipRun", codec.ClipRun, "samples", "at full scale in a row that are no clipping yet", "top of a loud tone, G.711 decoder values"},

		{"codec.EvenSpread", codec.EvenSpread, "a byte", "of chi-square beyond its mean below which bytes are evenly spread: encrypted", "own measurement: speech and noise in G.711 have 0.4 and more, what is encrypted 0 with a spread of 0.003"},
		{"codec.OtherLawSmoother", codec.OtherLawSmoother, "dB", "by which a voice is foretold better when it is read by its own law of G.711", "own measurement with speech from Asterisk, eSpeak and LibriVox: 2 dB and more"},
		{"codec.OtherLawQuieter", codec.OtherLawQuieter, "dB", "by which a voice is quieter when it is read by its own law of G.711", "own measurement with speech from Asterisk, eSpeak and LibriVox: 9 to 12 dB"},

		{"lossBad", lossBad, "%", "of packets lost over " + span(lossLong) + ": a fault", "pinglabz; above it conversation suffers"},
		{"lossSome", lossSome, "%", "of packets lost over " + span(lossLong) + ": worth a word", byCisco},
		{"lossHeard", lossHeard, "%", "of packets lost from which on concealment is heard; below it loss is a mere fact", byOwn + " by the E-model: R falls by 7 (G.711 with concealment)"},
		{"lossClear", lossClear, "%", "of packets lost that show within " + span(lossShort) + " already", byOwn + ": 10 packets of 200"},
		{"lossLong", ms(lossLong), "ms", "of sound from which on loss is judged", "causes.csv 98"},
		{"lossShort", ms(lossShort), "ms", "of sound from which on much loss is judged", byOwn},
		{"burstRun", burstRun, "packets", "lost in a row that still happen by themselves; more is a burst of above 60 ms", "causes.csv 101; RFC 3611"},
		{"orderShare", orderShare, "%", "of packets doubled or in the wrong order", "causes.csv 112"},
		{"fewPackets", fewPackets, "packets", "below which nothing is judged: a second", byOwn},
		{"someSound", someSound, "packets", "from which on level, jitter and pauses say something: two seconds", byOwn},

		{"jitterBad", ms(jitterBad), "ms", "of jitter (RFC 3550 6.4.1) above which words break", byCisco},
		{"lateShare", lateShare, "%", "of packets that come too late to be played", byOwn},
		{"evidence.PlayoutBuffer", ms(evidence.PlayoutBuffer), "ms", "behind the fastest packet from which on one counts as late", "usual fixed buffer of phones: twice the jitter that breaks words"},
		{"gapBad", ms(gapBad), "ms", "without a packet that is heard as a drop-out", "causes.csv 101"},

		{"delayBad", ms(delayBad), "ms", "one way above which talking gets hard", byG114},
		{"delayAwful", ms(delayAwful), "ms", "one way above which it is bad for everybody", byG114},
		{"bloat", ms(bloat), "ms", "by which a line in full use may slow packets", "causes.csv 111"},

		{"unevenBad", ms(unevenBad), "ms", "of spread in our own sending, its worst second left out, that is a fault", "twice what may be one"},
		{"unevenSome", ms(unevenSome), "ms", "of spread in our own sending that may be one where the sound is bad", "causes.csv 110"},
		{"unevenFar", ms(unevenFar), "ms", "the same in a capture of another phone: some send two packets at once every 40 ms", byOwn + ", from public captures"},
		{"fewClicks", fewClicks, "times", "that a sound device may run dry unheard: opening it alone makes one or two", byOwn},

		{"clicksOften", clicksOften, "a minute", "such clicks from which on a conversation suffers: one in five seconds", byOwn},

		{"returnTakes", ms(returnTakes), "ms", "that an echo service and its buffers may take themselves", byOwn + ": two packets, a jitter buffer of 60 ms"},
		{"returnFaint", returnFaint, "dB", "against what was sent, below which an echo service's answer shows that sound gets quieter on its way", byOwn + ": twice 6 dB, the most that networks are planned with (ITU-T G.111)"},

		{"codec.EchoTooSoon", ms(codec.EchoTooSoon), "ms", "before which what returns is not heard apart from one's own voice", byG131 + ": control is needed above 25 ms one way"},
		{"echoSoon", ms(echoSoon), "ms", "from which on an echo is a fault", "causes.csv 103"},
		{"echoFar", ms(echoFar), "ms", "behind which a return is none of a speaker or a gateway", "causes.csv 103"},
		{"echoWeak", echoWeak, "dB", "against what was sent: weaker echo hides behind the conversation", "causes.csv 103; G.131 asks for more at long delays"},

		{"manyPauses", manyPauses, "a minute", "pauses that a sender makes by itself from which on words are cut", byOwn + ": who listens makes a few"},
		{"driftBad", ms(driftBad), "ms a minute", "by which two clocks may part before sound is left out or stretched audibly", "causes.csv 109 (830 ppm)"},
		{"driftMost", ms(driftMost), "ms a minute", "above which it is no clock but a sender that cannot keep up: 1 %", byOwn},
	}
}
