package evidence

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/capture/generate"
)

// What one call is when it is looked at alone is what it is among all others.
func TestACallAloneIsWhatItIsAmongAll(t *testing.T) {
	calls := 0
	check := func(name string, b *Builder) {
		e := b.Evidence()
		for i, c := range b.ordered {
			want := e.Narrow(c.id)
			want.beside = nil // only who has all evidence knows them
			got, _ := b.callAlone(c)
			if e.Calls[i].ID != c.id || got.Calls[0].ID != c.id {
				t.Fatalf("%s: call %d is %s and %s", name, i, e.Calls[i].ID, got.Calls[0].ID)
			}
			calls++
			if !reflect.DeepEqual(got, want) {
				a, _ := json.Marshal(got)
				b, _ := json.Marshal(want)
				t.Errorf("%s: %s differs: alone\n%.3000s\namong all\n%.3000s", name, c.id, a, b)
			}
		}
	}
	var file bytes.Buffer
	if _, err := generate.Capture(&file, generate.Plan{Calls: 60, Packets: 20_000, Phones: 7, Rate: 10}); err != nil {
		t.Fatal(err)
	}
	check("generated", folded(t, &file))
	scripts, _ := filepath.Glob("testdata/*.txtar")
	for _, path := range scripts {
		var b Builder
		for _, r := range readScript(t, path).records {
			b.Add(r)
		}
		if !b.notes.have.Has(HaveLive) {
			check(path, &b)
		}
	}
	t.Run("real captures", func(t *testing.T) {
		paths, _ := filepath.Glob(filepath.Join(sharedCaptures(t), "P*.*cap*"))
		for _, path := range paths {
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			check(filepath.Base(path), folded(t, f))
			f.Close()
		}
	})
	t.Log(calls, "calls")
	if calls < 100 {
		t.Errorf("only %d calls", calls)
	}
}

// folded is a builder that took a whole capture.
func folded(t testing.TB, r interface{ Read([]byte) (int, error) }) *Builder {
	t.Helper()
	b := new(Builder)
	for records, err := range capture.Batches(r) {
		if err != nil {
			t.Log(err)
		}
		for _, rec := range records {
			b.Add(rec)
		}
	}
	return b
}

// Narrow of a call that is not there is nothing.
func TestNarrowToNothing(t *testing.T) {
	if e := new(Evidence).Narrow("x"); e != nil {
		t.Error(e)
	}
}
