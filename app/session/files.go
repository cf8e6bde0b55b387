package session

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/report"
)

// captureInZip is the name of the capture within a saved report.
const captureInZip = "capture.pcapng"

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
// reads again. The file appears whole or not at all, and only the person may
// read it: it holds their numbers.
func (c *Check) Save(path string, rep *report.Report) error { return SaveTape(path, rep, c.tape) }

// SaveTape is Save for a tape that no check owns.
func SaveTape(path string, rep *report.Report, tape *capture.Tape) error {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	members := []struct {
		name  string
		write func(io.Writer) error
	}{
		{"report.json", func(w io.Writer) error {
			e := json.NewEncoder(w)
			e.SetIndent("", "  ")
			return e.Encode(rep.Document())
		}},
		{"report.txt", func(w io.Writer) error { return rep.Text(w, 0) }},
		{"report.html", func(w io.Writer) error { return rep.HTML(w, slices.Values(tape.From(0))) }},
		{captureInZip, func(w io.Writer) error { _, err := tape.WriteTo(w); return err }},
	}
	for _, m := range members {
		w, err := z.Create(m.name)
		if err == nil {
			err = m.write(w)
		}
		if err != nil {
			return fmt.Errorf("the report could not be made: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("the report could not be made: %w", err)
	}
	if err := replaceFile(path, buf.Bytes()); err != nil {
		return fmt.Errorf("the report could not be saved to %s: %w", path, err)
	}
	return nil
}

// temporary is the pattern of a file that is still being written.
const temporary = ".softphone-doctor-*"

// replaceFile writes beside the target and renames, so that a full disk leaves
// no half report behind. CreateTemp gives a new name, for this person's eyes only.
func replaceFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), temporary)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
