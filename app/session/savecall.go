package session

import (
	"bytes"
	"errors"
	"fmt"
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
	var b bytes.Buffer
	if err := wizard.SaveCall(&b, in, rep, subject, mask); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if err := replaceFile(path, b.Bytes()); err != nil {
		return fmt.Errorf("the call could not be saved to %s: %w", path, bareError(err))
	}
	return nil
}
