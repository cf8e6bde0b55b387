package cli

import (
	"bufio"
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
)

// happened gives the moments at which the person says "it just happened": by Enter at a
// terminal, or from elsewhere by a signal (SIGUSR1, where there are signals).
func (p *program) happened(ctx context.Context) <-chan struct{} {
	moments := make(chan struct{})
	say := func() bool {
		select {
		case moments <- struct{}{}:
			return true
		case <-ctx.Done():
			return false
		}
	}
	if p.Terminal {
		go func() { // it outlives the context: a terminal cannot be read with a deadline
			for lines := bufio.NewScanner(p.In); lines.Scan() && say(); {
			}
		}()
	}
	if len(happenedSignals) > 0 {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, happenedSignals...)
		go func() {
			defer signal.Stop(signals)
			for {
				select {
				case <-signals:
					say()
				case <-ctx.Done():
					return
				}
			}
		}()
	}
	return moments
}

// happenedWords tells how to say it.
func (p *program) happenedWords() string {
	switch {
	case p.Terminal:
		return "Press Enter"
	case len(happenedSignals) > 0:
		return "Send the signal USR1 (kill -USR1 " + strconv.Itoa(os.Getpid()) + ")"
	}
	return ""
}

// nth is where the nth of several reports is saved: the first has the name that was
// given, the others a number behind it.
func (k keeping) nth(n int) keeping {
	if k.save != "" && n > 1 {
		ending := filepath.Ext(k.save)
		k.save = strings.TrimSuffix(k.save, ending) + "-" + strconv.Itoa(n) + ending
	}
	return k
}
