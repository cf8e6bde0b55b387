package cli

import (
	"fmt"
	"net"
	"time"

	"github.com/spf13/cobra"

	"softphonedoctor/app/session"
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard"
)

func (p *program) homer() *cobra.Command {
	var agent uint32
	var word string
	cmd := &cobra.Command{
		Use:   "homer FILE SERVER[:PORT]",
		Short: "Send the messages of a capture or saved report to a HOMER server",
		Long: `Sends every SIP message of a capture or a saved report as a copy to a collector that
takes HEP 3 over UDP (HOMER, heplify-server, Kamailio's sipcapture), with the addresses
and the times at which it crossed. Sound is not sent. What proves a password is blanked;
numbers and names go as they are in the file, so send a report made by share where the
collector is not your own. Port 9060 where none is named.`,
		Example: "  softphone-doctor homer report.zip homer.example.net:9060",
		Args:    exactly(2, "name the file and the server to send to", "name one file and one server"),
		RunE: func(_ *cobra.Command, args []string) error {
			_, records, err := session.ReadFile(args[0], wizard.Subject{})
			if err != nil {
				return err
			}
			to := args[1]
			if _, _, err := net.SplitHostPort(to); err != nil {
				to = net.JoinHostPort(to, "9060")
			}
			conn, err := net.DialTimeout("udp", to, 10*time.Second)
			if err != nil {
				return fmt.Errorf("%s cannot be reached: %w", args[1], err)
			}
			defer conn.Close()
			sent := 0
			for _, m := range session.Messages(records) {
				b := capture.HEP(&m, agent, word)
				if b == nil {
					continue
				}
				if _, err := conn.Write(b); err != nil {
					return fmt.Errorf("%s does not take it any more: %w", args[1], err)
				}
				sent++
				time.Sleep(time.Millisecond) // collectors on small machines drop bursts
			}
			fmt.Fprintf(p.Out, "%d messages sent to %s\n", sent, to)
			return nil
		},
	}
	cmd.Flags().Uint32Var(&agent, "agent", 2001, "number by which the collector knows this program")
	cmd.Flags().StringVar(&word, "word", "", "password of the collector, where it wants one")
	return cmd
}
