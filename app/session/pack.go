package session

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// captureInZip is the name of the capture within a saved report.
const captureInZip = "capture.pcapng"

// Packed is a report as it leaves this computer: what is in it can be looked at before
// it is saved or sent.
type Packed struct {
	Report  *report.Report   // as the one who gets it sees it
	Records []capture.Record // likewise
	members []member
	proofs  [][]byte // what is overwritten in all of it, wherever a server repeats it
}

type member struct {
	name string
	data []byte
}

// Pack makes the files that are saved together: the report as JSON, as text and as a
// page, and the capture that proves it. Unless everything is asked for, the tape is
// masked first (capture.Redact) and judged again, so that no file can hold what the
// masked tape does not.
func Pack(rep *report.Report, records []capture.Record, everything bool) (*Packed, error) {
	p := &Packed{Report: rep, Records: records}
	if !everything {
		if err := p.redact(rep, records); err != nil {
			return nil, fmt.Errorf("the report could not be masked: %w", err)
		}
	}
	p.proofs = capture.Proofs(slices.Values(p.Records))
	for _, m := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"report.json", func(w io.Writer) error {
			e := json.NewEncoder(w)
			e.SetIndent("", "  ")
			return e.Encode(p.Report.Document())
		}},
		{"report.txt", func(w io.Writer) error { return p.Report.Text(w, 0) }},
		{"report.html", func(w io.Writer) error { return p.Report.HTML(w, slices.Values(p.Records)) }},
		{captureInZip, func(w io.Writer) error { _, err := capture.Write(w, slices.Values(p.Records)); return err }},
	} {
		var b bytes.Buffer
		if err := m.write(&b); err != nil {
			return nil, fmt.Errorf("the report could not be made: %w", err)
		}
		data := b.Bytes()
		if m.name != captureInZip { // there it has been done
			data = p.unproven(data)
		}
		p.members = append(p.members, member{m.name, data})
	}
	return p, nil
}

// unproven overwrites what proves a password.
func (p *Packed) unproven(text []byte) []byte {
	for _, s := range p.proofs {
		text = bytes.ReplaceAll(text, s, bytes.Repeat([]byte("0"), len(s)))
	}
	return text
}

// MaskedReport is a report as somebody else may see it: judged anew from its masked tape.
func MaskedReport(rep *report.Report, records []capture.Record) (*report.Report, error) {
	p := &Packed{}
	if err := p.redact(rep, records); err != nil {
		return nil, fmt.Errorf("the report could not be masked: %w", err)
	}
	return p.Report, nil
}

// redact masks the tape and judges it again.
func (p *Packed) redact(rep *report.Report, records []capture.Record) error {
	known, err := LoadProviders("")
	if err != nil {
		return err
	}
	e := rep.Evidence
	own := e.Have.Has(evidence.HaveLive)
	var at func(netip.AddrPort) netip.AddrPort
	p.Records, at = wizard.Masked(e, records, known.Book)

	var b bytes.Buffer
	if _, err := capture.Write(&b, slices.Values(p.Records)); err != nil {
		return err
	}
	subject := wizard.Subject{Providers: known.Book}
	if e.Subject.How == "told" && !own {
		subject.Phone = at(netip.AddrPortFrom(e.Subject.Addr.Addr(), 1)).Addr()
	}
	if p.Report, err = wizard.Examine(&b, subject); err != nil {
		return err
	}
	p.Report.Situation, p.Report.In = rep.Situation, rep.In
	for _, why := range rep.Stopped {
		p.Report.Interrupt(why)
	}
	return nil
}

// Save writes the files into one zip file. The file appears whole or not at all.
func (p *Packed) Save(path string) error {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range p.members {
		w, err := z.Create(m.name)
		if err == nil {
			_, err = w.Write(m.data)
		}
		if err != nil {
			return fmt.Errorf("the report could not be made: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("the report could not be made: %w", err)
	}
	if err := replaceFile(path, b.Bytes()); err != nil {
		return fmt.Errorf("the report could not be saved to %s: %w", path, bareError(err))
	}
	return nil
}

// Preview writes all that the files hold in a form for people: the report, every message
// as it will be read, every note, and how much sound there is.
func (p *Packed) Preview(w io.Writer) error {
	var b strings.Builder
	b.WriteString("What the file will hold\n\n")
	for _, m := range p.members {
		fmt.Fprintf(&b, "  %-16s %d bytes\n", m.name, len(m.data))
	}
	b.WriteString("\nreport.txt\n\n")
	if err := p.Report.Text(&b, 0); err != nil {
		return err
	}
	fmt.Fprintf(&b, "\n%s\n\n", captureInZip)
	message := map[int]*evidence.Message{}
	for _, m := range p.Report.Evidence.Messages {
		message[m.N] = m
	}
	sound := 0
	for _, r := range p.Records {
		switch {
		case r.Note != nil:
			fmt.Fprintf(&b, "note %s %s: %s\n", r.Note.Kind, r.Note.Key, r.Note.Text)
		case message[r.N] != nil:
			m := message[r.N]
			fmt.Fprintf(&b, "#%d %s %s -> %s\n%s\n\n", r.N, m.Time.UTC().Format(time.RFC3339), m.From, m.To, report.MessageText(m))
		default:
			sound++
		}
	}
	fmt.Fprintf(&b, "and %d other packets: copies of messages, sound, signs of life\n", sound)
	_, err := w.Write(p.unproven([]byte(b.String())))
	return err
}
