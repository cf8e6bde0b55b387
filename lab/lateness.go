package lab

import (
	"math"
	"time"
)

// measureLateness sleeps 20 ms at a time, as a phone does between two packets,
// until done, and then tells how much too late it was woken.
func measureLateness(done <-chan struct{}) <-chan time.Duration {
	result := make(chan time.Duration, 1)
	go func() {
		var squares float64
		var n int
		for {
			select {
			case <-done:
				result <- time.Duration(math.Sqrt(squares/float64(max(n, 1))) * float64(time.Second))
				return
			default:
			}
			asleep := time.Now()
			time.Sleep(20 * time.Millisecond)
			late := (time.Since(asleep) - 20*time.Millisecond).Seconds()
			squares += late * late
			n++
		}
	}()
	return result
}
