package lab

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard/report"
)

// TestImportedAsWritten: what Debian's softphones write themselves is imported, and works:
// linphonec writes linphonerc, baresip writes its file of accounts at the
// first start.
func TestImportedAsWritten(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{Ways: true})
	for _, row := range []struct {
		name, from string
		write      func(t *testing.T, user, dir string) (file string)
	}{
		{"linphonec", "Linphone", func(t *testing.T, user, dir string) string { return linphoneWrites(t, k, user, dir) }},
		{"baresip", "baresip", func(t *testing.T, user, dir string) string { return baresipWrites(t, k, user, dir) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			user := "import-" + row.name
			list, err := session.ImportAccounts(row.write(t, user, t.TempDir()))
			require.NoError(t, err)
			require.Len(t, list, 1)
			got := list[0]
			require.Equal(t, row.from, got.Origin.From)
			require.Equal(t, user, got.Account.User)
			require.Equal(t, k.Domain(), got.Account.Domain)
			if row.name == "linphonec" { // after a sign-in it keeps what it computed in place of the password
				require.Empty(t, got.Account.Password)
				require.Contains(t, strings.Join(got.Notes, " "), "ha1")
				got.Account.Password = Password(user)
			}
			require.Equal(t, Password(user), got.Account.Password, "the password")

			rep := check(t, session.Request{Account: got.Account, Situation: "registration"})
			require.Equal(t, report.Healthy, rep.Verdict, "%s", rep.Headline())
			require.Empty(t, session.Differences(&got.Origin, got.Account, rep.Report), "what was imported is what works")
			used := got.Account
			used.Transport = "tcp"
			rep = check(t, session.Request{Account: used, Situation: "registration"})
			require.Equal(t, []session.Difference{{Setting: "transport", Theirs: "UDP", Works: "TCP"}}, session.Differences(&got.Origin, used, rep.Report))
		})
	}
}

// linphoneWrites has linphonec take an account by its command register, and gives the file
// in which it keeps that. Whether its own sign-in succeeds does not matter here.
func linphoneWrites(t *testing.T, k *Registrar, user, dir string) string {
	file := filepath.Join(dir, "linphonerc")
	// A port of its own, and it need not ask whether there is a network; everything else is its own doing.
	require.NoError(t, os.WriteFile(file, []byte("[sip]\nsip_port="+strconv.Itoa((*Host)(nil).ports(t, 1))+"\nregister_only_when_network_is_up=0\n"), 0o600))
	program := Program(t, "linphonec", "linphone-cli")
	p, err := start(t, dir, "sh", "-c", `mkdir -p "$4/.local/share/linphone" "$4/.config/linphone"; (echo "register sip:$1@$2 sip:$2 $3"; sleep 2; echo quit) | HOME="$4" "$5" -c "$4/linphonerc"`,
		"sh", user, k.Domain(), Password(user), dir, program)
	require.NoError(t, err)
	select {
	case <-p.done:
	case <-time.After(40 * time.Second):
		p.Stop(t)
		t.Fatal("linphonec does not end")
	}
	return file
}

// baresipWrites has baresip write its file of accounts, and adds one as the file says.
func baresipWrites(t *testing.T, k *Registrar, user, dir string) string {
	p, err := start(t, dir, Program(t, "baresip", "baresip-core"), "-f", dir, "-t", "1")
	require.NoError(t, err)
	file := filepath.Join(dir, "accounts")
	written := func() bool { b, err := os.ReadFile(file); return err == nil && strings.Contains(string(b), "regint") }
	if !eventually(20*time.Second, written) {
		t.Fatalf("baresip writes no accounts: %s", p.log.tail(2000))
	}
	p.Stop(t)
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString("\n<sip:" + user + "@" + k.Domain() + ">;auth_pass=" + Password(user) + "\n")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return file
}
