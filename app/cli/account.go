package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard/report"
)

func (p *program) account() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "account",
		Short: "Keep accounts, import them from other softphones, export them",
		Long: `Keeps accounts by name, so that check --account NAME finds them. The settings lie in a
file each, without the password; that is kept by the system's own password store. Where
there is none, the password is asked for at each check.`,
		Example: `  softphone-doctor account import ~/.config/linphone/linphonerc
  softphone-doctor account import qr-code.png --name office
  softphone-doctor check registration --account office`,
		Args: atMost(0, "say what to do with accounts; softphone-doctor account --help lists it"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.accountList(), p.accountImport(), p.accountExport(), p.accountPassword(), p.accountRemove())
	return cmd
}

func (p *program) accountList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the kept accounts", Args: atMost(0, "account list takes no argument"),
		RunE: func(*cobra.Command, []string) error {
			accounts, err := session.OpenAccounts("")
			if err != nil {
				return err
			}
			list, err := accounts.List()
			for _, k := range list {
				line := fmt.Sprintf("%-20s %s", k.Name, k.Address())
				if k.Transport != "" {
					line += ", " + k.Transport
				}
				if k.Origin != nil {
					line += ", from " + k.Origin.From
				}
				fmt.Fprintln(p.Out, line)
			}
			if len(list) == 0 && err == nil {
				fmt.Fprintln(p.Out, "No account is kept. softphone-doctor account import FILE takes one over from another softphone.")
			}
			return err
		},
	}
}

func (p *program) accountImport() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "import FILE|ADDRESS",
		Short: "Take accounts over from another softphone",
		Long: `Reads the accounts of another softphone and keeps them. What it can read:
  Linphone    linphonerc, or the XML of its remote provisioning
  MicroSIP    microsip.ini
  Zoiper      Config.xml
  baresip     accounts
  an address  sip:2001@pbx.example.net;transport=tcp
  a picture   of a QR code that holds an address or one of these
The kind is recognised by what is in the file. Nothing is fetched from anywhere.

After a check that works with different settings, the check says which setting of that
softphone to change.`,
		Args: exactly(1, "name the file with the account, or an address that begins with sip:", "name one file or address, not several"),
		RunE: func(_ *cobra.Command, args []string) error {
			accounts, err := session.OpenAccounts("")
			if err != nil {
				return err
			}
			list, err := session.ImportAccounts(args[0])
			if err != nil {
				return err
			}
			if name != "" && len(list) > 1 {
				return fmt.Errorf("there are %d accounts in it: leave --name out, and each keeps its own", len(list))
			}
			for _, in := range list {
				if name != "" {
					in.Account.Name = name
				}
				in.Account.Name = accounts.Free(in.Account.Name)
				err := accounts.Keep(in.Account, &in.Origin)
				if err != nil && !errors.Is(err, session.ErrNoStore) {
					return err
				}
				fmt.Fprintf(p.Out, "%s: %s, from %s\n", in.Account.Name, in.Account.Address(), in.Origin.From)
				for _, n := range in.Notes {
					fmt.Fprintf(p.Out, "  Note: %s\n", n)
				}
				if err != nil {
					fmt.Fprintf(p.Out, "  Note: %v\n", err)
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "keep it under this name")
	return cmd
}

func (p *program) accountExport() *cobra.Command {
	return &cobra.Command{
		Use:   "export NAME [FILE]",
		Short: "Write a kept account as an account file, without its password",
		Args:  cobra.MatchAll(atLeast(1, "name the account; softphone-doctor account list shows them"), atMost(2, "name one account and one file")),
		RunE: func(_ *cobra.Command, args []string) error {
			accounts, err := session.OpenAccounts("")
			if err != nil {
				return err
			}
			k, err := accounts.Get(args[0])
			if err != nil {
				return err
			}
			text := k.TOML()
			if len(args) == 1 {
				fmt.Fprint(p.Out, text)
				return nil
			}
			f, err := os.OpenFile(args[1], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if errors.Is(err, os.ErrExist) {
				return fmt.Errorf("%s is there already: name another file", args[1])
			}
			if err != nil {
				return fmt.Errorf("the account cannot be written: %w", err)
			}
			_, err = f.WriteString(text)
			return errors.Join(err, f.Close())
		},
	}
}

func (p *program) accountPassword() *cobra.Command {
	return &cobra.Command{
		Use:   "password NAME",
		Short: "Store another password for a kept account (asked for, or the first line of standard input)",
		Args:  exactly(1, "name the account; softphone-doctor account list shows them", "name one account"),
		RunE: func(_ *cobra.Command, args []string) error {
			accounts, err := session.OpenAccounts("")
			if err != nil {
				return err
			}
			if _, err := accounts.Get(args[0]); err != nil {
				return err
			}
			password, err := p.askPassword("Password of " + args[0])
			if err != nil {
				return err
			}
			return accounts.SetPassword(args[0], password)
		},
	}
}

func (p *program) accountRemove() *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "Forget a kept account and its password",
		Args:  exactly(1, "name the account; softphone-doctor account list shows them", "name one account"),
		RunE: func(_ *cobra.Command, args []string) error {
			accounts, err := session.OpenAccounts("")
			if err != nil {
				return err
			}
			return accounts.Remove(args[0])
		},
	}
}

// askPassword reads a password: unseen at a terminal, else the first line of the input.
func (p *program) askPassword(what string) (string, error) {
	if p.Terminal && p.Password != nil {
		return p.Password(what + ": ")
	}
	line, err := readLine(p.In)
	if err != nil || line == "" {
		return "", errors.New("no password was entered: write it as the first line of standard input, or run this at a terminal")
	}
	return line, nil
}

// findAccount reads an account file, or finds a kept account by its name, with the
// settings that it was imported with.
func (p *program) findAccount(fileOrName string) (session.Account, *session.Origin, error) {
	if _, err := os.Stat(fileOrName); err == nil || strings.ContainsAny(fileOrName, `/\`) {
		a, err := session.LoadAccount(fileOrName)
		return a, nil, err
	}
	accounts, err := session.OpenAccounts("")
	if err != nil {
		return session.Account{}, nil, err
	}
	k, err := accounts.Get(fileOrName)
	if errors.Is(err, session.ErrNoAccount) {
		_, err = session.LoadAccount(fileOrName) // the sentence about a file that is not there
		return session.Account{}, nil, fmt.Errorf("%w, and no account is kept under that name", err)
	}
	if err != nil {
		return session.Account{}, nil, err
	}
	a := k.Account
	if err := a.FromEnvironment(); err != nil {
		return session.Account{}, nil, err
	}
	if a.Password == "" && a.Registers() {
		if a.Password, err = accounts.Password(k.Name); err != nil {
			if !p.Terminal || p.Password == nil {
				return session.Account{}, nil, fmt.Errorf("account %s: %w", k.Name, err)
			}
			if a.Password, err = p.Password("Password of " + k.Name + ": "); err != nil {
				return session.Account{}, nil, err
			}
		}
	}
	return a, k.Origin, nil
}

// tellDifferences says which settings of the usual softphone to change.
func (p *program) tellDifferences(o *session.Origin, used session.Account, rep *report.Report) {
	list := session.Differences(o, used, rep)
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(p.Out, "\nWhat to change in %s: this is how it worked here\n", o.From)
	for _, d := range list {
		fmt.Fprintf(p.Out, "  %s: %s → %s\n", d.Setting, d.Theirs, d.Works)
	}
}

// readLine gives the first line of an input, without its end.
func readLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, 4096)).ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimRight(line, "\r\n"), err
}
