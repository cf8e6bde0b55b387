package session

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

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
	rep, err := wizard.Examine(in, subject)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rep, nil
}

func openCapture(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, fmt.Errorf("cannot open %s: %w", path, err)
	}
	if st, err := f.Stat(); err == nil && st.IsDir() {
		f.Close()
		return nil, fmt.Errorf("%s is a folder; name one capture file in it", path)
	}
	if !strings.HasSuffix(strings.ToLower(path), ".zip") {
		return f, nil
	}
	f.Close()
	return openInZip(path)
}

// inZip closes the archive with its member.
type inZip struct {
	io.ReadCloser
	archive *zip.ReadCloser
}

func (z inZip) Close() error { return errors.Join(z.ReadCloser.Close(), z.archive.Close()) }

func openInZip(path string) (io.ReadCloser, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read as a zip file; save the report again", path)
	}
	member, err := z.Open(captureInZip)
	if err != nil {
		z.Close()
		return nil, fmt.Errorf("%s holds no %s: it is not a report of this program", path, captureInZip)
	}
	return inZip{member, z}, nil
}

// Save writes a report with the check's capture as a zip file, which ExamineFile
// reads again. The file appears whole or not at all, and only the person may
// read it: it holds their numbers.
func (c *Check) Save(path string, rep *report.Report) error {
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
		{captureInZip, c.WriteCapture},
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

// replaceFile writes beside the target and renames, so that a full disk leaves
// no half report behind.
func replaceFile(path string, data []byte) error {
	tmp := path + ".part"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		_ = os.Remove(tmp)
		return err
	}
	return os.Rename(tmp, path)
}
