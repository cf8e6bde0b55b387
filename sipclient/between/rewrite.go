package between

import (
	"hash/fnv"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"softphonedoctor/sipclient/sipmsg"
)

// withHost writes another host and port into a sip or sips URI, and leaves the rest.
func withHost(uri, hostPort string) string {
	colon := strings.IndexByte(uri, ':')
	if colon < 0 {
		return uri
	}
	head, rest := uri[:colon+1], uri[colon+1:]
	// The user part may hold ";" and "?", the host part may not: the "@" decides.
	if at := strings.IndexByte(rest, '@'); at >= 0 {
		if end := strings.IndexAny(rest[at:], ";?"); end < 0 {
			at = strings.LastIndexByte(rest, '@')
		} else {
			at += strings.LastIndexByte(rest[at:at+end], '@')
		}
		head, rest = head+rest[:at+1], rest[at+1:]
	}
	end := strings.IndexAny(rest, ";?")
	if end < 0 {
		return head + hostPort
	}
	return head + hostPort + rest[end:]
}

// hostPort writes an address as URIs and Via have it.
func hostPort(a netip.AddrPort) string {
	return net.JoinHostPort(a.Addr().String(), strconv.Itoa(int(a.Port())))
}

// setValues puts the values of a header (sipmsg.Message.List) back at the place of the
// first, each on a line of its own.
func setValues(m *sipmsg.Message, name string, list []string) {
	at := len(m.Headers)
	var rest []sipmsg.Header
	for i, h := range m.Headers {
		if sipmsg.CanonicalName(h.Name) == name {
			at = min(at, i)
			continue
		}
		rest = append(rest, h)
	}
	at = min(at, len(rest))
	var lines []sipmsg.Header
	for _, v := range list {
		lines = append(lines, sipmsg.Header{Name: name, Value: v})
	}
	m.Headers = append(append(append([]sipmsg.Header{}, rest[:at]...), lines...), rest[at:]...)
}

// sentBy writes another host and port into a Via value.
func sentBy(via, hostPort string) string {
	head, params, _ := strings.Cut(via, ";")
	if sp := strings.LastIndexAny(strings.TrimRight(head, " \t"), " \t"); sp >= 0 {
		head = head[:sp+1] + hostPort
	}
	if params == "" {
		return head
	}
	return head + ";" + params
}

// restored is the Via that a softphone sent, with what a server adds to it (RFC 3581).
func restored(via string, from netip.AddrPort) string {
	v, err := sipmsg.ParseVia(via)
	if err != nil || !v.HasRPort || v.RPort != 0 {
		return via
	}
	var out []string
	for _, part := range strings.Split(via, ";") {
		if strings.EqualFold(strings.TrimSpace(part), "rport") {
			part = "rport=" + strconv.Itoa(int(from.Port()))
		}
		out = append(out, part)
	}
	return strings.Join(out, ";") + ";received=" + from.Addr().String()
}

// uriIn gives a header value with another URI in it.
func uriIn(value, was, is string) string {
	if was == "" {
		return value
	}
	return strings.Replace(value, was, is, 1)
}

// branchFor is our branch for a request that came with another: the same for its
// repetitions, for its CANCEL and for the ACK of a refusal.
func branchFor(branch, callID string) string {
	h := fnv.New64a()
	h.Write([]byte(branch + "\x00" + callID))
	return "z9hG4bKbetween" + strconv.FormatUint(h.Sum64(), 36)
}

// keyOf names a transaction by its branch (RFC 3261 17.1.3): a CANCEL is one of its own,
// the ACK of a refusal is not.
func keyOf(branch, method string) string {
	if method == "ACK" {
		method = "INVITE"
	}
	return branch + " " + method
}
