//go:build !nogui

package main

import (
	"os"
	"path/filepath"

	fyneapp "fyne.io/fyne/v2/app"

	"softphonedoctor/app"
	"softphonedoctor/assets"
)

// openWindow runs the window until it is closed.
func openWindow(file string) error {
	if err := app.DisplayError(); err != nil {
		return err
	}
	// A first user's home may lack the folder in which Fyne makes its own.
	if dir, err := os.UserCacheDir(); err == nil {
		_ = os.MkdirAll(dir, 0o700)
		keepCompose(filepath.Join(dir, "softphone-doctor", "compose"))
	}
	return app.Show(fyneapp.NewWithID(assets.AppID), app.Session(), file)
}

// keepCompose lets X keep its table of key sequences (for letters with accents) in a form
// that is read quickly: at each start it reads thousands of lines otherwise, a twentieth
// of the time until the first frame. Who has such a folder already is left with it.
func keepCompose(dir string) {
	const variable = "XCOMPOSECACHE"
	if home, err := os.UserHomeDir(); err == nil {
		if _, err := os.Stat(filepath.Join(home, ".compose-cache")); err == nil {
			return
		}
	}
	if os.Getenv(variable) == "" && os.MkdirAll(dir, 0o700) == nil {
		_ = os.Setenv(variable, dir) // a plain name cannot be refused
	}
}
