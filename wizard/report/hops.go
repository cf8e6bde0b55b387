package report

import (
	"fmt"
	"strings"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// Hop is a server on the way of our requests, as it showed itself when a request
// ended with it (483, RFC 3261 21.4.21) or was answered.
type Hop struct {
	Number int    `json:"number"` // 1 is the nearest
	Name   string `json:"name"`   // what it calls itself; its address where it says nothing
	Code   int    `json:"code"`   // its answer; 0: nobody answered at this distance
	N      int    `json:"n"`      // record of the answer, or of the question without one
}

// hops lists the servers that the experiment with growing reach found, nearest first.
func hops(e *evidence.Evidence) []Hop {
	list := []Hop{}
	for _, x := range e.Experiments {
		if x.Name != capture.ExperimentHops || len(x.Options) == 0 {
			continue
		}
		t := x.Options[len(x.Options)-1]
		h := Hop{Number: len(list) + 1, Name: "no answer", N: t.Request.N}
		if f := t.Final(); f != nil {
			h.Name, h.Code, h.N = serverName(f), f.Status, f.N
		}
		list = append(list, h)
	}
	return list
}

// serverName is what a server calls itself: its Server header, the agent of its
// Warning (RFC 3261 20.43), else where the answer came from.
func serverName(m *evidence.Message) string {
	if s := strings.TrimSpace(m.Get("Server")); s != "" {
		return s
	}
	for _, w := range m.Warnings() {
		if w.Agent != "" {
			return w.Agent
		}
	}
	return m.From.String()
}

// hopsText says the servers on the way in one line, "" without any.
func hopsText(e *evidence.Evidence) string {
	var words []string
	for _, h := range hops(e) {
		w := fmt.Sprintf("%d %s", h.Number, h.Name)
		if h.Code > 0 {
			w += fmt.Sprintf(" (%d)", h.Code)
		}
		words = append(words, w)
	}
	if len(words) == 0 {
		return ""
	}
	return "servers on the way: " + strings.Join(words, ", ")
}
