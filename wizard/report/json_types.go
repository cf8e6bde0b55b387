package report

import (
	"math"
	"time"

	"softphonedoctor/wizard/diagnosis"
)

// Schema names the JSON form; it changes only when a field changes its meaning.
const Schema = "softphone-doctor/report/1"

// Document is the JSON form of a report. Unknown is null, never 0; times are RFC
// 3339 in UTC.
type Document struct {
	Schema    string  `json:"schema"`
	Situation string  `json:"situation"`
	Verdict   Verdict `json:"verdict"`
	Headline  string  `json:"headline"`
	// SupportCode is what can be read out over the phone (docs/support-code.md).
	SupportCode string `json:"support_code"`
	// ForProvider is a text ready for the provider's support, "" without anything to tell.
	ForProvider string `json:"for_provider"`
	// Summary says how the calls went where there are several, absent otherwise.
	Summary string `json:"summary,omitempty"`
	// Phone and Vantage are whose view was taken and where the capture was made.
	Phone         PhoneDoc          `json:"phone"`
	Vantage       VantageDoc        `json:"vantage"`
	Provider      *string           `json:"provider"` // whose dictionary counted; null: none was recognised
	Started       *time.Time        `json:"started"`
	Seconds       float64           `json:"seconds"`
	Findings      []FindingDoc      `json:"findings"`
	Clear         []string          `json:"clear"`
	Unchecked     []string          `json:"unchecked"`
	Path          []SegmentDoc      `json:"path"`
	Registrations []RegistrationDoc `json:"registrations"`
	Calls         []CallDoc         `json:"calls"`
	Streams       []StreamDoc       `json:"streams"`
	Probes        []ProbeDoc        `json:"probes"`
	// Hops are the servers on the way, where a stuck call was followed.
	Hops     []Hop    `json:"hops"`
	Warnings []string `json:"warnings"`
	// OwnLimits says what this test phone cannot do and a call needed.
	OwnLimits []LimitDoc `json:"own_limits"`
}

// LimitDoc is a call that failed only for something that this test phone cannot do.
type LimitDoc struct {
	What  string    `json:"what"`
	Call  string    `json:"call"`
	Text  string    `json:"text"`
	Cites []CiteDoc `json:"cites"`
}

// FindingDoc is one finding.
type FindingDoc struct {
	Cause     string         `json:"cause"`
	Kind      string         `json:"kind"`
	Where     string         `json:"where"`
	Direction string         `json:"direction"`
	Certainty string         `json:"certainty"`
	Symptom   bool           `json:"symptom"`
	Title     string         `json:"title"`
	Why       string         `json:"why"`
	Overturn  string         `json:"overturn"`
	Fix       []RemedyDoc    `json:"fix"`
	Cites     []CiteDoc      `json:"cites"`
	Args      map[string]any `json:"args"`
	// ProviderSays is the provider's own word on the answer; null: nothing special.
	ProviderSays *SaysDoc `json:"provider_says"`
	// Sources are where the provider's part of the finding was found: its word, and
	// what it asks for among the fixes.
	Sources []diagnosis.Source `json:"sources"`
}

// SaysDoc is what a provider's documentation says of an answer.
type SaysDoc struct {
	Provider string           `json:"provider"`
	Text     string           `json:"text"`
	Source   diagnosis.Source `json:"source"`
}

// RemedyDoc is one thing to do and for whom.
type RemedyDoc struct {
	For  string `json:"for"`
	Text string `json:"text"`
}

// CiteDoc points at a record of the tape.
type CiteDoc struct {
	N     int    `json:"n"`
	Label string `json:"label"`
}

// SegmentDoc is one stretch of the path with the state of the sound each way.
type SegmentDoc struct {
	From string `json:"from"`
	To   string `json:"to"`
	Out  string `json:"out"`
	In   string `json:"in"`
}

// RegistrationDoc is one sign-in.
type RegistrationDoc struct {
	Server    string   `json:"server"`
	Transport string   `json:"transport"`
	Codes     []int    `json:"codes"`
	GrantedS  *float64 `json:"granted_s"`
	Bindings  *int     `json:"bindings"`
	MS        *float64 `json:"ms"`
}

