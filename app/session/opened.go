package session

import (
	"io"
	"path/filepath"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/report"
)

// Opened is a capture or a saved report in a file that was judged, to be given on: read
// once more when that is asked for, because a capture may be too long to be held.
type Opened struct {
	Name string
	Open func() (io.ReadCloser, error)
	Call bool // the report is about one call of several
}

// OpenedFile is one that can be opened again by its name.
func OpenedFile(path string) Opened {
	return Opened{Name: filepath.Base(path), Open: func() (io.ReadCloser, error) { return openCapture(path) }}
}

// records gives what belongs to the report.
func (o Opened) records(rep *report.Report) ([]capture.Record, error) {
	in, err := o.Open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	if !o.Call {
		return recordsOf(o.Name, in)
	}
	_, records, err := wizard.CallRecords(in, rep)
	return records, err
}

// Masked: see MaskedReport.
func (o Opened) Masked(rep *report.Report) (*report.Report, error) {
	records, err := o.records(rep)
	if err != nil {
		return nil, err
	}
	return MaskedReport(rep, records)
}

// Save writes the report and the packets that prove it, masked (see Pack).
func (o Opened) Save(path string, rep *report.Report) error { return o.save(path, rep, false) }

// SaveEverything is Save with nothing masked but what proves the password.
func (o Opened) SaveEverything(path string, rep *report.Report) error { return o.save(path, rep, true) }

func (o Opened) save(path string, rep *report.Report, everything bool) error {
	records, err := o.records(rep)
	if err != nil {
		return err
	}
	return SaveRecords(path, rep, records, everything)
}
