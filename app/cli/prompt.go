package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard"
)

// prompt asks a person at a terminal, unless the answer was given beforehand.
type prompt struct {
	fixed session.Answers
	in    io.Reader
	out   io.Writer
	lines chan string
}

// Ask prints the question with its numbered answers and waits for one. The end
// of the input, or of the context, leaves the question unanswered.
func (p *prompt) Ask(ctx context.Context, q wizard.Question) (wizard.Answer, error) {
	if a, err := p.fixed.Ask(ctx, q); a != wizard.NotAsked || err != nil {
		return a, err
	}
	if p.lines == nil {
		p.lines = make(chan string)
		go p.read()
	}
	fmt.Fprintf(p.out, "\n%s\n", q.Text)
	if q.Hint != "" {
		fmt.Fprintf(p.out, "(%s)\n", q.Hint)
	}
	for i, o := range q.Options {
		fmt.Fprintf(p.out, "  %d  %s\n", i+1, o.Text)
	}
	for {
		fmt.Fprintf(p.out, "Your answer, 1 to %d: ", len(q.Options))
		select {
		case <-ctx.Done():
			return wizard.NotAsked, ctx.Err()
		case line, ok := <-p.lines:
			if !ok {
				return wizard.NotAsked, nil
			}
			if a, ok := choose(q, line); ok {
				return a, nil
			}
		}
	}
}

// choose reads a number, or the answer's own word.
func choose(q wizard.Question, line string) (wizard.Answer, bool) {
	line = strings.ToLower(strings.TrimSpace(line))
	if n, err := strconv.Atoi(line); err == nil && n >= 1 && n <= len(q.Options) {
		return wizard.Answer(q.Options[n-1].Value), true
	}
	for _, o := range q.Options {
		if line == o.Value {
			return wizard.Answer(o.Value), true
		}
	}
	return "", false
}

// read hands lines over until the input ends. It outlives a cancelled question:
// a terminal cannot be read with a deadline.
func (p *prompt) read() {
	defer close(p.lines)
	sc := bufio.NewScanner(p.in)
	for sc.Scan() {
		p.lines <- sc.Text()
	}
}
