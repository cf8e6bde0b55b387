//go:build !nogui

package main

import (
	"os"

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
	}
	return app.Show(fyneapp.NewWithID(assets.AppID), app.Session(), file)
}
