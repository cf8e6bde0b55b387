package report

import (
	"fmt"
	"html/template"
	"regexp"
	"strings"

	"softphonedoctor/assets"
	"softphonedoctor/wizard/diagnosis"
)

// strokes are what stands inside an icon's svg element.
var strokes = regexp.MustCompile(`(?s)<svg[^>]*>(.*)</svg>`)

// pathStrip draws the way of the sound: five places, and an arrow each way between
// them, whose state shows by its line and a mark as well as by its colour.
func (t Tongue) pathStrip(path [4]diagnosis.Segment) template.HTML {
	nodes := [5][2]string{{"microphone", t.say("page.microphone")}, {"computer", t.say("page.computer")}, {"router", t.say("page.router")}, {"provider", t.say("page.provider-node")}, {"person", t.say("page.other-side")}}
	const first, step, size = 70, 215, 56
	var b strings.Builder
	b.WriteString(`<svg class="path" viewBox="0 0 1000 130" role="img" aria-label="` + template.HTMLEscapeString(t.pathSentence(path)) + `">`)
	for i, s := range path {
		from, to := first+i*step+size/2+12, first+(i+1)*step-size/2-12
		arrow(&b, from, to, 38, s.Out)
		arrow(&b, to, from, 56, s.In)
	}
	for i, n := range nodes {
		x := first + i*step
		icon := ""
		if m := strokes.FindSubmatch(assets.Icon(n[0])); m != nil {
			icon = strings.ReplaceAll(string(m[1]), `stroke="#000000"`, `class="ink"`)
		}
		fmt.Fprintf(&b, `<rect class="node" x="%d" y="20" width="%d" height="%d" rx="14"/><g transform="translate(%d 36)">%s</g><text class="name" x="%d" y="102">%s</text>`,
			x-size/2, size, size, x-12, icon, x, template.HTMLEscapeString(n[1]))
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) //nolint:gosec // numbers and our own words only
}

func arrow(b *strings.Builder, from, to, y int, state diagnosis.State) {
	head := 9
	if from > to {
		head = -9
	}
	fmt.Fprintf(b, `<g class="%s"><path class="shaft" d="M%d %d H%d"/><path class="head" d="M%d %d l%d 5 l0 -10 z"/>`, state, from, y, to-head, to, y, -head)
	if state == diagnosis.Broken {
		x := (from + to) / 2
		fmt.Fprintf(b, `<circle class="mark" cx="%d" cy="%d" r="9"/><path class="cross" d="M%d %d l7 7 m0 -7 l-7 7"/>`, x, y, x-3, y-3)
	}
	b.WriteString("</g>")
}

// pathSentence says the strip for those who do not see it.
func (t Tongue) pathSentence(path [4]diagnosis.Segment) string {
	var parts []string
	for i, s := range path {
		parts = append(parts, fmt.Sprintf("%s to %s: out %s, in %s", pathNodes[i], pathNodes[i+1], s.Out, s.In))
	}
	return t.mark() + "The way of the sound. " + strings.Join(parts, "; ")
}
