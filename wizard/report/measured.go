package report

import (
	"fmt"
	"strings"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// question is what a measurement asks, in the order in which people read them, and
// what a yes and a no say.
type question struct{ key, asks, yes, no string }

var questions = []question{
	{capture.ProbeInterfaces, "network connections", "one", "several, or a VPN"},
	{capture.ProbeGateway, "router", "answers", "does not answer"},
	{capture.ProbeInternet, "internet", "answers", "does not answer"},
	{capture.ProbeCaptivePortal, "log-in page of this network", "in the way", "none"},
	{capture.ProbeServerPath, "way to the server's machine", "open", "ends before it"},
	{capture.ProbeDNS, "name of the server", "found", "not found, or slowly"},
	{capture.ProbeDNSAgree, "name servers", "agree", "differ"},
	{capture.ProbeDNSTargets, "machines behind the name", "all answer", "some do not answer"},
	{capture.ProbeUDP, "UDP", "answered", "not answered"},
	{capture.ProbeUDPPort, "UDP from another port", "answered", "not answered"},
	{capture.ProbeTCP, "TCP", "answered", "not answered"},
	{capture.ProbeTLS, "TLS", "answered", "not answered"},
	{capture.ProbeCertificate, "certificate of the server", "accepted", "not accepted"},
	{capture.ProbeTLSVersions, "encryption of today", "taken", "not taken"},
	{capture.ProbeClock, "clocks here and there", "agree", "differ"},
	{capture.ProbeSizeUDP, "long messages over UDP", "arrive", "are lost"},
	{capture.ProbeSizeTCP, "long messages over TCP", "arrive", "are lost"},
	{capture.ProbeFragments, "messages in pieces", "arrive", "are lost"},
	{capture.ProbeNAT, "address seen from outside", "this computer's own", "another one (NAT)"},
	{capture.ProbeNATMapping, "one outside address for all partners", "yes", "no"},
	{capture.ProbeNATFiltering, "strangers let in", "yes", "no"},
	{capture.ProbeNATMedia, "sound's address seen from outside", "like the others", "differs"},
	{capture.ProbeNATStable, "outside address", "stays the same", "changes"},
	{capture.ProbeWANAddress, "routers in a row", "one", "more than one"},
	{capture.ProbeHairpin, "calls that turn round in the router", "possible", "not possible"},
	{capture.ProbeNATLifetime, "router's memory", "long enough", "too short"},
	{capture.ProbeALGEcho, "what the server echoes", "as it was sent, which proves nothing: helpers change it back", "changed"},
	{capture.ProbeALGPorts, "usual port and another one", "treated alike", "treated differently"},
	{capture.ProbeALGMirror, "what a mirror received", "as it was sent", "changed on the way"},
	{capture.ProbeMirrorOut, "test sound to the mirror", "arrives", "does not arrive"},
	{capture.ProbeMirrorIn, "test sound from the mirror", "arrives", "does not arrive"},
	{capture.SoundMicrophone, "microphone", "works", "cannot be used"},
	{capture.SoundSpeaker, "speaker", "works", "cannot be used"},
	{capture.SoundMicLevel, "voice from the microphone", "loud enough", "missing or too quiet"},
	{capture.SoundTone, "test tone", "heard", "not heard"},
	{capture.SoundReturn, "our own sound from the echo service", "comes back", "does not come back"},
	{capture.SoundEcho, "our own sound unasked", "comes back", "does not come back"},
	{capture.SoundSpoken, "digits that the test phone said", "heard there", "not heard there"},
	{capture.SoundSaid, "digits that the other side said", "heard here", "not heard here"},
	{capture.SoundLoop, "our speaker in our microphone", "heard", "not heard"},
	{capture.SoundClock, "the sound device's clock", "keeps time", "is off"},
	{capture.SoundClicks, "a sound device that could not keep up", "clicked", "none"},
	{capture.ProbeLoadDelay, "delay while the line is in use", "grows", "stays"},
}

// Measured is one line of what was measured beside the calls.
type Measured struct {
	N       int    // of the record that holds it
	Asks    string // what was measured
	Answer  string // what was found, or "not checked"
	Detail  string // figures, or why it was not checked
	Checked bool
}

// Measurements lists what was measured about the network, in reading order, each by
// its latest word.
func Measurements(e *evidence.Evidence) []Measured {
	latest := map[string]evidence.Probe{}
	for _, p := range e.Probes {
		latest[p.Name] = p
	}
	var list []Measured
	for _, q := range questions {
		p, ok := latest[q.key]
		if !ok {
			continue
		}
		m := Measured{N: p.N, Asks: q.asks, Detail: p.Detail, Answer: "not checked", Checked: true}
		switch p.Result {
		case "yes":
			m.Answer = q.yes
		case "no":
			m.Answer = q.no
		default:
			m.Checked = false
		}
		list = append(list, m)
	}
	return list
}

// measured writes what was measured about the network, figures only in full.
func (p *printer) measured(r *Report) {
	list := Measurements(r.Evidence)
	if len(list) == 0 {
		return
	}
	p.line("\n%s", p.in.marked("page.measured"))
	unknown := 0
	for _, m := range list {
		switch {
		case !m.Checked && p.brief:
			unknown++
		case p.brief && r.Situation != Network:
			p.para("  ", m.Asks+": "+m.Answer)
		default:
			p.para("  ", strings.TrimSuffix(m.Asks+": "+m.Answer+" ("+m.Detail+")", " ()"))
		}
	}
	if unknown > 0 {
		p.para("  ", fmt.Sprint(unknown)+" not checked (--details lists them)")
	}
}
