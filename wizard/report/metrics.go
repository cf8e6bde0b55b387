package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// OpenMetrics writes the report as figures for a monitoring system (OpenMetrics 1.0 text,
// which Prometheus reads). account is the label of all of them, and should be a name that
// the person gave, not a number. What is not known has no line.
func (r *Report) OpenMetrics(w io.Writer, account string) error {
	var b strings.Builder
	label := func(more ...string) string {
		parts := []string{fmt.Sprintf("account=%s", quoteLabel(account))}
		for i := 0; i+1 < len(more); i += 2 {
			parts = append(parts, more[i]+"="+quoteLabel(more[i+1]))
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	family := func(name, unit, help string) {
		fmt.Fprintf(&b, "# TYPE softphone_doctor_%s gauge\n", name)
		if unit != "" {
			fmt.Fprintf(&b, "# UNIT softphone_doctor_%s %s\n", name, unit)
		}
		fmt.Fprintf(&b, "# HELP softphone_doctor_%s %s\n", name, help)
	}
	line := func(name, labels string, v float64) {
		fmt.Fprintf(&b, "softphone_doctor_%s%s %s\n", name, labels, strconv.FormatFloat(v, 'f', -1, 64))
	}

	d := r.Document()
	family("verdict", "", "1 for the verdict of the last check.")
	for _, v := range []Verdict{Healthy, Outcome, Problem, Inconclusive} {
		n := 0.0
		if r.Verdict == v {
			n = 1
		}
		line("verdict", label("verdict", string(v)), n)
	}
	family("cause", "", "1 for the cause on which the verdict rests.")
	if f := r.Root(); f != nil {
		line("cause", label("cause", f.Rule.Cause, "where", string(f.Place()), "certainty", f.Certainty.String()), 1)
	}
	if d.Started != nil {
		family("checked_timestamp_seconds", "seconds", "When the last check began.")
		line("checked_timestamp_seconds", label(), float64(d.Started.UnixMilli())/1000)
	}
	family("check_seconds", "seconds", "How long the last check took.")
	line("check_seconds", label(), d.Seconds)

	family("sign_in_seconds", "seconds", "From the first request of a sign-in to its last answer.")
	for _, g := range d.Registrations[max(0, len(d.Registrations)-1):] { // the latest
		if g.MS != nil {
			line("sign_in_seconds", label(), *g.MS/1000)
		}
	}
	family("first_sign_seconds", "seconds", "From a call's first request to the first sign of the other side.")
	for _, c := range d.Calls[max(0, len(d.Calls)-1):] {
		if c.PostDialDelayMS != nil {
			line("first_sign_seconds", label(), *c.PostDialDelayMS/1000)
		}
	}
	worst := map[string]StreamDoc{}
	for _, s := range d.Streams {
		if s.Direction != "in" && s.Direction != "out" || s.Expected == 0 {
			continue
		}
		if w, ok := worst[s.Direction]; !ok || float64(s.Lost)*float64(w.Expected) > float64(w.Lost)*float64(s.Expected) {
			worst[s.Direction] = s
		}
	}
	each := func(name, unit, help string, of func(StreamDoc) *float64) {
		family(name, unit, help)
		for _, way := range []string{"in", "out"} {
			if s, ok := worst[way]; ok {
				if v := of(s); v != nil {
					line(name, label("direction", way), *v)
				}
			}
		}
	}
	scaled := func(v *float64, by float64) *float64 {
		if v == nil {
			return nil
		}
		x := *v * by
		return &x
	}
	each("lost_ratio", "ratio", "Share of lost packets of sound, of the worst stream.", func(s StreamDoc) *float64 {
		v := float64(s.Lost) / float64(s.Expected)
		return &v
	})
	each("jitter_seconds", "seconds", "Jitter of that stream (RFC 3550).", func(s StreamDoc) *float64 { return scaled(s.JitterMS, 0.001) })
	each("round_trip_seconds", "seconds", "There and back, by RTCP.", func(s StreamDoc) *float64 { return scaled(s.RTTMS, 0.001) })
	each("mos", "", "Rating of that stream (ITU-T G.107).", func(s StreamDoc) *float64 { return s.MOS })
	b.WriteString("# EOF\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func quoteLabel(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
