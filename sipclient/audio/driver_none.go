//go:build !cgo || nogui

package audio

import "errors"

// openDriver: this build has no sound library, so that it needs nothing but itself.
func openDriver() (driver, error) {
	return nil, &Trouble{Reason: Missing, Err: errors.New("this build of the program has no sound")}
}
