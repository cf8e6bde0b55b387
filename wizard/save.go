package wizard

import (
	"errors"
	"io"
	"net/netip"
	"slices"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/providers"
	"softphonedoctor/wizard/report"
)

// ErrWhichCall says that a capture holds several calls, of which one can be saved.
var ErrWhichCall = errors.New("the capture holds several calls and one can be saved: say which with --call NUMBER or --call ID")

// CallRecords reads a capture once more and gives what belongs to the one call of a
// report: see evidence.Picker.
func CallRecords(r io.Reader, rep *report.Report) (*evidence.Evidence, []capture.Record, error) {
	e := rep.Evidence
	if len(e.Calls) != 1 || rep.Released > 0 {
		return nil, nil, ErrWhichCall
	}
	e = e.NarrowAll()[0]
	pick := evidence.NewPicker(e)
	records := pick.Begin()
	for rec, err := range capture.Read(r) {
		if err != nil {
			return nil, nil, err
		}
		records = append(records, pick.Add(rec)...)
	}
	return e, append(records, pick.End()...), nil
}

// Masked gives records as they may leave this computer (capture.Redact): without numbers,
// names and sound, and with addresses of the same kind in place of the true ones. What
// only the sound tells stands in notes, so that it can still be judged. at gives an
// address as it stands there.
func Masked(e *evidence.Evidence, records []capture.Record, book *providers.Book) (masked []capture.Record, at func(netip.AddrPort) netip.AddrPort) {
	if book == nil {
		book = builtIn()
	}
	own := e.Have.Has(evidence.HaveLive)
	out, r := capture.Redact(records, capture.Redaction{KeepWord: keepWord(book), KeepHost: book.KnowsHost, Own: own})
	masked = out[:1:1]
	for _, n := range evidence.MeasuredOf(e, r.Addr, own) {
		masked = append(masked, capture.Record{Note: &n})
	}
	return append(masked, out[1:]...), r.Addr
}

// keepWord tells which words of free text may stay: those that tell of a fault, and those
// by which a provider is told.
func keepWord(book *providers.Book) func(string) bool {
	set := map[string]bool{}
	for _, text := range book.TellingTexts() {
		for _, w := range diagnosis.Words(text) {
			set[w] = true
		}
	}
	return func(word string) bool { return set[word] || diagnosis.TellingWord(word) }
}

// SaveCall writes what belongs to the one call of a report as a pcapng file, masked on
// demand. r is the capture once more, from its beginning.
func SaveCall(w io.Writer, r io.Reader, rep *report.Report, subject Subject, mask bool) error {
	e, records, err := CallRecords(r, rep)
	if err != nil {
		return err
	}
	if mask {
		records, _ = Masked(e, records, subject.Providers)
	}
	_, err = capture.Write(w, slices.Values(records))
	return err
}
