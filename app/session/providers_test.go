package session

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/practice"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/report"
)

// deskFile is a support desk's own file: what is busy elsewhere is a closed account here.
const deskFile = `name = "Our Tel"
[sources.book]
at = "the handbook"
looked_up = 2026-11-21
[echo]
number = "*43"
source = "book"
[[meaning]]
method = "INVITE"
code = 486
above = true
cause = "account-suspended-or-unpaid"
says = "that the desk closed the account"
source = "book"
`

func desk(t *testing.T, files map[string]string) *Providers {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	known, err := LoadProviders(dir)
	require.NoError(t, err)
	return known
}

// TestTheAccountsProviderCounts: what the account names decides, live and in the saved
// tape, where no packet tells it; a broken file beside it is told and stops nothing.
// Without the name the same call is read as everywhere.
func TestTheAccountsProviderCounts(t *testing.T) {
	known := desk(t, map[string]string{"ourtel.toml": deskFile, "broken.toml": "colour = 1"})
	p, err := StartPractice("callee-busy")
	require.NoError(t, err)
	defer p.Close()
	for name, want := range map[string]string{"our tel": "account-suspended-or-unpaid", "": "callee-busy", "nobody": "callee-busy"} {
		a := p.Account
		a.Provider = name
		c, err := NewCheck(Request{Account: a, Situation: practice.NoRingback, Target: p.Target, Passing: true, Providers: known})
		require.NoError(t, err)
		rep, err := c.Run(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, rep.Root().Rule.Cause, name)
		require.Contains(t, rep.Warnings[0], "broken.toml is left out: line 1")
		if name == "nobody" {
			require.Contains(t, rep.Warnings[1], `provider "nobody" is not known`)
		}
		says := rep.Document().Findings[0].ProviderSays
		require.Equal(t, want != "callee-busy", says != nil && says.Source.At == "the handbook", name)

		var file bytes.Buffer
		require.NoError(t, c.WriteCapture(&file))
		again, err := wizard.Examine(&file, wizard.Subject{Providers: known.Book})
		require.NoError(t, err)
		require.Equal(t, gist(rep), gist(again), "the file tells another story than the live call")
		require.Equal(t, rep.Document().Provider, again.Document().Provider)
	}
}

// TestEchoTarget: the word stands for the number, where it is known.
func TestEchoTarget(t *testing.T) {
	known := desk(t, map[string]string{"ourtel.toml": deskFile})
	account := Account{User: "2001", Domain: "pbx.example.net", Password: "secret", Provider: "ourtel"}
	c, err := NewCheck(Request{Account: account, Situation: "quality", Target: " Echo ", Providers: known})
	require.NoError(t, err)
	require.Equal(t, "*43", c.session.Target.To)
	require.Equal(t, "*43", c.session.Dictionary.EchoNumber)
	var field *Field
	_, err = NewCheck(Request{Account: account, Situation: "quality", Providers: known})
	require.ErrorAs(t, err, &field)
	require.Contains(t, field.Text, "or echo for the echo service of Our Tel (*43)")
	account.Provider = ""
	_, err = NewCheck(Request{Account: account, Situation: "quality", Target: "echo", Providers: known})
	require.ErrorAs(t, err, &field)
	_, err = NewCheck(Request{Account: account, Situation: "registration", Providers: known})
	require.NoError(t, err, "a check that calls nobody needs no number")
}

// TestFilesAndFolders: a folder that is named has to be there, others need not.
func TestFilesAndFolders(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "x.toml")
	require.NoError(t, os.WriteFile(file, []byte(deskFile), 0o600))
	_, err := LoadProviders(file)
	require.ErrorContains(t, err, "is a file")
	_, err = LoadProviders(filepath.Join(dir, "nowhere"))
	require.ErrorContains(t, err, "cannot be read")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder.toml"), 0o700))
	known, err := LoadProviders(dir)
	require.NoError(t, err)
	require.Len(t, known.Broken, 1)
	require.ErrorContains(t, known.Broken[0], "folder.toml is left out")
	rep := &report.Report{}
	known.Warn(rep)
	require.Len(t, rep.Warnings, 1)
}
