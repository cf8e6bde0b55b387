package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard"
)

// answerValues lists the answer keys and what each may say; nil: any text.
var answerValues = map[string][]string{
	"sign_in_anyway":  {"yes", "no"},
	"follow_redirect": {"yes", "no"},
	"heard_ringing":   {"yes", "no", "unsure"},
	"heard":           {"yes", "no", "unsure"},
	"they_hear":       {"yes", "no", "unsure"},
	"internal_rings":  {"yes", "no", "unsure"},
	"usual_fails":     {"yes", "no", "unsure"},
	"digits":          nil,
	"speak":           {"yes", "no"},
	"talk":            {"yes", "no"},
	"code":            {"yes", "no"},
	"spoken":          nil,
	"said":            nil,
	"tone":            {"yes", "no", "unsure"},
	"third_party":     {"yes", "no"},
	"lifetime":        {"short", "long", "no"},
	"caller_hears":    {"ringing", "voicemail", "busy", "not-in-service", "silence", "unsure"},
	"answer":          {"yes", "wait", "no"},
	"call_me":         {"yes", "no"},
	"drops_after":     {"at-once", "half-a-minute", "minutes", "quarter-of-an-hour", "any-time", "unsure"},
	"symptom":         {"choppy", "robotic", "delay", "echo-here", "echo-there", "quiet", "distorted", "muffled", "words-cut", "unsure"},
}

