package sipmsg

import (
	"hash/fnv"
	"strconv"
	"strings"
)

// NewRequest begins a request. The caller adds the headers.
func NewRequest(method, uri string) *Message {
	return &Message{Method: method, URI: uri, Version: "SIP/2.0"}
}

// NewResponse begins an answer to req as RFC 3261 8.2.6 wants it: all Via lines,
// From, To, Call-ID and CSeq are copied, and Record-Route where a dialog may
// begin. Except for 100, To gets a tag when it has none: always the same one for
// the same request, so that 180 and 200 belong together. An empty reason becomes
// the code's usual phrase.
func NewResponse(req *Message, code int, reason string) *Message {
	if reason == "" {
		reason = StatusText(code)
	}
	m := &Message{Status: code, Reason: reason, Version: "SIP/2.0"}
	for _, h := range req.Headers {
		switch h.Name {
		case "Via", "From", "Call-ID", "CSeq":
		case "Record-Route":
			if code <= 100 || code >= 300 {
				continue
			}
		case "To":
			if a, _ := ParseAddress(h.Value); code > 100 && a.Tag() == "" {
				h.Value += ";tag=" + tagFor(req)
			}
		default:
			continue
		}
		m.Headers = append(m.Headers, h)
	}
	return m
}

// tagFor makes a To tag out of what a request, its retransmissions and its
// CANCEL have in common.
func tagFor(req *Message) string {
	h := fnv.New64a()
	n, _, _ := req.CSeq()
	for _, s := range []string{req.CallID(), req.Get("From"), strconv.FormatUint(uint64(n), 10)} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return strconv.FormatUint(h.Sum64(), 36)
}

// SetBody gives the message a body with its type.
func (m *Message) SetBody(contentType string, body []byte) {
	m.Set("Content-Type", contentType)
	m.Body = body
}

// lineEnds keeps a value from becoming two header lines.
var lineEnds = strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ")

// Bytes writes the message as it goes on the wire. Content-Length is the body's
// length whatever the header said, unless KeepLength is set.
func (m *Message) Bytes() []byte {
	b := make([]byte, 0, 512+len(m.Body))
	version := m.Version
	if version == "" {
		version = "SIP/2.0"
	}
	if m.IsRequest() {
		b = append(b, m.Method+" "+lineEnds.Replace(m.URI)+" "+version...)
	} else {
		b = append(b, version+" "+strconv.Itoa(m.Status)+" "+lineEnds.Replace(m.Reason)...)
	}
	b = append(b, "\r\n"...)
	for _, h := range m.Headers {
		if !m.KeepLength && sameName(h.Name, "Content-Length") {
			continue
		}
		b = append(b, lineEnds.Replace(h.Name)...)
		b = append(b, ": "...)
		b = append(b, lineEnds.Replace(h.Value)...)
		b = append(b, "\r\n"...)
	}
	if !m.KeepLength {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, int64(len(m.Body)), 10)
		b = append(b, "\r\n"...)
	}
	b = append(b, "\r\n"...)
	return append(b, m.Body...)
}

// StatusText gives the usual phrase of a status code (RFC 3261 21 and later),
// "" for one without.
func StatusText(code int) string { return statusText[code] }

var statusText = map[int]string{
	100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued", 183: "Session Progress",
	199: "Early Dialog Terminated", 200: "OK", 202: "Accepted", 204: "No Notification",
	300: "Multiple Choices", 301: "Moved Permanently", 302: "Moved Temporarily", 305: "Use Proxy", 380: "Alternative Service",
	400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
	405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required", 408: "Request Timeout",
	410: "Gone", 412: "Conditional Request Failed", 413: "Request Entity Too Large", 414: "Request-URI Too Long",
	415: "Unsupported Media Type", 416: "Unsupported URI Scheme", 417: "Unknown Resource-Priority", 420: "Bad Extension",
	421: "Extension Required", 422: "Session Interval Too Small", 423: "Interval Too Brief", 424: "Bad Location Information",
	428: "Use Identity Header", 429: "Provide Referrer Identity", 430: "Flow Failed", 433: "Anonymity Disallowed",
	436: "Bad Identity Info", 437: "Unsupported Credential", 438: "Invalid Identity Header", 439: "First Hop Lacks Outbound Support",
	440: "Max-Breadth Exceeded", 469: "Bad Info Package", 470: "Consent Needed", 480: "Temporarily Unavailable",
	481: "Call/Transaction Does Not Exist", 482: "Loop Detected", 483: "Too Many Hops", 484: "Address Incomplete",
	485: "Ambiguous", 486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here", 489: "Bad Event",
	491: "Request Pending", 493: "Undecipherable", 494: "Security Agreement Required",
	500: "Server Internal Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
	504: "Server Time-out", 505: "Version Not Supported", 513: "Message Too Large", 555: "Push Notification Service Not Supported",
	580: "Precondition Failure", 600: "Busy Everywhere", 603: "Decline", 604: "Does Not Exist Anywhere",
	606: "Not Acceptable", 607: "Unwanted", 608: "Rejected",
}
