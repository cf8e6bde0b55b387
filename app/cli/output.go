package cli

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"softphonedoctor/wizard/report"
)

func (p *program) print(rep *report.Report, asJSON bool) error {
	if asJSON {
		return p.printJSON(rep.Document())
	}
	return rep.Text(p.Out, 0)
}

func (p *program) printJSON(v any) error {
	e := json.NewEncoder(p.Out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// captureInZip is the name of the capture within a saved report.
const captureInZip = "capture.pcapng"

// saveZip writes report and capture. The file appears whole or not at all.
func saveZip(path string, rep *report.Report, capture func(io.Writer) error) error {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	add := func(name string, write func(io.Writer) error) error {
		w, err := z.Create(name)
		if err != nil {
			return err
		}
		return write(w)
	}
	err := add("report.json", func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(rep.Document())
	})
	if err == nil {
		err = add("report.txt", func(w io.Writer) error { return rep.Text(w, 0) })
	}
	if err == nil {
		err = add(captureInZip, capture)
	}
	if err == nil {
		err = z.Close()
	}
	if err == nil {
		err = replaceFile(path, buf.Bytes())
	}
	if err != nil {
		return fmt.Errorf("the report could not be saved to %s: %w", path, err)
	}
	return nil
}

// replaceFile writes beside the target and renames, so that a full disk leaves
// no half report behind. Only the person may read it: it holds their numbers.
func replaceFile(path string, data []byte) error {
	tmp := path + ".part"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		_ = os.Remove(tmp)
		return err
	}
	return os.Rename(tmp, path)
}
