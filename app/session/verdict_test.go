package session

import (
	"slices"
	"sync"
	"testing"
	"time"

	"softphonedoctor/sipclient/practice"
)

// audioSituations are those in which a call has to be heard before anything can be said.
var audioSituations = []string{practice.OneWayAudio, practice.Quality, practice.CallDrops, practice.DTMF}

// BenchmarkVerdict measures how long a person waits for the verdict: every fault of
// the built-in PBX, eight at a time, and the median for those that show in the
// signalling and those that have to be heard. It also counts what was named wrong.
func BenchmarkVerdict(b *testing.B) {
	for b.Loop() {
		var mu sync.Mutex
		var signalling, audio []time.Duration
		wrong, beside := 0, 0
		var work sync.WaitGroup
		for _, f := range Practices() {
			work.Go(func() {
				places <- struct{}{}
				defer func() { <-places }()
				res := Practise(b.Context(), f.Cause, nil)
				mu.Lock()
				defer mu.Unlock()
				if slices.Contains(audioSituations, f.Situation) {
					audio = append(audio, res.Took)
				} else {
					signalling = append(signalling, res.Took)
				}
				if !res.Right {
					wrong++
					b.Logf("%s: found %s %v", f.Cause, res.Found, res.Others)
				}
				if falseFault(res) {
					beside++
					b.Logf("%s: a false fault beside it: %v", f.Cause, res.Others)
				}
			})
		}
		work.Wait()
		b.ReportMetric(median(signalling), "s/signalling-verdict")
		b.ReportMetric(median(audio), "s/audio-verdict")
		b.ReportMetric(float64(wrong), "wrong")
		b.ReportMetric(float64(beside), "with-a-false-fault")
	}
}

// falseFault tells whether a fault was found beside the right one that does not
// follow from it.
func falseFault(res Result) bool {
	if res.Report == nil {
		return false
	}
	root := res.Report.Diagnosis.Root()
	for i := range res.Report.Diagnosis.Findings {
		f := &res.Report.Diagnosis.Findings[i]
		if f != root && !f.Symptom && f.Kind().String() == "fault" {
			return true
		}
	}
	return false
}

func median(list []time.Duration) float64 {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[len(list)/2].Seconds()
}
