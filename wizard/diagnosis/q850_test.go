package diagnosis

import (
	"strconv"
	"strings"
	"testing"
)

func TestEveryQ850CauseHasARow(t *testing.T) {
	rows := sharedTable(t, "q850.csv")
	for _, r := range rows {
		n, err := strconv.Atoi(r["q850_cause"])
		if err != nil {
			t.Fatal(err)
		}
		q, known := LookupQ850(n)
		if !known || q.Name != r["name"] {
			t.Errorf("%d: known %v, name %q, want %q", n, known, q.Name, r["name"])
		}
	}
	if len(rows) != len(Q850Causes()) {
		t.Errorf("%d rows, the list has %d", len(Q850Causes()), len(rows))
	}
}

func TestQ850FallsBackToTheClass(t *testing.T) {
	for n, want := range map[int]string{10: "Normal", 40: "Resource", 45: "Resource", 60: "not available", 75: "not implemented", 85: "Invalid", 105: "Protocol", 120: "Interworking"} {
		q, known := LookupQ850(n)
		if known || !q.Fallback || q.Number != n || !strings.Contains(q.Name, want) || !strings.Contains(q.Name, strconv.Itoa(n)) {
			t.Errorf("%d: %+v, known %v, want a class with %q", n, q, known, want)
		}
	}
	for n := 1; n <= 127; n++ {
		q, known := LookupQ850(n)
		if known == q.Fallback {
			t.Errorf("%d: known %v, fallback %v", n, known, q.Fallback)
		}
		what := "q850 " + strconv.Itoa(n)
		sentence(t, what+" meaning", q.Meaning)
		sentence(t, what+" user", q.User)
		sentence(t, what+" admin", q.Admin)
		noJargon(t, what+" meaning", q.Meaning)
		noJargon(t, what+" user", q.User)
		if q.Where == "" {
			t.Errorf("%s lacks a place", what)
		}
	}
	for _, n := range []int{-1, 0, 128} {
		if q, known := LookupQ850(n); known || q.Name != "" {
			t.Errorf("%d: %+v", n, q)
		}
	}
}

func TestWarningCodes(t *testing.T) {
	for _, r := range sharedTable(t, "warning_codes.csv") {
		from, to, isRange := strings.Cut(r["warn_code"], "-")
		n, err := strconv.Atoi(from)
		if err != nil {
			t.Fatal(err)
		}
		if isRange {
			last, err := strconv.Atoi(to)
			if err != nil {
				t.Fatal(err)
			}
			for ; n <= last; n++ {
				if w, _ := LookupWarning(n); w.Name == "" || w.Number != n {
					t.Errorf("warning %d has no row", n)
				}
			}
			continue
		}
		if w, known := LookupWarning(n); !known || w.Name != r["recommended_text"] {
			t.Errorf("warning %d: %q, known %v, want %q", n, w.Name, known, r["recommended_text"])
		}
	}
	for n := 300; n <= 399; n++ {
		w, known := LookupWarning(n)
		if known == w.Fallback {
			t.Errorf("%d: known %v, fallback %v", n, known, w.Fallback)
		}
		what := "warning " + strconv.Itoa(n)
		sentence(t, what+" meaning", w.Meaning)
		sentence(t, what+" user", w.User)
		sentence(t, what+" admin", w.Admin)
		noJargon(t, what+" meaning", w.Meaning)
		if n != 380 { // its cure is to leave out a word
			noJargon(t, what+" user", w.User)
		}
	}
	for _, n := range []int{0, 299, 400} {
		if w, known := LookupWarning(n); known || w.Name != "" {
			t.Errorf("%d: %+v", n, w)
		}
	}
}

func TestPayloadTypes(t *testing.T) {
	for _, r := range sharedTable(t, "rtp_payload_types.csv") {
		name := r["encoding"]
		if strings.HasPrefix(r["pt"], "dyn") {
			name, _, _ = strings.Cut(name, " ")
			if p, ok := LookupPayloadName(name); !ok {
				t.Errorf("no row for the format %q: %+v", r["encoding"], p)
			}
			continue
		}
		first, _, _ := strings.Cut(r["pt"], "-")
		n, err := strconv.Atoi(first)
		if err != nil {
			t.Fatal(err)
		}
		p, ok := LookupPayloadNumber(n)
		if !ok || p.Name != name {
			t.Errorf("%d: %q, want %q", n, p.Name, name)
		}
		if clock := r["rtp_clock_hz"]; clock != "" && strconv.Itoa(p.Clock) != clock {
			t.Errorf("%d: clock %d, want %s", n, p.Clock, clock)
		}
	}
	for n := 0; n <= 127; n++ {
		p, ok := LookupPayloadNumber(n)
		if !ok {
			t.Errorf("no row for %d", n)
		}
		sentence(t, "payload "+strconv.Itoa(n), p.Meaning)
		if want := n == 0 || n == 8; p.Decodes != want {
			t.Errorf("%d: decodes is %v", n, p.Decodes)
		}
	}
	for _, n := range []int{-1, 128} {
		if _, ok := LookupPayloadNumber(n); ok {
			t.Errorf("%d has a row", n)
		}
	}
	for name, want := range map[string]string{"g.729": "G729", "ulaw": "PCMU", "telephone-event/8000": "telephone-event", "rtp-nte": "telephone-event", "Opus/48000/2": "opus"} {
		if p, ok := LookupPayloadName(name); !ok || p.Name != want {
			t.Errorf("%q: %q, %v", name, p.Name, ok)
		}
	}
	if _, ok := LookupPayloadName("reserved"); ok {
		t.Error("reserved is no format")
	}
}