// CallDoc is one call.
type CallDoc struct {
	ID              string     `json:"id"`
	Direction       string     `json:"direction"`
	Codes           []int      `json:"codes"`
	PostDialDelayMS *float64   `json:"post_dial_delay_ms"`
	RingingMS       *float64   `json:"ringing_ms"`
	Answered        bool       `json:"answered"`
	From            string     `json:"from"`
	To              string     `json:"to"`
	Started         *time.Time `json:"started"`
	Seconds         *float64   `json:"seconds"` // from the answer to the end; null: never answered
	// Verdict and Findings are set when a capture holds several calls; a call
	// without findings then has an empty list.
	Verdict  Verdict       `json:"verdict,omitempty"`
	Headline string        `json:"headline,omitempty"`
	Findings *[]FindingDoc `json:"findings,omitempty"`
	// FailedWith and FailedBy are the final answer by which the call failed and whose
	// it was, absent when it did not fail by one.
	FailedWith *int   `json:"failed_with,omitempty"`
	FailedBy   string `json:"failed_by,omitempty"`
	// LegOf is the call of which this one is a further leg, absent when it is of its own.
	LegOf string `json:"leg_of,omitempty"`
}

// StreamDoc is one RTP stream.
type StreamDoc struct {
	Direction    string   `json:"direction"`
	From         string   `json:"from"`
	To           string   `json:"to"`
	SSRC         uint32   `json:"ssrc"`
	Codec        *string  `json:"codec"`
	Packets      uint64   `json:"packets"`
	Expected     uint64   `json:"expected"`
	Lost         uint64   `json:"lost"`
	Late         uint64   `json:"late"`
	Duplicate    uint64   `json:"duplicate"`
	Reordered    uint64   `json:"reordered"`
	JitterMS     *float64 `json:"jitter_ms"`
	MaxJitterMS  *float64 `json:"max_jitter_ms"`
	LongestGapMS *float64 `json:"longest_gap_ms"`
	LevelDBFS    *float64 `json:"level_dbfs"`
	RTTMS        *float64 `json:"rtt_ms"`
	// RFactor and MOS are those of ITU-T G.107 (narrow band) with what an adaptive
	// jitter buffer would have played, Quality is their class in a word: excellent, good,
	// fair, poor, bad or unusable. All are null where no RTCP gave a round trip, or where
	// the codec's impairment is not known or on another scale.
	RFactor *float64 `json:"r_factor"`
	MOS     *float64 `json:"mos"`
	Quality *string  `json:"quality"`
	// Unplayed counts the packets that such a buffer could not play: lost or too late.
	Unplayed       *uint64  `json:"unplayed"`
	PlayoutDelayMS *float64 `json:"playout_delay_ms"`
}

// ProbeDoc is one measurement beside the calls.
type ProbeDoc struct {
	Name   string   `json:"name"`
	Result string   `json:"result"`
	Detail string   `json:"detail"`
	MS     *float64 `json:"ms"`
}

// Document gives the report's JSON form. Lists are never null.
func (r *Report) Document() Document {
	d := Document{
		Schema: Schema, Situation: r.Situation, Verdict: r.Verdict, Headline: r.Headline(), SupportCode: r.SupportCode().String(), ForProvider: r.ForProvider(),
		Seconds:  math.Round(r.Took.Seconds()*1000) / 1000,
		Findings: findingDocs(r.Diagnosis.Findings),
		Clear:    list(r.Diagnosis.Clear), Unchecked: list(r.Diagnosis.Unchecked),
		Registrations: []RegistrationDoc{}, Calls: []CallDoc{}, Streams: []StreamDoc{}, Probes: []ProbeDoc{}, Hops: hops(r.Evidence),
		Warnings: list(r.Warnings), OwnLimits: []LimitDoc{},
	}
	for _, l := range r.Diagnosis.Limits {
		doc := LimitDoc{What: l.What, Call: l.CallID, Text: l.String(), Cites: []CiteDoc{}}
		for _, c := range l.Cites {
			doc.Cites = append(doc.Cites, CiteDoc(c))
		}
		d.OwnLimits = append(d.OwnLimits, doc)
	}
	d.Phone, d.Vantage = phoneDoc(r.Evidence), VantageDoc{r.Evidence.Vantage.Place.String(), r.Evidence.Vantage.Why}
	if r.Diagnosis.Provider != "" {
		d.Provider = &r.Diagnosis.Provider
	}
	if !r.Started.IsZero() {
		t := r.Started.UTC()
		d.Started = &t
	}
	for i, s := range r.Diagnosis.Path {
		d.Path = append(d.Path, SegmentDoc{From: pathNodes[i], To: pathNodes[i+1], Out: s.Out.String(), In: s.In.String()})
	}
	for _, g := range r.Evidence.Registrations {
		d.Registrations = append(d.Registrations, registrationDoc(g))
	}
	d.Calls, d.Streams = r.callDocs(), r.streamDocs()
	d.Summary = Whole(r.Rows)
	for _, p := range r.Evidence.Probes {
		d.Probes = append(d.Probes, ProbeDoc{Name: p.Name, Result: p.Result, Detail: p.Detail, MS: ms(p.Took)})
	}
	return d
}
