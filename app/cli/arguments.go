package cli

import (
	"errors"

	"github.com/spf13/cobra"
)

// exactly takes n arguments and has a sentence for too few and one for too many.
func exactly(n int, few, many string) cobra.PositionalArgs {
	return cobra.MatchAll(atLeast(n, few), atMost(n, many))
}

func atLeast(n int, few string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < n {
			return errors.New(few)
		}
		return nil
	}
}

func atMost(n int, many string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > n {
			return errors.New(many)
		}
		return nil
	}
}
