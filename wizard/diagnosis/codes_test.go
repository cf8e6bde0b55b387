package diagnosis

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// sharedPath finds a file of the material that is shared beside the module. Without
// it the test is skipped, but never under CI=true where the folder exists.
func sharedPath(t *testing.T, parts ...string) string {
	t.Helper()
	root := filepath.Join("..", "..", "..", "shared") // module root is ../..
	if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
		t.Skip("the shared material is not beside this checkout, so its tables cannot be compared")
	}
	path := filepath.Join(append([]string{root}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("shared material without %s: %v", filepath.Join(parts...), err)
		}
		t.Skipf("%s is not in the shared material", filepath.Join(parts...))
	}
	return path
}

// sharedTable reads a CSV of the shared knowledge as rows by column name.
func sharedTable(t *testing.T, name string) []map[string]string {
	t.Helper()
	f, err := os.Open(sharedPath(t, "knowledge", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil || len(all) < 2 {
		t.Fatalf("%s: %v, %d rows", name, err, len(all))
	}
	var rows []map[string]string
	for _, r := range all[1:] {
		row := map[string]string{}
		for i, col := range all[0] {
			row[col] = r[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// jargon are words that no text for a user may hold. Names of sound formats (PCMU)
// may: they are what stands beside the box to tick.
var jargon = regexp.MustCompile(`(?i)\b(sips?|sdp|s?rtp|rtcp|nat|stun|turn server|ice|alg|dns|invite|register|registrar|ack|bye|cancel message|refer|subscribe|notify|publish|prack|options request|dialogs?|transactions?|prox(y|ies)|ua[cs]|b2bua|sbc|uri|via|contact header|header|realm|digest|udp|tcp|tls|mtu|payload|codecs?|endpoint|e\.164|trunks?|transcod\w*|early media|retry-after|min-expires|q\.850|rfc|forking|route set|ssrc|jitter)\b`)

// noJargon fails where a text for users talks like a manual for engineers.
func noJargon(t *testing.T, what, text string) {
	t.Helper()
	if w := jargon.FindString(text); w != "" {
		t.Errorf("%s: %q is jargon in a text for users: %s", what, w, text)
	}
}

// sentence fails where a text is no whole sentence.
func sentence(t *testing.T, what, text string) {
	t.Helper()
	text = strings.TrimSpace(text)
	if text == "" {
		t.Errorf("%s is empty", what)
		return
	}
	if c := text[:1]; strings.ToUpper(c) != c {
		t.Errorf("%s does not begin like a sentence: %s", what, text)
	}
	if !strings.HasSuffix(text, ".") {
		t.Errorf("%s does not end like a sentence: %s", what, text)
	}
}

func TestEveryCodeOfTheListHasARow(t *testing.T) {
	rows := sharedTable(t, "sip_codes.csv")
	if len(rows) != 82 {
		t.Fatalf("the list has %d codes, want 82", len(rows))
	}
	for _, r := range rows {
		n, err := strconv.Atoi(r["code"])
		if err != nil {
			t.Fatal(err)
		}
		c, known := LookupCode(n)
		if !known {
			t.Errorf("%d has no row", n)
			continue
		}
		if c.Name != r["reason_phrase"] {
			t.Errorf("%d: name %q, the list says %q", n, c.Name, r["reason_phrase"])
		}
		if want := regexp.MustCompile(`RFC \d+`).FindString(r["rfc"]); want != "" && !strings.Contains(c.RFC, want) {
			t.Errorf("%d: source %q lacks %s", n, c.RFC, want)
		}
	}
	if got := len(Codes()); got != len(rows) {
		t.Errorf("the table has %d rows, the list %d", got, len(rows))
	}
}

func TestCodeRowsAreCompleteAndPlain(t *testing.T) {
	last := 0
	rows := Codes()
	for _, n := range []int{150, 299, 333, 499, 599, 699} {
		c, _ := LookupCode(n)
		rows = append(rows, c)
	}
	for i, c := range rows {
		if i < len(Codes()) {
			if c.Number <= last {
				t.Errorf("%d stands after %d", c.Number, last)
			}
			last = c.Number
		}
		if want := c.Number >= 300; c.Failure != want {
			t.Errorf("%d: Failure is %v", c.Number, c.Failure)
		}
		if c.Name == "" || c.RFC == "" {
			t.Errorf("%d lacks a name or a source", c.Number)
		}
		what := strconv.Itoa(c.Number)
		for _, f := range []struct{ name, text string }{
			{"register", c.Register}, {"invite", c.Invite}, {"mid-call", c.MidCall}, {"user", c.User},
		} {
			sentence(t, what+" "+f.name, f.text)
			noJargon(t, what+" "+f.name, f.text)
		}
		sentence(t, what+" admin", c.Admin)
		sentence(t, what+" provider", c.Provider)
	}
}

func TestLookupCodeFallsBackToTheClass(t *testing.T) {
	for n := 100; n <= 699; n++ {
		c, known := LookupCode(n)
		if c.Number != n {
			t.Fatalf("asked for %d, got %d", n, c.Number)
		}
		if known == c.Fallback {
			t.Errorf("%d: known %v but fallback %v", n, known, c.Fallback)
		}
		if !known && !strings.Contains(c.Invite, "in no list") {
			t.Errorf("%d does not say that it is in no list: %s", n, c.Invite)
		}
		if !known && !strings.Contains(c.RFC, strconv.Itoa(n/100)) {
			t.Errorf("%d is read as %q", n, c.RFC)
		}
	}
	for _, n := range []int{-1, 0, 99, 700, 1000} {
		if c, known := LookupCode(n); known || c.Name != "" || c.Number != n {
			t.Errorf("%d: %+v, %v", n, c, known)
		}
	}
}