func (p *program) check() *cobra.Command {
	var account, to, folder string
	var answers []string
	var out form
	var keep keeping
	var again watching
	cmd := &cobra.Command{
		Use:   "check [SITUATION]",
		Short: "Sign in, place a test call and say what is wrong",
		Long: `Signs in with the account, makes the experiments of the situation, and reports.

Situations:
` + situations() + `
The account file is TOML:
  user = "2001"
  domain = "pbx.example.net"        # or host:port
  password = "..."                  # or password_env = "NAME_OF_A_VARIABLE"
and, where needed: login, caller_id, proxy, transport ("udp", "tcp" or "tls"),
ca_file (a PEM file with the certificate authority of a private server; the
system's are trusted anyway), prefer_ipv6, codecs, encryption, register (false
for a line without sign-in), keep_alive ("line", or "options" for signs of life
that a server answers), challenge_callers (true: take calls from any address once
the caller has proven the password), provider, stun (a list of servers to ask which
address the internet sees), mirror (the host of a softphone-doctor mirror). An IPv6 address: [2001:db8::1]:5061.

codecs lists what to offer, best first, of "PCMU", "PCMA", "G722" and "CN" (comfort
noise); without it PCMA and PCMU. encryption is "srtp" (SRTP with keys by SDES, and
nothing else), "optional" (keys beside plain sound) or "none"; without it a call out
is plain and a call in as the caller wants it.

The number given with --to is called for real. --to echo calls the echo service of
the account's provider, where its number is known (softphone-doctor providers NAME).

What the provider's own documentation says of its codes counts, where the provider is
known: by provider = "NAME" in the account, else by its domain.

Before it signs in, the check asks the server which phones are signed in with the
account. If there are any, it asks whether to go on: some providers keep one phone
only, and signing in would sign that one out. Where nobody can answer (no terminal,
--json), it signs in only if the server has more than one phone already; otherwise
it makes the call without signing in, and says that the sign-in was not checked.
--answer sign_in_anyway=yes signs in all the same, =no never does beside others.`,
		Example: `  softphone-doctor check no-ringback --account office.toml --to 2002
  softphone-doctor check one-way-audio --account office.toml --to '*43' --answer heard=yes --json`,
		Args: atMost(1, "name one situation; softphone-doctor check --help lists them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			situation := "everything"
			if len(args) == 1 {
				situation = args[0]
			}
			if account == "" {
				return errors.New("--account FILE is missing: it names the file with the phone account (softphone-doctor check --help shows one)")
			}
			fixed, err := parseAnswers(answers)
			if err != nil {
				return err
			}
			a, origin, err := p.findAccount(account)
			if err != nil {
				return err
			}
			if err := keep.ready(cmd); err != nil {
				return err
			}
			known, err := session.LoadProviders(folder)
			if err != nil {
				return err
			}
			if err := again.ready(); err != nil {
				return err
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			if again.every > 0 {
				if keep.preview {
					return errors.New("--preview is for one check; with --watch --json keeps all reports")
				}
				return p.watch(ctx, session.Request{Account: a, Situation: situation, Target: to, Providers: known}, fixed, out, again, keep)
			}
			return p.runCheck(ctx, session.Request{Account: a, Situation: situation, Target: to, Providers: known}, origin, fixed, out, keep)
		},
		ValidArgs: scenarioIDs(),
	}
	f := cmd.Flags()
	f.StringVar(&account, "account", "", "file with the phone account, or the name of a kept one (softphone-doctor account)")
	f.StringVar(&to, "to", "", "number or address to call, or echo for the provider's echo service")
	f.StringArrayVar(&answers, "answer", nil, "answer to a question, as key=value (may be given several times)")
	keep.saveFlag(cmd, "report and capture")
	again.flags(cmd)
	providersFlag(cmd, &folder)
	out.flags(cmd)
	return cmd
}

func (p *program) runCheck(ctx context.Context, r session.Request, origin *session.Origin, fixed session.Answers, out form, keep keeping) error {
	steps := io.Discard
	if !out.json {
		steps = p.Err
	}
	r.Notify = printSteps(steps)
	r.Person = fixed
	if p.Terminal && !out.json {
		r.Person = &prompt{fixed: fixed, in: p.In, out: p.Err}
	}
	r.Trace = p.traces()
	c, err := session.NewCheck(r)
	if err != nil {
		return err
	}
	rep, err := c.Run(ctx)
	if err != nil {
		return err
	}
	p.status = rep.ExitStatus()
	// First what the person waits for: a disk may be full by now.
	if err := p.print(rep, out); err != nil {
		return err
	}
	if !out.json {
		p.tellDifferences(origin, r.Account, rep)
	}
	return p.carry(rep, c.Records(), keep, out.json)
}

// traces gives the folder of traces, "" where there is none, and tells what an earlier
// check left there.
func (p *program) traces() string {
	dir, err := session.TraceFolder()
	if err != nil {
		return ""
	}
	for _, path := range session.CutOff(dir) {
		fmt.Fprintf(p.Err, "An earlier test was cut off. What it had seen is in %s: softphone-doctor examine judges it; delete it when it is of no use.\n", path)
	}
	return dir
}

func situations() string {
	var b strings.Builder
	for _, sc := range wizard.Scenarios() {
		fmt.Fprintf(&b, "  %-14s %s\n", sc.ID, sc.Complaint)
	}
	return b.String()
}

func scenarioIDs() []string {
	var ids []string
	for _, sc := range wizard.Scenarios() {
		ids = append(ids, sc.ID)
	}
	return ids
}

// parseAnswers reads key=value pairs and refuses what could never count.
func parseAnswers(pairs []string) (session.Answers, error) {
	answers := session.Answers{}
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		allowed, known := answerValues[key]
		switch {
		case !ok:
			return nil, fmt.Errorf("--answer %s: write key=value, for example --answer heard=no", pair)
		case !known:
			return nil, fmt.Errorf("--answer %s: there is no question %q", pair, key)
		case allowed != nil && !slices.Contains(allowed, value):
			return nil, fmt.Errorf("--answer %s: %s takes one of %s", pair, key, strings.Join(allowed, ", "))
		}
		answers[key] = value
	}
	return answers, nil
}

// printSteps shows the steps as they happen, a line each.
func printSteps(w io.Writer) func(wizard.Event) {
	return func(e wizard.Event) {
		switch e.Kind {
		case wizard.Instruction:
			if e.Title == "" {
				break
			}
			if left := time.Until(e.Until).Round(time.Second); left > 0 {
				fmt.Fprintf(w, "  … %s (up to %s)\n", e.Title, left)
				break
			}
			fmt.Fprintf(w, "  … %s\n", e.Title)
		case wizard.StepEnded:
			if e.Note != "" {
				fmt.Fprintf(w, "  ✓ %s: %s\n", e.Title, e.Note)
			}
		case wizard.Finished:
			fmt.Fprintln(w)
		}
	}
}
