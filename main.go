// Softphone Doctor finds out why a softphone does not work: it opens its window,
// or runs a command when given one.
package main

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"

	"softphonedoctor/app/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], cli.Env{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Terminal: isTerminal(os.Stdin), Watched: isTerminal(os.Stderr),
		Password: askPassword,
		Window:   openWindow,
	}))
}

// askPassword reads a password that does not show on the screen.
func askPassword(prompt string) (string, error) {
	fmt.Fprint(os.Stderr, prompt)
	b, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(os.Stderr)
	if err != nil || len(b) == 0 {
		return "", errors.New("no password was entered")
	}
	return string(b), nil
}
