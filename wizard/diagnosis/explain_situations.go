package diagnosis

import (
	"fmt"
	"strings"
)

// situation is something that people complain about.
type situation struct {
	id, title string
	wordings  []string // how people and guides say it, in lower case, letters only
	what      string
	why       string
	first     string
}

var situations = []situation{
	{
		id: inNoRingback, title: "You call, hear no ringing, and nobody answers",
		wordings: []string{"no ringback tone call is not received", "no ringback tone", "no ringback", "no ringing", "no ringing tone", "call not received", "call is not received"},
		what:     "You dial, and there is silence instead of a ringing tone; often the other phone does not ring either. Two things can be wrong: the call never gets there, or it does and only the tone is missing.",
		why:      "The call is refused at once (wrong number or form of the number, no credit, caller number not allowed), the provider takes it and finds no way on, a firewall or a too long message swallows it, or the tone that the network should send does not arrive or is not played.",
		first:    "Look whether the other phone rings. If it does, only the tone is missing: check the speaker. If not, try another number, then look at the code that came back.",
	},
	{
		id: inAnswer, title: "A call comes in but cannot be answered",
		wordings: []string{"incoming call received but cannot be answered", "incoming call cannot be answered", "cannot be answered", "cannot answer", "cannot answer call"},
		what:     "The phone rings, you press answer, and there is no connection: it keeps ringing for the caller, or the call breaks off after half a minute.",
		why:      "The other side never learns that you answered, because the phone gives an address that cannot be reached or the router changes the messages; the two sides have no sound format or encryption in common; another phone was faster; the caller hung up; or the microphone cannot be opened.",
		first:    "Check that no other program uses the microphone. Then have somebody call again while the check runs, and answer.",
	},
	{
		id: inNoIncoming, title: "No calls come in",
		wordings: []string{"no incoming calls", "no incoming call", "no inbound calls", "incoming calls do not arrive"},
		what:     "The phone is signed in and can call out, but nobody can reach it.",
		why:      "The router forgets the phone after a while of silence, the provider does not send the number to this account, calls are forwarded or on do-not-disturb, another phone has taken the place of this one, or your usual phone program refuses them.",
		first:    "Call your own number from a mobile phone right after signing in, and again five minutes later. If only the first comes in, the router forgets the phone.",
	},
	{
		id: inOneWay, title: "Only one side hears the other, or nobody hears anything",
		wordings: []string{"one-way audio during calls no sound", "one-way audio during calls", "one-way audio", "one way audio", "no sound", "no audio", "one way sound"},
		what:     "The call is connected, but one of the two hears nothing.",
		why:      "Sound travels on its own way, apart from the call itself. Mostly a router or firewall blocks it in one direction, or a phone asks for it at a private address; else the microphone is muted or not allowed, or the wrong speaker is chosen.",
		first:    "Find out who hears whom. Call an echo number: if you hear yourself, your microphone, speaker and network are fine, and the trouble is at the other side.",
	},
	{
		id: inQuality, title: "The sound is bad: distorted, choppy, with echo or delay",
		wordings: []string{"call quality issues distortion echo delay", "call quality issues", "call quality", "bad quality", "bad sound", "sound quality", "choppy", "choppy audio", "robotic"},
		what:     "The call works, but words are missing, voices sound like robots, you hear yourself, or both talk over each other.",
		why:      "Missing words: packets get lost or arrive unevenly, mostly in Wi-Fi or when the line is full. Echo: a speaker sounds into a microphone at the side that does not hear it. Delay: a long way, a VPN or Bluetooth. Distortion: a microphone that is too loud, or sound formats that do not fit.",
		first:    "Use a headset and a network cable, stop uploads, and call again. What changes tells where it comes from.",
	},
	{
		id: inDrops, title: "Calls break off",
		wordings: []string{"call drops", "calls drop", "call drop", "calls break off", "dropped calls"},
		what:     "The call works and is cut after a while, often always after the same time.",
		why:      "After half a minute: the answer was never confirmed. After one or two minutes: a firewall forgets the sound, or the provider hears nothing. After 15, 30 or 60 minutes: the regular confirmation of the call fails.",
		first:    "Note after how long it breaks off, several times: the time tells the reason.",
	},
	{
		id: inRegistration, title: "The phone cannot sign in",
		wordings: []string{"cannot sign in", "registration fails", "registration failed", "not registered", "cannot register"},
		what:     "The phone does not connect to the provider, so no calls are possible.",
		why:      "User name, login name, password or domain is wrong; the server name is misspelt; a firewall blocks the way; the account is blocked; or the server ignores this address for a while after wrong passwords.",
		first:    "Check that web pages open. Then enter the account again exactly as the provider gave it; the password of its web page is often another one.",
	},
	{
		id: inDTMF, title: "Keys pressed during a call have no effect",
		wordings: []string{"dtmf fails", "keys do not work", "key tones do not work", "dtmf does not work"},
		what:     "A voice menu or a PIN prompt does not react to the keys.",
		why:      "The two sides send key presses in different ways, or did not agree on any.",
		first:    "Set the sending of key tones to RFC 4733 (also called RFC 2833) in the phone and call again.",
	},
}

// lookupSituation finds a situation by its id or by the words that people use.
func lookupSituation(asked string) (situation, bool) {
	words := strings.NewReplacer("recived", "received", ",", " ", "(", " ", ")", " ", "/", " ", ".", " ").Replace(asked)
	words = strings.Join(strings.Fields(words), " ")
	for _, s := range situations {
		if s.id == asked {
			return s, true
		}
		for _, w := range s.wordings {
			if w == words {
				return s, true
			}
		}
	}
	return situation{}, false
}

func explainSituation(s situation) Explanation {
	e := Explanation{Title: s.title}
	e.add("What it is", s.what)
	e.add("What usually causes it", s.why)
	e.add("Try this first", s.first)
	e.add("The check to run", fmt.Sprintf("softphone-doctor check %s --account FILE --to NUMBER", s.id))
	var b strings.Builder
	for _, c := range Causes() {
		for _, in := range c.Situations {
			if in == s.id {
				fmt.Fprintf(&b, "%s: %s\n", c.ID, c.Title)
			}
		}
	}
	e.add("What the check can find", strings.TrimSuffix(b.String(), "\n"))
	return e
}

// situationTitles says ids of situations in words.
func situationTitles(ids []string) string {
	var titles []string
	for _, id := range ids {
		if id == inAll {
			return "Every situation."
		}
		for _, s := range situations {
			if s.id == id {
				titles = append(titles, s.title+" ("+id+").")
			}
		}
	}
	return strings.Join(titles, "\n")
}
