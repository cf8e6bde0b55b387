package cli

import (
	"strings"
	"testing"
	"time"
)

func TestBarFillsAndCounts(t *testing.T) {
	var out strings.Builder
	b := newBar(&out, 4)
	b.now = func() time.Time { return b.began.Add(12 * time.Second) }
	for range 4 {
		b.step()
	}
	lines := strings.Split(out.String(), "\r")
	if first, last := lines[1], lines[len(lines)-1]; !strings.HasPrefix(first, "[··") || !strings.Contains(last, "[██████████████████████████████] 4 of 4, 12s") {
		t.Errorf("%q ... %q", first, last)
	}
	if half := lines[3]; strings.Count(half, "█") != barWidth/2 {
		t.Errorf("half way: %q", half)
	}
}

func TestNobodyLooksAtABarInAFile(t *testing.T) {
	b := newBar(nil, 3)
	b.step()
	b.clear()
}
