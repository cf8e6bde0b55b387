// Package cli is the command line: commands, prompts, text and JSON. Everything
// it knows comes from the same reports that the window shows.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"softphonedoctor/assets"
)

// The exit statuses.
const (
	ExitNoFault      = 0 // healthy, or a call that properly ended
	ExitFault        = 1 // a fault was found
	ExitUnusable     = 2 // bad arguments, unreadable file: nothing could be examined
	ExitInconclusive = 3
)

// Env is what a run of the command line talks to.
type Env struct {
	In       io.Reader
	Out, Err io.Writer
	// Terminal tells whether In is a person at a keyboard, so that questions can be asked.
	Terminal bool
	// Watched tells whether a person reads Err on a screen, so that progress can be drawn.
	Watched bool
	// Password asks a person for a password without showing it; nil: there is no way.
	Password func(prompt string) (string, error)
	// Window opens the window, with a capture or report to show when file is not
	// empty. Its error is a sentence.
	Window func(file string) error
}

// program carries the exit status out of cobra's commands.
type program struct {
	Env
	status int
}

// Main runs the program with its arguments (without the program's name) and
// gives the exit status. It returns when the window is closed or the command is done.
func Main(args []string, env Env) int {
	p := &program{Env: env}
	root := p.root()
	root.SetArgs(args)
	root.SetIn(env.In)
	root.SetOut(env.Out)
	root.SetErr(env.Err)
	if err := root.ExecuteContext(context.Background()); err != nil {
		fmt.Fprintf(env.Err, "softphone-doctor: %v\n", err)
		return ExitUnusable
	}
	return p.status
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "softphone-doctor [capture or report to open]",
		Short: "Finds out why a softphone does not work",
		Long: `Softphone Doctor signs in with your own phone account as a test softphone,
places real calls, and says in one plain sentence what is wrong, where it is,
what to do about it, and why it is sure.

Without a command it opens its window.

Exit status: 0 no fault (healthy, or a call that properly ended, such as busy),
1 a fault was found, 2 nothing could be examined, 3 inconclusive.`,
		Args:          cobra.MaximumNArgs(1),
		Version:       assets.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			file := ""
			if len(args) == 1 {
				file = args[0]
				if _, err := os.Stat(file); err != nil {
					return fmt.Errorf("%q is neither a command nor a file; softphone-doctor --help lists the commands", file)
				}
			}
			if p.Window == nil {
				return errors.New("this build has no window; softphone-doctor --help lists the commands")
			}
			return p.Window(file)
		},
	}
	root.SetVersionTemplate(assets.Name + " {{.Version}}\n")
	root.AddCommand(p.check(), p.account(), p.examine(), p.practise(), p.probe(), p.between(), p.mirror(), p.devices(), p.explain(), p.decode(), p.share(), p.homer(), p.providers(), p.version(), p.man(root))
	return root
}

func (p *program) version() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version and what it was built with", Args: cobra.NoArgs,
		Run: func(*cobra.Command, []string) {
			fmt.Fprintf(p.Out, "%s %s (%s, %s/%s)\n", assets.Name, assets.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			info, ok := debug.ReadBuildInfo()
			if !ok {
				return
			}
			for _, m := range info.Deps {
				switch m.Path {
				case "fyne.io/fyne/v2", "github.com/emiago/diago", "github.com/emiago/sipgo", "github.com/pion/rtp", "github.com/pion/rtcp":
					fmt.Fprintf(p.Out, "  %s %s\n", m.Path, m.Version)
				}
			}
		},
	}
}

// man writes manual pages; packagers need it, people do not.
func (p *program) man(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "man DIRECTORY", Short: "Write the manual pages", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			root.DisableAutoGenTag = true
			return doc.GenManTree(root, &doc.GenManHeader{Title: "SOFTPHONE-DOCTOR", Section: "1", Source: assets.Name}, args[0])
		},
	}
}
