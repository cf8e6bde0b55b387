package assets

import "embed"

//go:embed icons/*.svg
var icons embed.FS

// Icon gives the drawing of a name ("microphone"), an SVG of 24 by 24 whose
// strokes are black, ready to be coloured. An unknown name gives nil.
func Icon(name string) []byte {
	b, err := icons.ReadFile("icons/" + name + ".svg")
	if err != nil {
		return nil
	}
	return b
}

// IconNames lists all drawings.
func IconNames() []string {
	entries, err := icons.ReadDir("icons")
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name()[:len(e.Name())-len(".svg")])
	}
	return names
}
