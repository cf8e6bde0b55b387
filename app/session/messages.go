package session

import (
	"bytes"
	"slices"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
)

// Messages gives every SIP message of records as a packet of its own, what proves a
// password blanked: those of UDP as they crossed, repeats included, those of connections
// put together.
func Messages(records []capture.Record) []capture.Packet {
	var file bytes.Buffer
	if _, err := capture.Write(&file, slices.Values(records)); err != nil {
		return nil
	}
	type way struct{ src, dst string }
	framers := map[way]*sipmsg.Framer{}
	var list []capture.Packet
	for r, err := range capture.Read(&file) {
		if err != nil {
			break
		}
		p := r.Packet
		switch {
		case p == nil || p.Net == capture.ICMP:
		case p.Net == capture.UDP:
			if _, err := sipmsg.Parse(p.Data); err == nil && bytes.Contains(p.Data[:min(len(p.Data), 1000)], []byte("SIP/2.0")) {
				list = append(list, *p)
			}
		default:
			w := way{p.Src.String(), p.Dst.String()}
			if framers[w] == nil {
				framers[w] = &sipmsg.Framer{}
			}
			_, _ = framers[w].Write(p.Data) // never fails
			for data, ok := framers[w].Next(); ok; data, ok = framers[w].Next() {
				one := *p
				one.Data = data
				list = append(list, one)
			}
		}
	}
	return list
}
