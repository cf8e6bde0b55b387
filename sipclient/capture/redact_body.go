package capture

import (
	"regexp"
	"strings"
)

// body rewrites what a message carries: a session description line by line, anything
// else as free text.
func (r *Redactor) body(s string, h messageHead) string {
	if s == "" {
		return ""
	}
	if strings.HasPrefix(s, "v=0") || strings.Contains(h.kind, "application/sdp") {
		return r.sdp(s)
	}
	if carriesKeys(h.kind) {
		return r.pressed(s)
	}
	if strings.HasPrefix(h.kind, "message/sipfrag") {
		return r.head(s)
	}
	return r.free(s, freeText)
}

// sdp rewrites a session description (RFC 8866).
func (r *Redactor) sdp(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		text := strings.TrimRight(line, "\r\n")
		end := line[len(text):]
		if len(text) >= 2 && text[1] == '=' {
			text = text[:2] + r.sdpValue(text[0], text[2:])
		} else {
			text = r.free(text, freeText)
		}
		b.WriteString(text)
		b.WriteString(end)
	}
	return b.String()
}

func (r *Redactor) sdpValue(letter byte, v string) string {
	switch letter {
	case 'o':
		f := strings.Split(v, " ")
		if len(f) == 6 {
			if f[0] != "-" {
				f[0] = r.tokens.name(f[0])
			}
			f[5] = r.machine(f[5])
			return strings.Join(f, " ")
		}
	case 'c':
		f := strings.Split(v, " ")
		if len(f) == 3 {
			addr, ttl, more := strings.Cut(f[2], "/")
			f[2] = r.machine(addr)
			if more {
				f[2] += "/" + ttl
			}
			return strings.Join(f, " ")
		}
	case 'v', 't', 'r', 'z', 'b':
		return v
	case 'm':
		return r.free(v, known)
	case 'i', 'u', 'e', 'p':
		return hidden(v)
	case 'k':
		return hidden(v)
	case 'a':
		return r.attribute(v)
	}
	return r.free(v, freeText)
}

// format is a line that names a format of sound (RFC 8866 6.6).
var format = regexp.MustCompile(`^[0-9]{1,3} +[A-Za-z0-9._+-]{1,32}/[0-9]{1,6}(/[0-9]{1,2})? *$`)

// attribute rewrites an a= line.
func (r *Redactor) attribute(v string) string {
	name, value, ok := strings.Cut(v, ":")
	if !ok {
		return r.free(v, known)
	}
	switch low := strings.ToLower(strings.TrimSpace(name)); low {
	case "crypto", "acap": // the latter of RFC 5939
		i := strings.Index(strings.ToLower(value), "inline:")
		if i < 0 && low == "acap" {
			return name + ":" + r.free(value, freeText)
		}
		if i < 0 {
			return name + ":" + hidden(value)
		}
		i += len("inline:")
		rest := value[i:]
		end := strings.IndexAny(rest, "| ;")
		if end < 0 {
			end = len(rest)
		}
		return name + ":" + value[:i] + strings.Repeat("0", end) + hiddenKeys(rest[end:])
	case "rtpmap":
		if format.MatchString(value) {
			return v // a format of sound names nobody, and its clock times all packets
		}
		return name + ":" + r.free(value, freeText)
	case "ice-pwd", "ice-ufrag", "key-mgmt", "zrtp-hash", "fingerprint", "identity", "tls-id":
		kind, hash, two := strings.Cut(value, " ")
		if two {
			return name + ":" + kind + " " + hidden(hash)
		}
		return name + ":" + hidden(value)
	case "ssrc", "msid", "label", "mid", "cname", "tool", "etag":
		head, rest, two := strings.Cut(value, " ")
		if two {
			return name + ":" + head + " " + r.free(rest, freeText)
		}
		return name + ":" + r.free(value, freeNumbers)
	default:
		if !plainAttributes[low] {
			return name + ":" + r.free(value, freeText)
		}
	}
	return name + ":" + r.known(value)
}

// plainAttributes hold words and figures of the protocol, and addresses.
var plainAttributes = func() map[string]bool {
	all := map[string]bool{}
	for _, name := range strings.Fields(`
		ptime maxptime minptime fmtp rtcp candidate remote-candidates rtcp-fb rtcp-mux rtcp-xr rtcp-rsize extmap
		extmap-allow-mixed setup connection group silencesupp ecan gpmd tcap pcfg acfg csup creq framerate
		framesize imageattr charset sdplang lang quality direction floorctrl content curr des conf nortpproxy
		sqn cdsc cpar pmft ice-options maxprate mptime rtcp-mux-only bundle-only sendonly recvonly sendrecv
		inactive ts-refclk mediaclk sctp-port sctpmap max-message-size t38faxversion t38maxbitrate
		t38faxratemanagement t38faxmaxbuffer t38faxmaxdatagram t38faxudpec t38faxfillbitremoval
		t38faxtranscodingmmr t38faxtranscodingjbig`) {
		all[name] = true
	}
	return all
}()

// hiddenKeys blanks further keys of the same line (RFC 4568 9.1).
func hiddenKeys(s string) string {
	low := strings.ToLower(s)
	i := strings.Index(low, "inline:")
	if i < 0 {
		return s
	}
	return s[:i+len("inline:")] + hidden(s[i+len("inline:"):])
}

func (r *Redactor) known(s string) string { return r.free(s, known) }
