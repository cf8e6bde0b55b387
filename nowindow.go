//go:build nogui

package main

import "errors"

// openWindow explains a build that has none.
func openWindow(string) error {
	return errors.New("this build has no window; try softphone-doctor practise, or softphone-doctor --help")
}
