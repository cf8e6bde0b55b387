package sipclient

import (
	"context"
	"strings"
	"testing"

	"softphonedoctor/sipclient/capture"
)

func TestDigest(t *testing.T) {
	// RFC 7616 3.9.1 and RFC 2617 3.5 give these answers.
	for _, c := range []struct{ challenge, login, password, method, uri, cnonce, want string }{
		{`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
			"Mufasa", "Circle of Life", "GET", "/dir/index.html", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "8ca523f5e9506fed4657c9700eebdbec"},
		{`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
			"Mufasa", "Circle of Life", "GET", "/dir/index.html", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
		{`Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"`,
			"Mufasa", "Circle Of Life", "GET", "/dir/index.html", "0a4f113b", "6629fae49393a05397450978507c4ef1"},
	} {
		ch, label := readChallenge(c.challenge)
		if ch == nil {
			t.Fatal(label)
		}
		got := ch.credentials(c.login, c.password, c.method, c.uri, c.cnonce, 1)
		if !strings.Contains(got, `response="`+c.want+`"`) {
			t.Errorf("%s: %s", label, got)
		}
	}
	for value, want := range map[string]string{
		`Digest realm="x", nonce="y", algorithm=AKAv1-MD5`:          "AKAv1-MD5",
		`Bearer authz_server="https://example.com"`:                 "bearer",
		`Digest realm="x", nonce="y", qop="auth-int"`:               "MD5 qop=auth-int",
		`Digest realm="a, \"b\"", nonce="y", algorithm=sha-256`:     "",
		`Digest realm="x",nonce="y",algorithm=SHA-512-256,qop=auth`: "",
		`Digest`: "",
		``:       "",
	} {
		if c, label := readChallenge(value); (c == nil) != (want != "" || value == "") || (want != "" && label != want) {
			t.Errorf("%s: %v, %q, want %q", value, c, label, want)
		}
	}
}

// The strongest of several challenges is answered, and what cannot be answered is noted.
func TestChallengeChoice(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	done := background(func() error { return p.Register(context.Background()) })
	srv.reply(srv.until("REGISTER"), 401, "x", "",
		`WWW-Authenticate: Digest realm="t", nonce="1", algorithm=AKAv2-MD5`,
		`WWW-Authenticate: Digest realm="t", nonce="2", algorithm=SHA-512-256, qop="auth"`,
		`WWW-Authenticate: Digest realm="t", nonce="3", algorithm=SHA-256`, challengeMD5)
	req := srv.until("REGISTER")
	if !strings.Contains(req.Get("Authorization"), `nonce="2"`) {
		t.Error(req.Get("Authorization"))
	}
	srv.reply(req, 407, "x", "", `Proxy-Authenticate: Digest realm="t", nonce="4", algorithm=AKAv2-MD5`)
	_ = result(t, done)
	if !hasNote(p, capture.PhoneDigest+" "+req.Get("Call-ID")+" algorithm=AKAv2-MD5") {
		t.Error(notes(p))
	}
}

func FuzzChallenge(f *testing.F) {
	f.Add(`Digest realm="a, b", nonce="\"", qop="auth"`)
	f.Add(`Digest algorithm=MD5-sess,nonce=x,realm=`)
	f.Add(`digest ,,="`)
	f.Fuzz(func(t *testing.T, s string) {
		if c, _ := readChallenge(s); c != nil {
			got := c.credentials("u", "secret-word", "REGISTER", "sip:x", "c", 1)
			if strings.ContainsAny(got, "\r\n") || strings.Contains(got, "secret-word") && !strings.Contains(s, "secret-word") {
				t.Errorf("%q", got)
			}
		}
	})
}
