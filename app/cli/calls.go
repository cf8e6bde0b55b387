package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"time"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// listCalls prints a line per call when there are several, and what they have in common.
func (p *program) listCalls(rep *report.Report) {
	if len(rep.Rows) == 0 {
		return
	}
	fmt.Fprintf(p.Out, "%s\n\n%d calls in this capture (choose one with --call NUMBER or --call ID):\n", report.Whole(rep.Rows), len(rep.Rows))
	out := bufio.NewWriter(p.Out)
	for i := range rep.Rows {
		row := &rep.Rows[i]
		fmt.Fprintf(out, "  %3d  %s  [%s]\n", i+1, row.Line(), row.Call.ID)
	}
	fmt.Fprintln(out)
	out.Flush()
}

// callLine is one line of --json-lines.
type callLine struct {
	Schema string `json:"schema"`
	report.CallDoc
}

// callSchema names the form of such a line.
const callSchema = "softphone-doctor/call/1"

// jsonLines prints a row per call, one object in each line.
func (p *program) jsonLines(rep *report.Report, subject wizard.Subject) error {
	out := bufio.NewWriter(p.Out)
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	rows := rep.Rows
	if len(rows) == 0 {
		rows = wizard.Rows(rep.Evidence, subject)
	}
	for i := range rows {
		if err := e.Encode(callLine{callSchema, rows[i].Document()}); err != nil {
			return err
		}
	}
	return out.Flush()
}

// whichPhone asks a person at the keyboard whose capture it is.
func (p *program) whichPhone(ctx context.Context, phones []evidence.PhoneSeen) netip.Addr {
	ask := prompt{fixed: session.Answers{}, in: p.In, out: p.Err}
	q := wizard.Question{ID: "phone", Text: "Which phone is this capture about?", Hint: "The verdict is given as that phone saw it. --phone ADDRESS says so beforehand."}
	for i, s := range phones[:min(len(phones), 9)] {
		text := fmt.Sprintf("%s, %s", s.Addr, whatItDid(s))
		if i == 0 {
			text += " (the likeliest)"
		}
		q.Options = append(q.Options, wizard.Option{Value: s.Addr.String(), Text: text})
	}
	answer, err := ask.Ask(ctx, q)
	if err != nil {
		return netip.Addr{}
	}
	a, _ := netip.ParseAddr(string(answer))
	return a
}

// whatItDid says how a phone showed itself.
func whatItDid(s evidence.PhoneSeen) string {
	var did []string
	if s.SignIns > 0 {
		who := "signs in"
		if s.AOR != "" {
			who += " as " + s.AOR
		}
		did = append(did, who)
	}
	if s.Calls == 1 {
		did = append(did, "has 1 call")
	} else if s.Calls > 1 {
		did = append(did, fmt.Sprintf("has %d calls", s.Calls))
	}
	return strings.Join(did, ", ")
}

// reading shows how far a long file has been read. It says nothing in the first
// second, so that short files leave no trace.
type reading struct {
	out   io.Writer
	size  int64 // 0: not known, as of standard input
	began time.Time
	last  time.Time
	now   func() time.Time
	drawn bool
}

// newReading watches the reading of a file; nil when nobody looks.
func (p *program) newReading(path string) *reading {
	if !p.Watched {
		return nil
	}
	r := &reading{out: p.Err, now: time.Now}
	if st, err := os.Stat(path); path != "-" && err == nil && st.Mode().IsRegular() {
		r.size = st.Size()
	}
	r.began = r.now()
	return r
}

// tell shows how many bytes have been read, ten times a second at most.
func (r *reading) tell(read int64) {
	now := r.now()
	if now.Sub(r.began) < time.Second || now.Sub(r.last) < 100*time.Millisecond {
		return
	}
	r.last, r.drawn = now, true
	const mb = 1 << 20
	if r.size == 0 {
		fmt.Fprintf(r.out, "\rReading the capture: %d MB, %s ", read/mb, now.Sub(r.began).Round(time.Second))
		return
	}
	full := int(barWidth * min(read, r.size) / r.size)
	fmt.Fprintf(r.out, "\r[%s%s] %d of %d MB, %s ", strings.Repeat("█", full), strings.Repeat("·", barWidth-full), read/mb, r.size/mb, now.Sub(r.began).Round(time.Second))
}

// clear takes the line away.
func (r *reading) clear() {
	if r != nil && r.drawn {
		fmt.Fprint(r.out, "\r\x1b[K")
	}
}
