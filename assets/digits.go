package assets

import (
	"embed"
	"strconv"
)

//go:embed digits/*.ulaw
var digits embed.FS

// Digit gives the spoken word for a digit of 0 to 9 as PCMU (G.711 mu-law, 8,000 samples
// per second), nil for anything else. The slice is the caller's.
func Digit(n int) []byte {
	data, err := digits.ReadFile("digits/" + strconv.Itoa(n) + ".ulaw")
	if err != nil {
		return nil
	}
	return data
}
