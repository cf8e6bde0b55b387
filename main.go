// Softphone Doctor finds out why a softphone does not work: it opens its window,
// or runs a command when given one.
package main

import (
	"os"

	"softphonedoctor/app/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], cli.Env{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Terminal: isTerminal(os.Stdin), Watched: isTerminal(os.Stderr),
		Window: openWindow,
	}))
}
