package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"softphonedoctor/app/session"
)

func (p *program) devices() *cobra.Command {
	var microphone, speaker string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "devices",
		Short: "List microphones and speakers, and choose those to test",
		Long: `Lists the microphones and speakers of this computer. The system's own choice is tested,
unless another one was chosen: --microphone and --speaker take a name as listed, or
a part of it, and remember it for later checks; "default" is the system's choice again.`,
		Example: `  softphone-doctor devices
  softphone-doctor devices --microphone "Headset" --speaker default`,
		Args: exactly(0, "", "devices takes no arguments; --microphone NAME chooses one"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			prefs, err := session.LoadPreferences()
			if err != nil {
				return err
			}
			mics, speakers, err := session.SoundDevices(cmd.Context(), prefs.Sound)
			if err != nil {
				return err
			}
			changed := false
			for _, c := range []struct {
				flag, want string
				list       []session.SoundDevice
				id, name   *string
			}{
				{"microphone", microphone, mics, &prefs.Sound.Microphone, &prefs.Sound.MicrophoneName},
				{"speaker", speaker, speakers, &prefs.Sound.Speaker, &prefs.Sound.SpeakerName},
			} {
				if !cmd.Flags().Changed(c.flag) {
					continue
				}
				d, err := pick(c.flag, c.want, c.list)
				if err != nil {
					return err
				}
				*c.id, *c.name, changed = d.ID, d.Name, true
			}
			if changed {
				if err := prefs.Save(); err != nil {
					return err
				}
				if mics, speakers, err = session.SoundDevices(cmd.Context(), prefs.Sound); err != nil {
					return err
				}
			}
			if asJSON {
				return json.NewEncoder(p.Out).Encode(map[string]any{"microphones": rows(mics), "speakers": rows(speakers)})
			}
			p.listDevices("Microphones", mics)
			p.listDevices("Speakers", speakers)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&microphone, "microphone", "", "choose this microphone for later checks")
	f.StringVar(&speaker, "speaker", "", "choose this speaker for later checks")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// pick finds one device by its name or a part of it.
func pick(what, want string, list []session.SoundDevice) (session.SoundDevice, error) {
	if want == "default" {
		return session.SoundDevice{}, nil
	}
	var found []session.SoundDevice
	for _, d := range list {
		if d.ID == want || d.Name == want {
			return d, nil
		}
		if strings.Contains(strings.ToLower(d.Name), strings.ToLower(want)) {
			found = append(found, d)
		}
	}
	switch {
	case want == "" || len(found) == 0:
		return session.SoundDevice{}, fmt.Errorf("there is no %s %q here; softphone-doctor devices lists them", what, want)
	case len(found) > 1:
		return session.SoundDevice{}, fmt.Errorf("%d devices have %q in their name: write more of it", len(found), want)
	}
	return found[0], nil
}

func (p *program) listDevices(title string, list []session.SoundDevice) {
	fmt.Fprintln(p.Out, title)
	if len(list) == 0 {
		fmt.Fprintln(p.Out, "    none")
	}
	chosen := slices.ContainsFunc(list, func(d session.SoundDevice) bool { return d.Chosen })
	for _, d := range list {
		mark := "   "
		if d.Chosen || !chosen && d.Default {
			mark = " * "
		}
		text := d.Name
		if d.Default {
			text += "  (the system's choice)"
		}
		fmt.Fprintln(p.Out, mark+text)
	}
}

// rows are devices as JSON has them.
func rows(list []session.SoundDevice) []map[string]any {
	out := []map[string]any{}
	for _, d := range list {
		out = append(out, map[string]any{"id": d.ID, "name": d.Name, "default": d.Default, "chosen": d.Chosen})
	}
	return out
}
