// Package assets holds what is built into the program: its name and version, and
// the files it shows.
package assets

// The program's name and version, the same as in FyneApp.toml (a test compares).
const (
	Name    = "Softphone Doctor"
	AppID   = "doctor.softphone.app"
	Version = "0.1.0"
)
