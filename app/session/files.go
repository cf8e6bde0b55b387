package session

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/report"
)

// ExamineFile judges a capture file, or the capture inside a saved report. Every
// error is a sentence that names the file.
func ExamineFile(path string, subject wizard.Subject) (*report.Report, error) {
	in, err := openCapture(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	rep, err := Examine(in, subject)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rep, nil
}

// Examine judges a capture. Where the subject names no providers, the built-in ones and
// those of the folders are used; what is wrong with a file stands in the report.
func Examine(r io.Reader, subject wizard.Subject) (*report.Report, error) {
	if subject.Providers != nil {
		return wizard.Examine(r, subject)
	}
	known, err := LoadProviders("")
	if err != nil {
		return nil, err
	}
	subject.Providers = known.Book
	rep, err := wizard.Examine(r, subject)
	if rep != nil {
		known.Warn(rep)
	}
	return rep, err
}

func openCapture(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot open %s: %w", path, bareError(err))
	}
	if st, err := f.Stat(); err == nil && st.IsDir() {
		f.Close()
		return nil, fmt.Errorf("%s is a folder; name one capture file in it", path)
	}
	return f, nil
}

// SavePath gives the path that a report will be saved to, .zip added where it is
// missing, after making sure that a file can be made there. It is asked before a
// check, so that nobody repeats a call for a misspelt folder.
func SavePath(path string) (string, error) {
	if !strings.EqualFold(filepath.Ext(path), ".zip") {
		path += ".zip"
	}
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		return "", fmt.Errorf("%s is a folder; name a file to save the report to", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), temporary)
	if err != nil {
		return "", fmt.Errorf("the report cannot be saved in %s: %w", filepath.Dir(path), bareError(err))
	}
	return path, errors.Join(f.Close(), os.Remove(f.Name()))
}

// bareError leaves out the operation and the path, which the sentence names.
func bareError(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// Save writes a report with the check's capture as a zip file, which ExamineFile
// reads again. Numbers, names and addresses are masked in it, and the sound is left out
// (see Pack). The file appears whole or not at all, and only the person may read it.
func (c *Check) Save(path string, rep *report.Report) error { return SaveTape(path, rep, c.tape) }

// SaveEverything is Save with nothing masked but what proves the password: for who
// chooses so, because the sound or the numbers matter.
func (c *Check) SaveEverything(path string, rep *report.Report) error {
	return SaveRecords(path, rep, c.tape.From(0), true)
}

// Masked gives the report as somebody else may see it, see MaskedReport.
func (c *Check) Masked(rep *report.Report) (*report.Report, error) {
	return MaskedReport(rep, c.tape.From(0))
}

// Records gives what is on the check's tape.
func (c *Check) Records() []capture.Record { return c.tape.From(0) }

// SaveTape is Save for a tape that no check owns.
func SaveTape(path string, rep *report.Report, tape *capture.Tape) error {
	return SaveRecords(path, rep, tape.From(0), false)
}

// SaveRecords is Save for records; everything: as SaveEverything.
func SaveRecords(path string, rep *report.Report, records []capture.Record, everything bool) error {
	p, err := Pack(rep, records, everything)
	if err != nil {
		return err
	}
	return p.Save(path)
}

// temporary is the pattern of a file that is still being written.
const temporary = ".softphone-doctor-*"

// replaceFile writes beside the target and renames, so that a full disk leaves
// no half report behind. CreateTemp gives a new name, for this person's eyes only.
func replaceFile(path string, data []byte) error {
	return replaceFileBy(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// replaceFileBy is replaceFile for what is written piece by piece.
func replaceFileBy(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), temporary)
	if err != nil {
		return err
	}
	err = write(f)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// ReadFile is ExamineFile that also gives the records, all of them in memory: for who
// makes a report to send out of a capture. A capture too long for that is an error.
func ReadFile(path string, subject wizard.Subject) (*report.Report, []capture.Record, error) {
	rep, err := ExamineFile(path, subject)
	if err != nil {
		return nil, nil, err
	}
	in, err := openCapture(path)
	if err != nil {
		return nil, nil, err
	}
	defer in.Close()
	records, err := recordsOf(path, in)
	return rep, records, err
}

// recordsOf reads a capture that is small enough to be masked as a whole.
func recordsOf(name string, in io.Reader) ([]capture.Record, error) {
	var records []capture.Record
	size := 0
	for r, err := range capture.Read(in) {
		if err != nil {
			break // what ExamineFile said stands in the report
		}
		if r.Packet != nil {
			size += len(r.Packet.Data)
		}
		if size > maxShared {
			return nil, fmt.Errorf("%s holds more than %d MB: save one call of it first (examine --call)", name, maxShared>>20)
		}
		records = append(records, r)
	}
	return records, nil
}

// maxShared is how many bytes of packets a report to send may rest on.
const maxShared = 512 << 20
