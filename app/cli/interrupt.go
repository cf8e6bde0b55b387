package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// interruptible gives a context that the first SIGINT or SIGTERM cancels, so that
// a call is hung up and a report still comes. A second signal ends the program as
// if it were not caught. Commands without such a context are not protected at all:
// they die of the first.
func interruptible(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
