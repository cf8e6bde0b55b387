package assets

import "embed"

// Translations holds the catalogues of other languages: translations/de.json and so
// on, each an object of keys and texts in the form of go-i18n.
//
//go:embed translations/*.json
var Translations embed.FS
