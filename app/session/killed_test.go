package session

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/report"
)

const (
	childSituation = "JOURNAL_TEST_SITUATION"
	childTarget    = "JOURNAL_TEST_TARGET"
)

// checkUntilKilled is a program of its own that checks one situation.
func checkUntilKilled() {
	a := Account{User: "1001", Domain: os.Getenv(childDomain), Password: os.Getenv(childPassword)}
	c, err := NewCheck(Request{Account: a, Situation: os.Getenv(childSituation), Target: os.Getenv(childTarget), Journal: os.Getenv(childFolder), Trace: os.Getenv(childFolder),
		Person: Answers{"sign_in_anyway": "yes"}, CallWait: 20 * time.Second})
	if err == nil {
		_, err = c.Run(context.Background())
	}
	fmt.Println("ended", err)
}

// Killed at any moment of any situation, the program leaves notes and a capture that can
// be read, and the next one removes exactly the contact that was left behind.
func TestKilledAtAnyMoment(t *testing.T) {
	moments := []time.Duration{30, 400, 3400} // a check of the sign-in alone is over sooner than most; a trace is written every three seconds
	var left, traces atomic.Int32
	t.Run("situations", func(t *testing.T) {
		for _, sc := range wizard.Scenarios() {
			t.Run(sc.ID, func(t *testing.T) {
				takePlace(t)
				pbx, account := startPBX(t, healthyPBX(t).WithDevices(2))
				desk := pbx.Bindings()
				folder := t.TempDir()
				for _, after := range moments {
					cmd := exec.Command(os.Args[0])
					cmd.Env = append(os.Environ(), childDomain+"="+pbx.Domain(), childPassword+"="+pbx.Password(), childFolder+"="+folder, childSituation+"="+sc.ID, childTarget+"="+pbx.Target())
					require.NoError(t, cmd.Start())
					time.Sleep(after * time.Millisecond)
					require.NoError(t, cmd.Process.Kill()) // SIGKILL: nothing can be tidied up
					_ = cmd.Wait()
				}
				notes, err := filepath.Glob(filepath.Join(folder, "session-*"+journalSuffix))
				require.NoError(t, err)
				for _, path := range notes {
					p, err := readPage(path)
					require.NoError(t, err)
					b, err := os.ReadFile(path)
					require.NoError(t, err)
					require.NotContains(t, string(b), pbx.Password())
					require.NotEmpty(t, p.Contacts)
					left.Add(1)
				}
				for _, path := range CutOff(folder) {
					traces.Add(1)
					b, err := os.ReadFile(path)
					require.NoError(t, err)
					require.NotContains(t, string(b), pbx.Password())
					for _, err := range capture.Read(bytes.NewReader(b)) {
						require.NoError(t, err)
					}
				}
				c, err := NewCheck(Request{Account: account, Situation: "registration", Journal: folder, Person: Answers{"sign_in_anyway": "yes"}})
				require.NoError(t, err)
				rep, err := c.Run(t.Context())
				require.NoError(t, err)
				require.Equal(t, report.Healthy, rep.Verdict, rep.Headline())
				require.Equal(t, desk, pbx.Bindings(), "what a crash left stands still")
				notes, err = filepath.Glob(filepath.Join(folder, "session-*"))
				require.NoError(t, err)
				require.Empty(t, notes)
			})
		}
	})
	require.Positive(t, traces.Load())
	require.GreaterOrEqual(t, int(left.Load()), 5, "hardly any run was killed while it was signed in")
}
