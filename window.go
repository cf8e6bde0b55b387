//go:build !nogui

package main

import (
	fyneapp "fyne.io/fyne/v2/app"

	"softphonedoctor/app"
	"softphonedoctor/assets"
)

// openWindow runs the window until it is closed.
func openWindow(file string) error {
	if err := app.DisplayError(); err != nil {
		return err
	}
	return app.Show(fyneapp.NewWithID(assets.AppID), app.Session(), file)
}
