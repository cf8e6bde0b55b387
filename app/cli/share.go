package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"softphonedoctor/app/session"
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/report"
)

// keeping is where a report is saved and what of it, and whether it is shown before; its
// flags are the same for every command that saves.
type keeping struct {
	save                string // "": nowhere
	everything, preview bool
}

func (k *keeping) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&k.everything, "everything", false, "save numbers, names, addresses and sound, too; without it they are masked")
	cmd.Flags().BoolVar(&k.preview, "preview", false, "print all that the saved file holds, or would hold")
}

// saveFlag adds the one that names the file, for commands that save on demand only.
func (k *keeping) saveFlag(cmd *cobra.Command, what string) {
	cmd.Flags().StringVar(&k.save, "save", "", "save "+what+" into this zip file (.zip is added)")
	k.flags(cmd)
}

// ready makes sure, before anything is tried, that the file can be made.
func (k *keeping) ready(cmd *cobra.Command) (err error) {
	if !cmd.Flags().Changed("save") {
		return nil
	}
	if k.save == "" {
		return errors.New("--save names no file")
	}
	k.save, err = session.SavePath(k.save)
	return err
}

// carry shows and saves a report as it leaves this computer.
func (p *program) carry(rep *report.Report, records []capture.Record, k keeping, quiet bool) error {
	if k.save == "" && !k.preview {
		return nil
	}
	packed, err := session.Pack(rep, records, k.everything)
	if err != nil {
		return err
	}
	if k.preview {
		w := p.Out
		if quiet {
			w = p.Err // the output is for another program
		}
		if err := packed.Preview(w); err != nil {
			return err
		}
	}
	if k.save == "" {
		return nil
	}
	if err := packed.Save(k.save); err != nil {
		return err
	}
	if !quiet {
		how := "numbers, names, addresses and sound are masked; --everything keeps them"
		if k.everything {
			how = "with everything in it but the proof of the password"
		}
		fmt.Fprintf(p.Err, "Saved to %s (%s)\n", k.save, how)
	}
	return nil
}

func (p *program) share() *cobra.Command {
	var phone, folder string
	var in spoken
	var keep keeping
	cmd := &cobra.Command{
		Use:   "share FILE [REPORT.zip]",
		Short: "Make a report fit to be sent out of a capture or a saved report",
		Long: `Judges a capture or a saved report and makes a report of it that can be sent to a
support desk: a zip file with a page for any browser (report.html), JSON, text, and the
capture for Wireshark.

Numbers and names are masked, addresses become other ones of the same kind, passwords
and what proves them are left out, and so is the sound. Words that servers write stay
only where they tell of a fault. What is left is judged as before. --preview prints all
of it; without REPORT.zip nothing is saved. --everything masks nothing but what proves
the password.`,
		Example: `  softphone-doctor share fault.pcapng --preview
  softphone-doctor share fault.pcapng report.zip`,
		Args: cobra.MatchAll(atLeast(1, "name the capture or the saved report"), atMost(2, "name one file to read and one to write")),
		RunE: func(_ *cobra.Command, args []string) error {
			var err error
			if len(args) == 2 {
				if keep.save, err = session.SavePath(args[1]); err != nil {
					return err
				}
			}
			if keep.save == "" && !keep.preview {
				return errors.New("name the zip file to write, or say --preview to see what it would hold")
			}
			subject := wizard.Subject{}
			if phone != "" {
				if subject.Phone, err = parsePhone(phone); err != nil {
					return err
				}
			}
			known, err := session.LoadProviders(folder)
			if err != nil {
				return err
			}
			subject.Providers = known.Book
			rep, records, err := session.ReadFile(args[0], subject)
			if err != nil {
				return err
			}
			rep.In = in.tongue()
			return p.carry(rep, records, keep, false)
		},
	}
	cmd.Flags().StringVar(&phone, "phone", "", "address of the phone that the capture is about")
	providersFlag(cmd, &folder)
	in.flag(cmd)
	keep.flags(cmd)
	return cmd
}
