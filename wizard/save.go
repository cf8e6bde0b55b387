package wizard

import (
	"errors"
	"io"
	"iter"
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
	e, walk, failed, err := callRecords(r, rep)
	if err != nil {
		return nil, nil, err
	}
	records := slices.Collect(walk)
	return e, records, *failed
}

// callRecords is CallRecords one record at a time; behind the last one *failed tells why
// there are no more.
func callRecords(r io.Reader, rep *report.Report) (e *evidence.Evidence, walk iter.Seq[capture.Record], failed *error, err error) {
	e = rep.Evidence
	if len(e.Calls) != 1 || rep.Released > 0 {
		return nil, nil, nil, ErrWhichCall
	}
	e, failed = e.NarrowAll()[0], new(error)
	pick := evidence.NewPicker(e)
	return e, func(yield func(capture.Record) bool) {
		give := func(list []capture.Record) bool {
			for _, rec := range list {
				if !yield(rec) {
					return false
				}
			}
			return true
		}
		if !give(pick.Begin()) {
			return
		}
		for rec, err := range capture.Read(r) {
			if err != nil {
				*failed = err
				return
			}
			if !give(pick.Add(rec)) {
				return
			}
		}
		give(pick.End())
	}, failed, nil
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
// demand. r is the capture once more, from its beginning. What is masked has to be known
// as a whole before the first of it can be written; anything else goes from r to w.
func SaveCall(w io.Writer, r io.Reader, rep *report.Report, subject Subject, mask bool) error {
	if mask {
		e, records, err := CallRecords(r, rep)
		if err != nil {
			return err
		}
		records, _ = Masked(e, records, subject.Providers)
		_, err = capture.Write(w, slices.Values(records))
		return err
	}
	_, records, failed, err := callRecords(r, rep)
	if err != nil {
		return err
	}
	_, err = capture.Write(w, records)
	return errors.Join(*failed, err)
}
