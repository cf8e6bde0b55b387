package session

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"softphonedoctor/wizard"
	"softphonedoctor/wizard/report"
)

// CallPath gives the path that one call will be saved to, .pcapng added where no ending
// is said, after making sure that it is not the capture itself and that a file can be
// made there.
func CallPath(path, from string) (string, error) {
	if filepath.Ext(path) == "" {
		path += ".pcapng"
	}
	if strings.EqualFold(filepath.Ext(path), ".zip") {
		return "", errors.New("a call is saved as a capture: name a file that ends in .pcapng; the command share makes a report in a zip file")
	}
	if a, err := os.Stat(path); err == nil {
		if b, err := os.Stat(from); err == nil && os.SameFile(a, b) {
			return "", fmt.Errorf("%s is the capture itself; name another file to save the call to", path)
		}
		if a.IsDir() {
			return "", fmt.Errorf("%s is a folder; name a file to save the call to", path)
		}
	}
	f, err := os.CreateTemp(filepath.Dir(path), temporary)
	if err != nil {
		return "", fmt.Errorf("the call cannot be saved in %s: %w", filepath.Dir(path), bareError(err))
	}
	return path, errors.Join(f.Close(), os.Remove(f.Name()))
}

// SaveCall reads a capture once more and writes what belongs to the one call of its
// report as a pcapng file, masked on demand (wizard.SaveCall). The file appears whole or
// not at all, and only the person may read it.
func SaveCall(path, from string, rep *report.Report, subject wizard.Subject, mask bool) error {
	in, err := openCapture(from)
	if err != nil {
		return err
	}
	defer in.Close()
	return saveCall(path, in, from, rep, subject, mask)
}

func saveCall(path string, in io.Reader, from string, rep *report.Report, subject wizard.Subject, mask bool) error {
	var out remembering
	var unread error
	err := replaceFileBy(path, func(w io.Writer) error {
		out.w = w
		unread = wizard.SaveCall(&out, in, rep, subject, mask)
		return unread
	})
	switch {
	case out.err != nil:
		err = out.err
	case unread != nil:
		return fmt.Errorf("%s: %w", from, unread)
	}
	if err != nil {
		return fmt.Errorf("the call could not be saved to %s: %w", path, bareError(err))
	}
	return nil
}

// remembering is a writer that knows whether it was the writing that failed.
type remembering struct {
	w   io.Writer
	err error
}

func (r *remembering) Write(b []byte) (n int, err error) {
	if n, err = r.w.Write(b); err != nil {
		r.err = err
	}
	return n, err
}

// Spool is a capture that can be read from its source only once: what was read of it lies
// in a temporary file, which nobody else can open and which Close takes away.
type Spool struct {
	in   io.Reader
	file *os.File
	gone bool // the file has no name any more
}

// NewSpool makes one of a source, for example standard input.
func NewSpool(in io.Reader) (*Spool, error) {
	f, err := os.CreateTemp("", temporary)
	if err != nil {
		return nil, fmt.Errorf("the capture cannot be kept for a second reading: %w", bareError(err))
	}
	// Where systems allow it the name goes at once, so that nothing stays behind,
	// however this program ends.
	return &Spool{in: io.TeeReader(in, f), file: f, gone: os.Remove(f.Name()) == nil}, nil
}

// Read reads on in the source.
func (s *Spool) Read(b []byte) (int, error) { return s.in.Read(b) }

// SaveCall is SaveCall of what was read.
func (s *Spool) SaveCall(path, from string, rep *report.Report, subject wizard.Subject, mask bool) error {
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("the capture cannot be read a second time: %w", bareError(err))
	}
	return saveCall(path, s.file, from, rep, subject, mask)
}

// Close takes the temporary file away.
func (s *Spool) Close() error {
	err := s.file.Close()
	if !s.gone {
		err = errors.Join(err, os.Remove(s.file.Name()))
	}
	return err
}
