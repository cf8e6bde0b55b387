package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"softphonedoctor/app/session"
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/diagnosis"
)

// messageLimit bounds what explain reads from standard input.
const messageLimit = 1 << 20

func (p *program) explain() *cobra.Command {
	var provider, folder string
	cmd := &cobra.Command{
		Use:   "explain TERM",
		Short: "Explain a code, a cause, a term, or a message line by line",
		Long: `Explains in plain words:
  explain 488            a SIP answer code ("codes" lists all)
  explain q850:17        a telephone network's reason ("q850" lists all)
  explain warning:304    a Warning code ("warning" lists all)
  explain pt:18          a sound format's number ("pt" lists all)
  explain ack-missing    a cause that a check can find ("causes" lists all)
  explain jitter         a word
  explain thresholds     the limits by which sound is judged, with their sources
  explain sdp < FILE     a session description or whole message, line by line
  explain via < FILE     Via and other header lines, line by line
--provider NAME adds what that provider's own documentation says of a code or cause.`,
		Args: atLeast(1, "say what to explain, for example 488"),
		RunE: func(_ *cobra.Command, args []string) error {
			term := strings.Join(args, " ")
			if term == "sdp" || term == "via" {
				if !p.Terminal {
					return p.explainMessage(term)
				}
			}
			var own []diagnosis.Paragraph
			if provider != "" {
				known, err := session.LoadProviders(folder)
				if err != nil {
					return err
				}
				one, err := named(known, provider)
				if err != nil {
					return err
				}
				own = one.Explain(term)
				if len(own) == 0 {
					own = []diagnosis.Paragraph{{Heading: "At " + one.Name, Text: "Its documentation says nothing special about this: the general meaning counts."}}
				} else if _, err := diagnosis.Explain(term); err != nil { // a word of this provider only
					p.explained(diagnosis.Explanation{Title: term, Paragraphs: own})
					return nil
				}
			}
			e, err := diagnosis.Explain(term)
			if err != nil {
				return err
			}
			if len(own) > 0 { // behind the first paragraph, which is about the code itself
				e.Paragraphs = slices.Insert(slices.Clip(e.Paragraphs), min(1, len(e.Paragraphs)), own...)
			}
			p.explained(e)
			return nil
		},
	}
	cmd.Flags().StringVar(&provider, "provider", "", "what this provider means by it, too")
	providersFlag(cmd, &folder)
	return cmd
}

// explained prints an explanation.
func (p *program) explained(e diagnosis.Explanation) {
	fmt.Fprintf(p.Out, "%s\n", e.Title)
	for _, para := range e.Paragraphs {
		if para.Heading != "" {
			fmt.Fprintf(p.Out, "\n%s\n", para.Heading)
		}
		fmt.Fprintf(p.Out, "%s\n", wrap(para.Text, 78, "  "))
	}
}

func (p *program) explainMessage(term string) error {
	b, err := io.ReadAll(io.LimitReader(p.In, messageLimit))
	if err != nil {
		return fmt.Errorf("standard input could not be read: %w", err)
	}
	if len(strings.TrimSpace(string(b))) == 0 {
		// Nothing was handed over: the word itself is meant.
		e, err := diagnosis.Explain(term)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.Out, "%s\n", e.Title)
		for _, para := range e.Paragraphs {
			fmt.Fprintf(p.Out, "%s\n", wrap(para.Text, 78, "  "))
		}
		return nil
	}
	lines := diagnosis.ExplainMessage(capture.Bare(b)) // it may be copied into a ticket
	if len(lines) == 0 {
		return errors.New("there is no line to explain on standard input")
	}
	for _, l := range lines {
		mark := "  "
		if l.Telling {
			mark = "» "
		}
		fmt.Fprintf(p.Out, "%s%s\n%s\n", mark, l.Line, wrap(l.Text, 78, "      "))
	}
	return nil
}

// wrap breaks text at width columns, keeping its own line breaks.
func wrap(text string, width int, indent string) string {
	var out []string
	for _, line := range strings.Split(text, "\n") {
		row := indent
		for _, word := range strings.Fields(line) {
			if row != indent && len([]rune(row))+1+len([]rune(word)) > width {
				out = append(out, row)
				row = indent
			}
			if row != indent {
				row += " "
			}
			row += word
		}
		out = append(out, row)
	}
	return strings.Join(out, "\n")
}
