package assets

import (
	"embed"
	"io/fs"
)

//go:embed providers/*.toml
var providers embed.FS

// Providers holds a TOML file for each provider whose documentation is known; package
// wizard/providers reads them.
func Providers() fs.FS {
	sub, err := fs.Sub(providers, "providers")
	if err != nil {
		return providers
	}
	return sub
}
