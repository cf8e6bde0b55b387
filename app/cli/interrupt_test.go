//go:build unix

package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// stubborn is a program that outlives the first signal and never ends by itself.
func stubborn() {
	ctx, stop := interruptible(context.Background())
	defer stop()
	fmt.Println("ready")
	<-ctx.Done()
	fmt.Println("once")
	time.Sleep(time.Hour)
}

// The first signal cancels, the second kills.
func TestSecondSignalKills(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "stubborn")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan())
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.True(t, lines.Scan())
	require.Equal(t, "once", lines.Text())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		select {
		case err := <-ended:
			requireSignal(t, err)
			return
		case <-again.C:
			_ = cmd.Process.Signal(syscall.SIGTERM)
		}
	}
}

// A command that waits for its input dies of the first signal.
func TestReadersDieOfASignal(t *testing.T) {
	capture := append([]byte("\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x01\x00\x00\x00"), make([]byte, 400_000)...)
	for command, input := range map[string][]byte{
		"explain sdp": bytes.Repeat([]byte("v=0\n"), 100_000),
		"examine -":   capture,
	} {
		t.Run(command, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "softphone-doctor", strings.Fields(command)...)
			in, err := cmd.StdinPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			// More than a pipe holds: once it is written, the command is reading.
			_, err = in.Write(input)
			require.NoError(t, err)
			require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
			requireSignal(t, cmd.Wait())
		})
	}
}

func requireSignal(t *testing.T, err error) {
	t.Helper()
	var exit *exec.ExitError
	require.True(t, errors.As(err, &exit), "%v", err)
	st, ok := exit.Sys().(syscall.WaitStatus)
	require.True(t, ok)
	require.True(t, st.Signaled(), "it ended by itself: %v", err)
	require.Equal(t, syscall.SIGTERM, st.Signal())
}

// An interrupted practise says so, and gives no verdict on what it did not try.
func TestInterruptedPractise(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, causes := range [][]string{{"healthy"}, {"healthy", "number-unknown", "ack-missing"}} {
		var out, errs bytes.Buffer
		p := &program{Env: Env{Out: &out, Err: &errs}}
		if len(causes) == 1 {
			require.NoError(t, p.practiseOne(ctx, causes[0], form{}))
		} else {
			require.NoError(t, p.practiseAll(ctx, causes, 2, true))
			require.JSONEq(t, "[]", out.String())
		}
		require.Equal(t, ExitInconclusive, p.status)
		require.Equal(t, fmt.Sprintf("interrupted, %d not tried\n", len(causes)), errs.String())
	}
}
