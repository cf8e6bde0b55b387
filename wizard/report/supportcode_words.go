package report

import (
	"fmt"
	"io"
	"strings"

	"softphonedoctor/wizard/diagnosis"
)

// Decoded is a support code in words, a line each: what a support desk reads.
type Decoded struct {
	Headline string      // what is wrong, in a sentence
	Tell     string      // what to tell the person, "" where nothing is wrong
	Proof    string      // what decides the cause, for those who look into packets
	Lines    [][2]string // name and value of everything else
}

// Words gives a decoded code back in words.
func (c SupportCode) Words() Decoded {
	d := Decoded{}
	cause, known := diagnosis.LookupCauseNumber(c.Cause)
	switch {
	case c.Cause != 0 && known:
		d.Headline, d.Tell, d.Proof = cause.Title, cause.Tell, cause.Proof
	case c.Verdict == Healthy:
		d.Headline = "No fault found: everything that was checked works."
	default:
		d.Headline = "Too little was seen to say what is wrong."
	}
	add := func(name, value string) {
		if value != "" {
			d.Lines = append(d.Lines, [2]string{name, value})
		}
	}
	add("Checked", SituationWords(c.Situation))
	verdict := verdictWords[c.Verdict]
	if c.Certainty >= diagnosis.Possible && c.Certainty <= diagnosis.Confirmed {
		verdict += ", " + c.Certainty.String()
	}
	add("Verdict", verdict)
	if c.Cause != 0 {
		add("Where", PlaceWords(c.Where))
		add("Cause", fmt.Sprintf("%s (%d)", cause.ID, c.Cause))
	}
	if also, ok := diagnosis.LookupCauseNumber(c.Also); ok && c.Also != 0 {
		add("Also seen", fmt.Sprintf("%s (%s, %d)", strings.TrimSuffix(also.Title, "."), also.ID, c.Also))
	}
	states := map[diagnosis.State]string{diagnosis.Unknown: "not seen all the way", diagnosis.Good: "arrives", diagnosis.Broken: "breaks off on the way"}
	add("Sound out", states[c.Out])
	add("Sound in", states[c.In])
	add("Lost, in", lossClasses.word(c.LossIn))
	add("Lost, out", lossClasses.word(c.LossOut))
	add("Jitter, in", jitterClasses.word(c.Jitter))
	add("There and back", delayClasses.word(c.Delay))
	add("Sound quality", codeQualities[min(max(0, c.Quality), len(codeQualities)-1)])
	return d
}

// Write prints the words for a terminal.
func (d Decoded) Write(w io.Writer, width int) error {
	p := &printer{width: width}
	if p.width <= 0 {
		p.width = 78
	}
	p.para("", d.Headline)
	p.line("")
	for _, l := range d.Lines {
		p.para(fmt.Sprintf("  %-15s ", l[0]), l[1])
	}
	if d.Tell != "" {
		p.line("\nWhat to tell them")
		p.para("  ", d.Tell)
	}
	if d.Proof != "" {
		p.line("\nWhat decided it")
		p.para("  ", d.Proof)
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

// CodeDoc is the JSON form of a decoded support code. A figure that the code does not
// hold is null.
type CodeDoc struct {
	SupportCode string  `json:"support_code"`
	Situation   string  `json:"situation"`
	Verdict     Verdict `json:"verdict"`
	Headline    string  `json:"headline"`
	Cause       *string `json:"cause"`
	Certainty   *string `json:"certainty"`
	Where       *string `json:"where"`
	Also        *string `json:"also"`
	Out         string  `json:"out"`
	In          string  `json:"in"`
	LossIn      *string `json:"loss_in"`
	LossOut     *string `json:"loss_out"`
	Jitter      *string `json:"jitter"`
	Delay       *string `json:"delay"`
	Quality     *string `json:"quality"`
}

// Document gives the JSON form.
func (c SupportCode) Document() CodeDoc {
	known := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	id := func(n int) *string {
		if cause, ok := diagnosis.LookupCauseNumber(n); ok && n != 0 {
			return &cause.ID
		}
		return nil
	}
	d := CodeDoc{
		SupportCode: c.String(), Situation: c.Situation, Verdict: c.Verdict, Headline: c.Words().Headline, Cause: id(c.Cause), Also: id(c.Also),
		Out: c.Out.String(), In: c.In.String(), LossIn: known(lossClasses.word(c.LossIn)), LossOut: known(lossClasses.word(c.LossOut)),
		Jitter: known(jitterClasses.word(c.Jitter)), Delay: known(delayClasses.word(c.Delay)), Quality: known(codeQualities[c.Quality]),
	}
	if c.Cause != 0 {
		d.Certainty, d.Where = known(c.Certainty.String()), known(string(c.Where))
	}
	return d
}
