//go:build !cgo || nogui

package audio

// openDriver: this build has no sound library, so that it needs nothing but itself.
func openDriver() (driver, error) {
	return nil, &Trouble{Reason: Missing, Err: ErrNone}
}
