package lab

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/app/session"
	"softphonedoctor/sipclient"
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/report"
)

// over is an account of the lab that speaks to one of Kamailio's addresses.
func over(k *Registrar, user, transport string, at netip.AddrPort) session.Account {
	a := session.Account{User: user, Domain: at.String(), Password: Password(user), Transport: transport}
	if transport == "tls" {
		a.CAFile = k.Ways.CAFile
	}
	return a
}

// TestWays shares one Kamailio, since a machine bears only so many of them at a time.
func TestWays(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{Ways: true})
	t.Run("healthy", func(t *testing.T) { transports(t, k) })
	t.Run("bad", func(t *testing.T) { badConnections(t, k) })
	t.Run("names", func(t *testing.T) { nameService(t, k) })
	t.Run("proxy", func(t *testing.T) { outboundProxy(t, k) })
	t.Run("large", func(t *testing.T) { largeInvite(t, k) })
	t.Run("cut", func(t *testing.T) { connectionCut(t, k) })
}

// transports places a healthy call to a real phone over every transport and IP
// version, and signs in with a SHA-256 digest over TLS.
func transports(t *testing.T, k *Registrar) {
	t.Parallel()
	for _, tt := range []struct {
		name, transport string
		at              netip.AddrPort
		net             capture.Net
	}{
		{"tcp", "tcp", k.Addr, capture.TCP},
		{"tls", "tls", k.Ways.TLS[CertGood], capture.TLS},
		{"udp-six", "udp", k.Ways.Six, capture.UDP},
		{"tls-six", "tls", k.Ways.SixTLS, capture.TLS},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name != "tls" {
				wholeLab(t)
			}
			t.Parallel()
			callee := "callee-" + tt.name
			if tt.at.Addr().Is4() {
				Baresip(t, k, callee, ByItself, PhoneOptions{RingFor: 500 * time.Millisecond})
			} else {
				answering(t, k, callee, tt.transport, tt.at)
			}
			call := func() checked {
				return check(t, session.Request{
					Account: over(k, "caller-"+tt.name, tt.transport, tt.at), Situation: "one-way-audio", Target: callee,
					Person: session.Answers{"heard": "yes", "they_hear": "yes"},
				})
			}
			got := call()
			for again := 0; again < 4 && got.overloaded(); again++ {
				got = call()
			}
			requireHealthy(t, tt.name, got)
			for _, m := range got.Evidence.Messages {
				if m.Out && m.Net != tt.net {
					t.Errorf("%s went over %s", m.Method, m.Net)
				}
			}
			if tt.transport == "tls" {
				c := got.Evidence.Connections
				require.True(t, len(c) > 0 && c[0].Open() && c[0].TLS != nil && len(c[0].TLS.Chain) > 0, "%+v", c)
			}
		})
	}
}

// answering is a test phone of ours that takes one call, for where the other phones
// of the lab do not reach.
func answering(t *testing.T, k *Registrar, user, transport string, at netip.AddrPort) {
	t.Helper()
	a := over(k, user, transport, at)
	roots := pool(t, k)
	p, err := sipclient.New(t.Context(), sipclient.Config{
		Account: sipclient.Account{User: user, Domain: a.Domain, Password: a.Password, Transport: transport, Register: true},
		Tape:    &capture.Tape{}, Roots: roots,
	})
	require.NoError(t, err)
	closing(t, p)
	require.NoError(t, p.Register(t.Context()))
	go func() {
		for {
			c, err := p.Await(t.Context())
			if err != nil {
				return
			}
			time.Sleep(300 * time.Millisecond) // let it ring
			_ = c.Answer(t.Context())
		}
	}()
}

