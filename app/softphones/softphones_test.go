package softphones

import (
	"bytes"
	"encoding/binary"
	"image/png"
	"os"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/stretchr/testify/require"
)

func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return b
}

const noPassword = "The password is not in it: enter it once."

func TestRead(t *testing.T) {
	zrtp := "Its sound is encrypted by ZRTP, which this test phone cannot do: the call is tested without."
	for _, c := range []struct {
		name string
		data []byte
		from string
		want []Account
	}{
		// As linphonec 5.1 (linphone-cli of Debian 12) rewrote it.
		{"linphonerc", file(t, "linphonerc"), "Linphone", []Account{{Label: "Anna Berg", User: "2001", Domain: "127.0.0.1", Login: "auth-2001", Password: "s3cret-word",
			Proxy: "127.0.0.1:5998", Transport: "tcp", Encryption: "optional", Codecs: []string{"PCMU", "PCMA"}}}},
		// As linphonec 5.1 writes it after its command register, before the server has asked.
		{"linphonerc of the command register", []byte("[sip]\nmedia_encryption=none\n[auth_info_0]\nusername=2001\npasswd=s3cret-word\ndomain=2001\n[proxy_0]\nreg_proxy=sip:127.0.0.1:5998\nreg_identity=sip:2001@127.0.0.1:5998\nreg_sendregister=1\n"),
			"Linphone", []Account{{User: "2001", Domain: "127.0.0.1:5998", Password: "s3cret-word", Encryption: "none"}}},
		{"Linphone's provisioning", file(t, "provisioning.xml"), "Linphone", []Account{{User: "2001", Domain: "pbx.example.net", Transport: "tls",
			Notes: []string{"Linphone keeps only what it has computed from the password (ha1), which this test cannot use: enter the password once.", zrtp}}}},
		{"Zoiper", file(t, "Config.xml"), "Zoiper", []Account{{Label: "Office", User: "2001", Domain: "pbx.example.net:5070", Login: "auth-2001", Password: "s3cret & word",
			Proxy: "sbc.example.net", Transport: "tcp", Encryption: "none", Codecs: []string{"PCMA", "PCMU"}, STUN: []string{"stun.example.net:3479"}}}},
		{"MicroSIP", file(t, "microsip.txt"), "MicroSIP", microSIP},
		{"MicroSIP as Windows writes it", utf16le(file(t, "microsip.txt")), "MicroSIP", microSIP},
		// The file that baresip writes at its first start, with two accounts below.
		{"baresip", file(t, "baresip-accounts"), "baresip", []Account{
			{Label: "Anna Berg", User: "2001", Domain: "pbx.example.net", Login: "auth-2001", Password: "s3cret;word", Proxy: "sbc.example.net:5061", Transport: "tcp", Encryption: "optional",
				Codecs: []string{"PCMA", "PCMU"}, STUN: []string{"stun.example.net"}},
			{User: "2002", Domain: "[2001:db8::1]:5070", Password: "s3cret word", Silent: true, Notes: []string{strings.ReplaceAll(zrtp, "ZRTP", "zrtp")}}}},
		{"an address", []byte(" sip:2001:pass@pbx.example.net:5080;transport=tcp\n"), "an address", []Account{{User: "2001", Domain: "pbx.example.net:5080", Password: "pass", Transport: "tcp"}}},
		{"a secure address", []byte("sips:2001@pbx.example.net"), "an address", []Account{{User: "2001", Domain: "pbx.example.net", Transport: "tls", Notes: []string{noPassword}}}},
		{"a QR code with an address", qr(t, "sip:2001:pass@pbx.example.net"), "an address", []Account{{User: "2001", Domain: "pbx.example.net", Password: "pass"}}},
		{"a QR code with baresip's line", qr(t, "<sip:2001@pbx.example.net>;auth_pass=pass"), "baresip", []Account{{User: "2001", Domain: "pbx.example.net", Password: "pass"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Read(c.data)
			require.NoError(t, err)
			require.Equal(t, c.from, got.From)
			require.Len(t, got.Accounts, len(c.want))
			for i := range c.want {
				require.ElementsMatch(t, c.want[i].Notes, got.Accounts[i].Notes)
				want := c.want[i]
				want.Notes, got.Accounts[i].Notes = nil, nil
				require.Equal(t, want, got.Accounts[i])
			}
		})
	}
}

var microSIP = []Account{
	{Label: "Office", User: "2001", Domain: "pbx.example.net", Login: "auth-2001", Password: "s3cret word", Proxy: "sbc.example.net:5080", Transport: "tcp", Encryption: "optional",
		Codecs: []string{"PCMA", "PCMU"}, STUN: []string{"stun.example.net"}},
	{Label: "Home", User: "2002", Domain: "home.example.net", Proxy: "home.example.net:5090", Codecs: []string{"PCMA", "PCMU"},
		STUN: []string{"stun.example.net"}, Notes: []string{"MicroSIP encrypted the password so that only it can read it: enter the password once."}},
}

func utf16le(b []byte) []byte {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(strings.ReplaceAll(string(b), "\n", "\r\n"))) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

func qr(t testing.TB, text string) []byte {
	t.Helper()
	m, err := qrcode.NewQRCodeWriter().Encode(text, gozxing.BarcodeFormat_QR_CODE, 300, 300, nil)
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, m))
	return b.Bytes()
}

// What holds no account is told in a sentence that says what to do.
func TestReadNothing(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"nothing", "", "no file of accounts"},
		{"a letter", "Dear support,\nmy phone is sip and broken\n", "no file of accounts"},
		{"baresip's first file", string(file(t, "baresip-accounts-new")), "there is no SIP account in it"},
		{"an address without a user", "sip:pbx.example.net", "names no user"},
		{"a damaged file", "<config><section name=\"proxy_0\"><entry name=\"reg_identity\">sip:a@b", "is damaged"},
		{"a place of settings", string(qr(t, "https://phones.example.net/a?token=s3cret")), "only the place where the settings lie (phones.example.net)"},
		{"another QR code", string(qr(t, "WIFI:S:home;P:s3cret;;")), "holds no phone account"},
		{"a picture of something else", string(blank(t)), "no QR code in this picture"},
		{"Linphone without accounts", "[proxy_default]\nreg_expires=1\n[auth_info_0]\nusername=a\n", "there is no SIP account in it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read([]byte(c.data))
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "s3cret")
		})
	}
}

func blank(t testing.TB) []byte {
	m, err := gozxing.NewBitMatrix(50, 50)
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, m))
	return b.Bytes()
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"linphonerc", "provisioning.xml", "Config.xml", "microsip.txt", "baresip-accounts"} {
		f.Add(file(f, name))
	}
	f.Add(qr(f, "sip:2001:pass@pbx.example.net"))
	f.Add([]byte("sip:2001:pass@[::1]:5;transport=tls"))
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := Read(data)
		if err == nil && len(in.Accounts) == 0 {
			t.Fatal("neither accounts nor an error")
		}
		for _, a := range in.Accounts {
			if a.User == "" || a.Domain == "" {
				t.Fatalf("an account without a user or a domain: %q %q", a.User, a.Domain)
			}
		}
	})
}
