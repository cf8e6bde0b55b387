package wizard

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/capture/generate"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// said is what a report finds, in words that hold no number, name or address.
func said(r *report.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", r.Verdict)
	for _, f := range r.Diagnosis.Findings {
		fmt.Fprintf(&b, "%s %s %s %s %s %t %v\n", f.Rule.Cause, f.Kind(), f.Certainty, f.Place(), f.Direction, f.Symptom, f.Args["code"])
		for _, c := range f.Cites {
			fmt.Fprintf(&b, "  #%d\n", c.N)
		}
	}
	fmt.Fprintf(&b, "clear %v\nunchecked %v\npath %v\n", r.Diagnosis.Clear, r.Diagnosis.Unchecked, r.Diagnosis.Path)
	for _, c := range r.Evidence.Calls {
		fmt.Fprintf(&b, "call %s %d answers\n", c.Direction, len(c.Transactions))
		for _, s := range c.Streams {
			fmt.Fprintf(&b, "%s %x %d %d %d %d %.1f\n", s.Direction, s.SSRC, s.Packets, s.Lost, s.Duplicate, s.Reordered, s.Level.DBFS)
		}
	}
	return b.String()
}

// savedAgain saves one call of a capture and examines what was saved.
func savedAgain(t *testing.T, file []byte, id string, mask bool) (was, is *report.Report, saved []byte) {
	t.Helper()
	whole, err := examine(bytes.NewReader(file), Subject{CallID: id}, -1)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, SaveCall(&out, bytes.NewReader(file), whole, Subject{}, mask))
	saved = out.Bytes()
	is, err = Examine(bytes.NewReader(saved), Subject{})
	require.NoError(t, err)
	return whole, is, saved
}

// A call that is saved alone, masked or not, has the findings that it had among all.
func TestSavedCallIsJudgedAsItWas(t *testing.T) {
	file, truth := generated(t, generate.Plan{Calls: 63, Packets: 12_000, Phones: 9, Rate: 3, Seed: 9})
	for i, c := range truth.Calls {
		for _, mask := range []bool{false, true} {
			was, is, saved := savedAgain(t, file, c.ID, mask)
			require.Equal(t, said(was), said(is), "call %d, masked %t", i+1, mask)
			if !mask {
				continue
			}
			for _, secret := range []string{c.ID, "\"Caller ", "10.20.0.", "198.51.100.", "sip.example.net"} {
				require.False(t, strings.Contains(string(saved), secret), "call %d has %q", i+1, secret)
			}
			require.Contains(t, string(saved[:300]), "sound was left out", "the file's comment says so")
		}
	}
}

// savedDiffers are the files in which more than the findings of a saved call differs,
// or a hint, and why.
var savedDiffers = map[string]string{
	"P134_nextcaller_sip-i.pcap":          "the body is a multipart with ISUP, which no rule of masking knows, so that the addresses in it are gone",
	"P136_ntop_fuzz-2006-06-26-2594.pcap": "bytes were changed at random: sign-ins of other names are left out with their phones",
	"P177_sipcapture_hep.pcap":            "two lines of the description run together, so that no rule of masking knows them, and the address in the next is not read",
}

// The same for calls of real phones.
func TestSavedRealCalls(t *testing.T) {
	calls := 0
	for _, path := range sharedCaptures(t) {
		file, err := os.ReadFile(path)
		require.NoError(t, err)
		whole, err := examine(bytes.NewReader(file), Subject{}, -1)
		if err != nil {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			for i, c := range whole.Evidence.Calls {
				if i == 6 {
					break // of one phone system, all alike
				}
				if c.ID == "" {
					continue
				}
				calls++
				for _, mask := range []bool{false, true} {
					was, is, _ := savedAgain(t, file, c.ID, mask)
					if why := savedDiffers[filepath.Base(path)]; why != "" {
						require.Equal(t, was.Headline(), is.Headline(), why)
						continue
					}
					if said(was) != said(is) {
						t.Errorf("%s, masked %t: was\n%s\nis\n%s", c.ID, mask, said(was), said(is))
					}
				}
			}
		})
	}
	t.Log(calls, "calls")
}

// Addresses keep their class and network, lengths stay, and every checksum is right.
func TestMaskedAddresses(t *testing.T) {
	file, truth := generated(t, generate.Plan{Calls: 3, Packets: 2_000, Phones: 2, Rate: 3, Seed: 9})
	was, _, saved := savedAgain(t, file, truth.Calls[0].ID, true)
	_, plain, err := CallRecords(bytes.NewReader(file), was)
	require.NoError(t, err)
	var lengths []int
	for _, r := range plain {
		if r.Packet != nil {
			lengths = append(lengths, len(r.Packet.Data))
		}
	}
	i := 0
	tokens := map[netip.Addr]bool{}
	for r, err := range capture.Read(bytes.NewReader(saved)) {
		require.NoError(t, err)
		if p := r.Packet; p != nil {
			require.Equal(t, lengths[i], len(p.Data))
			i++
			tokens[p.Src.Addr()], tokens[p.Dst.Addr()] = true, true
		}
	}
	require.Equal(t, len(lengths), i)
	private := 0
	for a := range tokens {
		if a.IsPrivate() {
			private++
		}
	}
	require.Len(t, tokens, 3, "phone, server, relay")
	require.Equal(t, 1, private, "only the phone is in a private network")
}

// A report about several calls cannot be saved as one.
func TestOneCallIsSaved(t *testing.T) {
	file, _ := generated(t, generate.Plan{Calls: 3, Packets: 2_000, Phones: 2, Rate: 3, Seed: 9})
	rep, err := Examine(bytes.NewReader(file), Subject{})
	require.NoError(t, err)
	require.ErrorIs(t, SaveCall(&bytes.Buffer{}, bytes.NewReader(file), rep, Subject{}, false), ErrWhichCall)
	require.Len(t, evidence.Legs(rep.Evidence.Calls), 0)
}