// badConnections meets servers of a real Kamailio with whom nobody should speak.
func badConnections(t *testing.T, k *Registrar) {
	t.Parallel()
	closed := netip.AddrPortFrom(k.Addr.Addr(), uint16(FreePort(t)))
	for _, tt := range []struct {
		name, transport string
		at              netip.AddrPort
		cause           string
		where           diagnosis.Where
	}{
		{CertWrongName, "tls", k.Ways.TLS[CertWrongName], "tls-certificate-invalid", diagnosis.Provider},
		{CertExpired, "tls", k.Ways.TLS[CertExpired], "tls-certificate-invalid", diagnosis.Provider},
		{CertNotYet, "tls", k.Ways.TLS[CertNotYet], "tls-certificate-invalid", diagnosis.Provider},
		{CertSelfSigned, "tls", k.Ways.TLS[CertSelfSigned], "tls-certificate-invalid", diagnosis.Provider},
		{CertStranger, "tls", k.Ways.TLS[CertStranger], "tls-certificate-invalid", diagnosis.Provider},
		{OldTLS, "tls", k.Ways.TLS[OldTLS], "tls-version-mismatch", diagnosis.Provider},
		{"plain port", "tls", k.Addr, "transport-blocked", diagnosis.Account},
		{"closed port", "tcp", closed, "server-port-closed", diagnosis.Provider},
		{"closed TLS port", "tls", closed, "server-port-closed", diagnosis.Provider},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := check(t, session.Request{Account: over(k, "peer", tt.transport, tt.at), Situation: "registration"})
			root := got.Diagnosis.Root()
			if root == nil || root.Rule.Cause != tt.cause || root.Place() != tt.where || got.Verdict != report.Problem {
				t.Fatalf("verdict %s: %+v; %s; %+v; %+v", got.Verdict, root, story(got.Evidence), got.Evidence.Phone, got.Evidence.Probes)
			}
			for _, m := range got.Evidence.Messages {
				if m.Out && m.Get("Authorization") != "" {
					t.Error("a password's proof went out to a server that nobody trusts")
				}
			}
			requireSameFile(t, got)
		})
	}
}

// TestPasswordOverTLS: SHA-256 digest over TLS, and a wrong password is still that.
func TestPasswordOverTLS(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{Ways: true, SHA256: true})
	a := over(k, "tess", "tls", k.Ways.TLS[CertGood])
	good := check(t, session.Request{Account: a, Situation: "registration"})
	require.Equal(t, report.Healthy, good.Verdict, story(good.Evidence))
	require.Contains(t, good.Diagnosis.Clear, "tls-certificate-invalid")
	a.Password = "wrong"
	bad := check(t, session.Request{Account: a, Situation: "registration"})
	root := bad.Diagnosis.Root()
	require.True(t, root != nil && root.Rule.Cause == "account-credentials-wrong", story(bad.Evidence))
	requireSameFile(t, bad)
}

// TestRegistrarGone: the server goes away in mid-registration and takes no
// new connection.
func TestRegistrarGone(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{Ways: true})
	tape := &capture.Tape{}
	p, err := sipclient.New(t.Context(), sipclient.Config{Tape: tape, Account: sipclient.Account{User: "rex", Domain: k.Domain(), Password: Password("rex"), Transport: "tcp", Register: true}})
	require.NoError(t, err)
	closing(t, p)
	require.NoError(t, p.Register(t.Context()))
	k.Stop(t)
	if !eventually(10*time.Second, func() bool {
		_, d := judgeTape(tape)
		root := d.Root()
		return root != nil && root.Rule.Cause == "registration-lost-later"
	}) {
		_, d := judgeTape(tape)
		t.Errorf("found %+v", d.Root())
	}
}

// pool is the lab's authority for a phone of ours.
func pool(t *testing.T, k *Registrar) *x509.CertPool {
	t.Helper()
	pem, err := os.ReadFile(k.Ways.CAFile)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(pem))
	return roots
}

// closing closes a phone when the test ends.
func closing(t *testing.T, p *sipclient.Phone) {
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := p.Close(ctx); err != nil {
			t.Error(err)
		}
	})
}

// requireSameFile holds that the tape, written and read again, gives the same findings.
func requireSameFile(t *testing.T, got checked) {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, got.check.WriteCapture(&file))
	again, err := wizard.Examine(&file, wizard.Subject{})
	require.NoError(t, err)
	list := func(r *report.Report) (causes []string) {
		for _, f := range r.Diagnosis.Findings {
			causes = append(causes, fmt.Sprint(f.Rule.Cause, f.Certainty, f.Place(), f.Symptom, f.Cites))
		}
		return causes
	}
	require.Equal(t, list(got.Report), list(again))
	require.Equal(t, got.Diagnosis.Path, again.Diagnosis.Path)
}
