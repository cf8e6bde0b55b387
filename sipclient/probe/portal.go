package probe

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
)

// portalProbes look for a log-in page that stands in the way of everything.
var portalProbes = []Probe{
	{ID: "portal", Title: "Looking for a log-in page of this network.", Keys: []string{capture.ProbeCaptivePortal}, Limit: doorLimit, Run: lookForPortal},
}

// lookForPortal asks the provider's own web server for a page: nobody else is asked. A
// page in its place counts as a log-in page when it says so itself (RFC 6585 6, RFC
// 8910), or when it sends the browser to another name while the server does not answer
// as a telephone system either.
//
// Where the server answers nobody asks for a page. That is waited for, but not to the end:
// a log-in page explains the silence of everything else, so that it may not come last.
func lookForPortal(ctx context.Context, b *Bench) {
	for began := time.Now(); time.Since(began) < portalLater && ctx.Err() == nil; pauseFor(ctx, 20*time.Millisecond) {
		if answered, all := doorsSay(b); answered {
			b.Say(capture.ProbeCaptivePortal, false, "reason", "the server itself answers")
			return
		} else if all {
			break
		}
	}
	host := b.Host()
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
		b.NotChecked(capture.ProbeCaptivePortal, "the server is on this computer")
		return
	}
	by, at, err := visitPage(ctx, b, "http://"+urlHost(host)+"/")
	answered, _ := doorsSay(b)
	switch {
	case answered:
		b.Say(capture.ProbeCaptivePortal, false, "reason", "the server itself answers")
	case err != nil:
		b.NotChecked(capture.ProbeCaptivePortal, "no web page answers at the server's address")
	case by == "":
		b.Say(capture.ProbeCaptivePortal, false, "reason", "the page is the server's own")
	default:
		b.Say(capture.ProbeCaptivePortal, true, "by", by, "url", at)
	}
}

// portalLater is how long the server has to answer before a page is asked for.
const portalLater = 1500 * time.Millisecond

// doorsSay tells whether the server has answered on any way, and whether all ways have
// their answer.
func doorsSay(b *Bench) (answered, all bool) {
	all = true
	for _, key := range []string{capture.ProbeUDP, capture.ProbeUDPPort, capture.ProbeTCP, capture.ProbeTLS} {
		p := b.Answer(key)
		answered, all = answered || p.Yes(), all && p.Result != ""
	}
	return answered, all
}

func urlHost(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// visitPage gets a page and tells who answers in its place: "" for the server itself.
func visitPage(ctx context.Context, b *Bench, page string) (by, at string, err error) {
	client := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DisableKeepAlives: true, Proxy: nil,
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				host, port, err := net.SplitHostPort(addr)
				if err != nil {
					return nil, err
				}
				ips, err := b.resolver().LookupNetIP(ctx, "ip", host)
				if err != nil || len(ips) == 0 {
					return nil, errors.New("no address")
				}
				return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(ips[0].Unmap().String(), port))
			}},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
	if err != nil {
		return "", "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", "", err
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 4096)
	if resp.StatusCode == http.StatusNetworkAuthenticationRequired { // 511
		return req.URL.Hostname(), page, nil
	}
	if resp.StatusCode < 300 || resp.StatusCode >= 400 {
		return "", "", nil
	}
	to, err := resp.Location()
	if err != nil || sameSite(req.URL, to) {
		return "", "", nil
	}
	return to.Hostname(), to.Redacted(), nil
}

// sameSite tells that two addresses belong to one owner as far as names show: the last
// two parts of the name are the same. A provider's web server sends browsers to its
// other names.
func sameSite(a, b *url.URL) bool {
	tail := func(u *url.URL) string {
		host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
		if _, err := netip.ParseAddr(host); err == nil {
			return host
		}
		parts := strings.Split(host, ".")
		return strings.Join(parts[max(0, len(parts)-2):], ".")
	}
	return tail(a) == tail(b)
}
