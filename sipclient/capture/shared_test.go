package capture

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// sharedCaptures gives the folder with captures that are not part of the project.
func sharedCaptures(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../../shared/captures")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the collected captures (../shared/captures) are not on this machine")
	}
	return dir
}

// needTshark skips without tshark, but fails where the tests must be complete.
func needTshark(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("tshark"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("tshark is not installed")
		}
		t.Skip("tshark is not installed")
	}
}

// tshark gives the output lines of a tshark run.
func tshark(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.Command("tshark", args...).Output()
	if err != nil {
		t.Logf("tshark %v: %v", args, err) // a cut file is an error that still prints
	}
	return strings.Fields(string(out))
}

// captureFiles lists every capture in dir and its variants.
func captureFiles(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"*.pcap", "*.pcapng", "*.cap", "*.gz", "variants/*"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	return files
}

// readAll reads a file to its end.
func readAll(t *testing.T, name string) ([]Record, error) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var records []Record
	for r, err := range Read(f) {
		if err != nil {
			return records, err
		}
		records = append(records, r)
	}
	return records, nil
}

// Every collected capture is read without an error, and what was read can be
// written and read again without a difference in number, time and address.
func TestReadsEverySharedCapture(t *testing.T) {
	dir := sharedCaptures(t)
	files := captureFiles(t, dir)
	if len(files) < 200 {
		t.Fatalf("only %d captures in %s", len(files), dir)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			begin := time.Now()
			records, err := readAll(t, file)
			if err != nil {
				t.Fatal(err)
			}
			if time.Since(begin) > 20*time.Second {
				t.Errorf("took %v", time.Since(begin))
			}
			packets := 0
			for _, r := range records {
				if r.Packet != nil {
					packets++
				}
			}
			if packets == 0 {
				t.Log("no packet in this file")
			}
			var b bytes.Buffer
			if _, err := Write(&b, values(records)); err != nil {
				t.Fatal(err)
			}
			again := collect(t, bytes.NewReader(b.Bytes()))
			if len(again) != len(records) {
				t.Fatalf("%d records written, %d read", len(records), len(again))
			}
			for i, r := range records {
				a := again[i]
				if a.N != r.N || !a.Time().Equal(r.Time()) || (a.Packet == nil) != (r.Packet == nil) {
					t.Fatalf("record %d: wrote %+v, read %+v", i, r, a)
				}
				if p, q := r.Packet, a.Packet; p != nil && (p.Src != q.Src || p.Dst != q.Dst || p.Net != q.Net || len(p.Data) != len(q.Data)) {
					t.Fatalf("record %d: wrote %+v, read %+v", i, p, q)
				}
			}
		})
	}
}

// tsharkFiles are compared datagram by datagram: plain, fragmented, IPv6,
// several interfaces, cut, odd link types. Files whose UDP is inside another
// tunnel's UDP or inside ICMP are left out: tshark lists those twice.
var tsharkFiles = []string{
	"P001_CESNET_sip.pcap", "P010_Kesuera_webcam_call.pcap", "P018_MichalCab_sip.pcap", "P083_goffinet_sip-2phones-B2BUA-Asterisk.pcapng",
	"P102_irontec_ipip.pcap", "P103_irontec_ipv6frag.pcap", "P110_javier-pastor_sip.cap", "P144_plugin23_konferencnyhovor.pcap",
	"P154_realjimmy_sip-rtp-g711.pcap", "P181_sippy_alice_srtp.pcap", "P193_tzahradnicek_konferencny.pcapng", "P061_dangdanding_sip-rtp.pcap", "P040_RestComm_dtmf-oob-one-hash.cap.gz",
	"variants/05-vlan.pcap", "variants/06-qinq.pcap", "variants/07-pppoe.pcap", "variants/08-mpls.pcap", "variants/10-sll2.pcap", "variants/16-loop-108.pcap",
	"variants/17-ppp-9.pcap", "variants/18-radiotap-80211-qos.pcap", "variants/19-gre.pcap", "variants/22-ip-fragments-400.pcap",
	"variants/34-pcapng-mixed-eth-sll2-raw.pcapng", "variants/36-pcapng-two-sections.pcapng", "variants/37-pcapng-unknown-blocks-options.pcapng",
	"variants/38-pcapng-simple-packet-blocks.pcapng", "variants/40-ipv6-header-only.pcap",
}

func TestSameDatagramsAsTshark(t *testing.T) {
	dir := sharedCaptures(t)
	needTshark(t)
	for _, name := range tsharkFiles {
		t.Run(filepath.Base(name), func(t *testing.T) {
			file := filepath.Join(dir, name)
			want := tshark(t, "-r", file, "-Y", "udp && !icmp && !icmpv6", "-T", "fields", "-e", "frame.number")
			records, err := readAll(t, file)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range records {
				if r.Packet != nil && r.Packet.Net == UDP {
					got = append(got, strconv.Itoa(r.N))
				}
			}
			if strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("UDP in frames\n%v\ntshark:\n%v", got, want)
			}
		})
	}
}
