package sipclient

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestPremium(t *testing.T) {
	for home, list := range map[string][]string{
		"192.0.2.1:5060": {
			"0900 1234567", "0900-8844", "00900123456", "90900123456", "+49 900 1 234567", "+49 (0)900 1234567", "0049900123456", "011 49 900 1234567",
			"+491371234567", "+49190123456", "tel:+49-900-1234567", "sip:09001234567@pbx.example.com", "SIP:%30900123456@x;user=phone", "sips:+44.909.8790000@x",
			"+44 9098790000", "1-900-555-1234", "1 (900) 555 1234", "+19005551234", "+1 212 976 1234", "0019005551234", "1902123456", "+611902123456", "001161190212345",
			"+33 899 123456", "+33(0)899123456", "+34803123456", "803 123 456", "+39 899 123456", "+41 901 123456", "+41906123456", "+43930123456", "+46 9441234567",
			"+31909123456", "+3290212345", "+64900123456", "+353 1550123456", "+4590123456", "+358600123456", "+48701234567",
			"+979 1 12345678", "+870773123456", "+881612345678", "+88213123456", "+883130012345", "00 979 112345678", "#31#0900123456", "*67 1 900 555 1234", "09001234567#", "sip:09001234567:x@y",
		},
		"voip.example.de":     {"0137 1234567", "0190 123456", "00137 1234567"},
		"voip.example.co.uk":  {"0909 879 0000", "118118", "09012345678", "90 909 879 0000"},
		"sip.example.fr":      {"0899 12 34 56"},
		"voip.example.it":     {"899 123456", "892 424"},
		"tel.example.ch:5070": {"0906 123 456", "0901123456"},
		"x.example.at.":       {"0930 123456", "0939123456"},
		"example.se":          {"0939-1234567", "0944 1234567"},
		"example.us":          {"900 555 1234", "9 1 900 555 1234", "212-976-1234", "1 212 976 1234"},
	} {
		for _, to := range list {
			if !(Account{Domain: home}).IsPremium(to) {
				t.Errorf("%q at %s has a price of its own", to, home)
			}
		}
	}
	if !(Account{Domain: "pbx", CallerID: "+4930123456"}).IsPremium("01371234567") {
		t.Error("a German caller id shows the country")
	}
}

func TestOrdinaryNumbersStayCallable(t *testing.T) {
	for home, list := range map[string][]string{
		"192.0.2.1:5060": {
			"", "900", "0900", "1900", "09001", "19001", "118", "11833", "90011", "2000", "*43", "echo", "alice", "alice@example.com", "0900name", "+",
			"089 12345678", "+49 89 9123456", "0911 1234567", "0931 123456", "0906 1234", "0939112345", "0944112345", "09091 123456",
			"01372 463000", "01902 123456", "01904 123456", "+441372463000", "0871 123 4567", "+448451234567", "0180 5123456",
			"1-901-555-1234", "+1 902 555 1234", "+19065551234", "803 555 1234", "806-555-1234", "+1 976 555 1234", "+97611123456",
			"+33 9 72 12 34 56", "0972123456", "+33 1 90 00 00 00", "+39 090 123456", "+390612345678", "+61 2 1900 0000", "+4989123456", "+34 900 123 456", "900123456",
			"011 319001", "011 8807000", "+883 510 001 234567", "+90 212 9001234", "00902129001234", "+7 900 1234567", "+86 190 0123 4567", "+91 90000 12345", "9000012345", "+48 89 212 34 56",
			"116117", "0800 1234567", "+18005551234", "+31 20 9001234", "+43 1 9001234", "+45 33909090", "+47 22 82 00 00", "91 900 555 1234", "+44 118 912 3456",
		},
		"voip.example.de":    {"0911 1234567", "0931 12345", "089 9123456", "0137", "030 137 1234", "+44 1372 463000"},
		"voip.example.co.uk": {"01372 463000", "0871 123 4567", "020 9 0000000", "0118 9123456", "+49 9131 12345"},
		"sip.example.fr":     {"0972 12 34 56", "01 89 12 34 56", "0825 123456"},
		"example.us":         {"1 901 555 1234", "976 555 1234", "803 555 1234", "1 212 555 9761"},
		"example.cn":         {"13849761234"},
	} {
		for _, to := range list {
			if (Account{Domain: home}).IsPremium(to) {
				t.Errorf("%q at %s is an ordinary number", to, home)
			}
		}
	}
}

func TestPremiumIsNeverDialled(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	for _, to := range []string{"0900 1234567", "sip:+49900123456@example.com", "tel:+979112345678"} {
		if _, err := p.Dial(context.Background(), to); !errors.Is(err, ErrPremium) {
			t.Errorf("Dial(%q): %v", to, err)
		}
	}
	srv.silence(100 * time.Millisecond)
}

// However a premium or an emergency number is dressed, it stays one; and no text
// whatever makes the check stumble.
func FuzzNumbers(f *testing.F) {
	f.Add("09001234567", uint(3))
	f.Add("sip:%2b49900123456@x;user=phone", uint(7))
	f.Add("+979", uint(0))
	f.Add("\x00%3", uint(1))
	f.Fuzz(func(t *testing.T, to string, at uint) {
		a := Account{Domain: "example.de", User: to, CallerID: to}
		_ = a.mayCall(to)
		a = Account{Domain: "example.de"}
		n := dialledNumber(to)
		if n == "" || strings.Trim(n, "+0123456789") != "" || strings.ContainsAny(to, "\u00a0\u2011%") {
			return
		}
		i := int(at % uint(len(n)))
		for _, dressed := range []string{n[:i] + " " + n[i:], n[:i] + "-" + n[i:], "tel:" + n, "sip:" + n + "@x.example;user=phone", "SIPS:" + n[:i] + "(" + n[i:] + "@x", "%20" + n} {
			if IsEmergency(dressed) != IsEmergency(n) || a.IsPremium(dressed) != a.IsPremium(n) {
				t.Errorf("%q is judged unlike %q", dressed, n)
			}
		}
	})
}
