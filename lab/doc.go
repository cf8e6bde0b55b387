// Package lab starts real peers for tests: Kamailio as registrar and proxy,
// baresip as the second phone, SIPp for what no phone does on purpose, rtpengine
// as media relay, tcpdump and tshark as independent witnesses.
//
// A scripted peer is a Script: steps in Go, written out in SIPp's language. A row
// of a table is such a script, what our side does meanwhile, and what the tape must
// show. The peer fails its row when our phone said something else than the script
// expects, and then tells what crossed.
//
// Everything runs on loopback, on ports that this package chose, in the test's
// own temporary folder. A peer is ready when it answers, not after a pause, and
// is stopped with everything it started when the test ends. A missing program
// skips the test; with CI=true it fails it. When all tests are through, nothing
// that they started is left, or they fail.
//
// # Networks
//
// What NAT, firewalls and the internet do is made in a Network: namespaces of one test,
// with a client behind a router, a hop that stands for the internet, a server and a
// callee, each with its own loopback and ports, so that several may be up at a time.
// The same functions start peers there, on a Host. It needs root.
//
//	n := newNetwork(t, natSymmetric)              // every kind: natKinds
//	k := n.registrar(t, withNATHelp|withRelay)    // Kamailio, rtpengine: .10
//	n.phone(t, k, "bob", PhoneOptions{})          // baresip: .30
//	n.nameServer(t, "--host-record=...")          // the client asks it for every name
//	n.stun(t)                                     // coturn: .20 and .21
//	n.discover(t, stun)                           // what coturn's client says of the NAT
//	n.drop(t, sipUDP, bothWay)                    // the router's firewall; also n.firewall
//	n.fault(t, sound, inward, prohibited)         // likewise, in the internet
//	n.dropFragments(t); n.alg(t); n.udpTimeout(t, ...)
//	i := n.impair(t, impairment{Way: inward, Loss: 5, Seed: 1})
//	i.passages(t)                                 // the truth about every packet of RTP
//	n.exec(t, n.client, "ping", "-c1", serverAddr)
//	a := n.check(t, question{Account: n.account(k, "alice", "udp"), To: "bob"})
//	a.root().Cause                                // of the whole program's JSON
//
// A guard, which is this test program once more, outlives the tests and removes the
// namespaces and folders of a run that was interrupted, panicked or was killed.
// LAB_KEEP=DIR keeps what the checks saved.
//
// With -short one row of each family runs: a sign-in, a refusal, a silence, a
// healthy call, a faulty one, a call in, a busy phone, a scripted call each way, a
// scripted fault, a call through a relay, a hold, an encrypted call, a sign-in beside
// other phones, a killed run, a keep-alive, an edge proxy, and the peers' own tests.
//
// # What Kamailio does for whom
//
// User X has the password "pw-X" (Password). Every other user name registers and
// is called as usual; calls are relayed with Record-Route. Where an edge proxy leaves
// its Path (RFC 3327), calls go that way, and the 200 names it as Service-Route.
//
//	REGISTER of        gets
//	reg-401loop        401 with a new challenge, whatever is sent
//	reg-403            403, after the credentials were accepted
//	reg-403plain       403, without a challenge
//	reg-404            404, without a challenge
//	reg-423            423 with Min-Expires: 1800 for a shorter time, then 200
//	reg-503            503 with Retry-After: 7, without a challenge
//	reg-503plain       503 without Retry-After, without a challenge
//	reg-silent         nothing
//	reg-NNN            any other code NNN, without a challenge
//
//	INVITE to          gets (after 407 and credentials, if not said otherwise)
//	code-302           302 with Contact: <sip:moved@SERVER>
//	code-503           503 with Retry-After: 30
//	code-503plain      503 without Retry-After
//	code-NNN           any other code NNN from 300 to 699
//	ring-NNN           180, and a second later the code NNN
//	loop407            407 with a new challenge, whatever is sent
//	silent             nothing, not even a challenge
//	port-NNNNN         the call at this port of the same machine, registered or not
//	a registered user  the call
//	anybody else       480
package lab
