package report_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/report"
)

// marked is a language in which all that comes from the catalogues stands between marks.
func marked() report.Tongue {
	mark := func(_, english string) string { return "⟦" + english + "⟧" }
	return report.Tongue{Code: "de", Say: mark, Of: func(s string) string { return "⟦" + s + "⟧" }}
}

var (
	betweenMarks = regexp.MustCompile(`⟦[^⟧]*⟧`)
	// plainData may stand in a heading or a paragraph in any language: the program's name, the
	// mark itself, causes by their names, figures, addresses, codecs.
	plainData = regexp.MustCompile(`Softphone Doctor|\bEN\b|\([a-z0-9-]+\)|\bUTC\b|\b(ms|s)\b|[0-9A-Fa-f:.]+\.[0-9A-Fa-f:.]+|\b[A-Z0-9]{5}-[A-Z0-9]{5}-.|https?://\S+`)
)

// In another language everything on the page comes from the catalogues, or is marked as
// English for the reader and for the browser.
func TestPagesInAnotherLanguage(t *testing.T) {
	seen := 0
	documents(t, func(name string, rep *report.Report, records []capture.Record) {
		english := pageOf(t, rep, records)
		require.Contains(t, english, `<html lang="en">`)
		require.NotContains(t, english, `class="en"`)
		rep.In = marked()
		defer func() { rep.In = report.Tongue{} }()
		tree, err := html.Parse(strings.NewReader(pageOf(t, rep, records)))
		require.NoError(t, err)
		for n := range tree.Descendants() {
			if n.Type == html.TextNode {
				seen += ownWords(t, name, n)
			}
		}
		var text strings.Builder
		require.NoError(t, rep.Text(&text, 0))
		require.Contains(t, text.String(), "⟦The way of the sound⟧", name)
		if root := rep.Root(); root != nil {
			c, _ := diagnosis.LookupCause(root.Rule.Cause)
			particular := strings.Contains(strings.Join(strings.Fields(text.String()), " "), "EN: "+strings.Join(strings.Fields(root.Title), " "))
			require.Equal(t, c.Title != root.Title, particular, "%s: %s", name, root.Title)
			require.Contains(t, text.String(), "⟦Why we think so⟧ (EN)", name)
		}
	})
	require.Greater(t, seen, 1000)
}

// ownWords fails on words of the page's own that no catalogue can translate, and counts the
// texts that it looked at.
func ownWords(t *testing.T, name string, n *html.Node) int {
	t.Helper()
	looked := false
	for up := n.Parent; up != nil; up = up.Parent {
		class := attribute(up, "class")
		switch {
		case up.Data == "style", up.Data == "pre", up.Data == "code", up.Data == "title",
			class == "words", class == "rail", class == "figcaption", attribute(up, "id") != "":
			return 0 // what messages say
		case up.Data != "html" && attribute(up, "lang") == "en":
			return 0
		case slices.Contains([]string{"h1", "h2", "h3", "th", "p", "li", "summary", "footer", "header"}, up.Data), up.Data == "text" && class != "at" && class != "n":
			looked = true
		}
	}
	left := plainData.ReplaceAllString(betweenMarks.ReplaceAllString(n.Data, ""), "")
	if looked && regexp.MustCompile(`\pL{2}`).MatchString(left) {
		t.Errorf("%s: %q is English without a mark", name, n.Data)
	}
	return 1
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}
