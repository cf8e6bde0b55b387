package diagnosis

import "strconv"

// Q850 is what the program knows about one cause value of ITU-T Q.850, as a Reason
// header carries it (RFC 3326): the telephone network's own words for why a call ended.
type Q850 struct {
	Number  int
	Name    string // the usual English name
	Meaning string // in plain words
	Where   Where
	User    string
	Admin   string

	// Fallback is set by LookupQ850 on a row that stands for a whole class.
	Fallback bool
}

// Texts that several rows share: the person can do no more about them.
const (
	q850Wait    = "Try again later; if it stays, tell your provider the number and the time."
	q850Number  = "Check the number, with area and country code."
	q850Report  = "Tell your provider the number and the time; it has to be mended in the network."
	q850Barred  = "Ask your provider or administrator to allow this kind of call."
	q850Gateway = "A protocol fault between exchanges or in the gateway: trace the ISDN or ISUP side at that time."
)

// q850Table is in rising order. 52 and 54 are private to two common telephone servers.
var q850Table = []Q850{
	{1, "Unallocated number", "The number is not assigned to anybody.", OtherSide, q850Number, "Check dial plan and number format.", false},
	{2, "No route to transit network", "The network that should carry the call cannot be reached.", Provider, q850Wait, "Check the route and the carrier selection.", false},
	{3, "No route to destination", "There is no way to this number.", Provider, "Check the number and its prefix; try it with country code.", "Check the routing for this prefix.", false},
	{4, "Send special information tone", "The number is invalid; an announcement says why.", OtherSide, "Listen to the announcement, then check the number.", "Check the number; let early media through so that the announcement is heard.", false},
	{5, "Misdialled trunk prefix", "The digits in front of the number are wrong.", Account, "Leave out the prefix, or dial with country code.", "Check the access prefix in the dial plan.", false},
	{6, "Channel unacceptable", "The exchange could not use the line it was given.", Provider, q850Wait, "A circuit fault on the gateway: compare the channel numbering of both ends.", false},
	{7, "Call awarded in established channel", "A note between exchanges; it says nothing about your phone.", Provider, q850Wait, q850Gateway, false},
	{8, "Preemption", "The call was cleared to make room for one with priority.", Provider, "Try again later.", "A priority call took the circuit.", false},
	{9, "Preemption, circuit reserved", "The call was cleared, and the line is kept for a call with priority.", Provider, "Try again later.", "A priority call took the circuit and keeps it.", false},
	{14, "Number ported (query on release)", "The number has moved to another network operator.", OtherNetwork, q850Wait, "The provider has to look the number up in the portability database.", false},
	{16, "Normal call clearing", "The call ended in the normal way: somebody hung up.", Nowhere, "Nothing to do.", "Normal. With a call that never rang, look at who sent the release.", false},
	{17, "User busy", "The other phone is busy.", OtherSide, "Call again later.", "Normal; enable call waiting if wanted.", false},
	{18, "No user responding", "The other phone does not react at all.", OtherSide, "Try again later, or reach the person another way.", "The device did not answer the network: check its registration or line.", false},
	{19, "No answer from user (alerted)", "The other phone rang, but nobody picked up.", OtherSide, "Call again later.", "Normal; set up voicemail or a longer ring time if wanted.", false},
	{20, "Subscriber absent", "The other phone is switched off or has no coverage.", OtherSide, "Call again later.", "Normal: the device is not registered with its network.", false},
	{21, "Call rejected", "The call was rejected, by the person, the phone or the network.", OtherSide, "Try later or another way; at once on every number, ask your provider.", "By a user: declined. By the network: permission, credit or screening; look at the location value.", false},
	{22, "Number changed", "The person has another number now.", OtherSide, "Find the new number.", "Update the address book; the diagnostic may hold the new number.", false},
	{23, "Redirection to new destination", "The call is sent on to another number.", OtherSide, "Dial the new number if the call does not follow by itself.", "Allow the redirect to be followed.", false},
	{24, "Call rejected by feature (anonymous)", "The person takes no calls from hidden numbers.", OtherSide, "Show your number and call again.", "Anonymous call rejection: remove the privacy setting.", false},
	{25, "Exchange routing error", "The call went in a circle or was sent the wrong way.", Provider, q850Report, "A routing loop or hop limit: check the routes and forwards.", false},
	{26, "Non-selected user clearing", "Another phone took the call, or the number was sent to the wrong network.", OtherSide, "Nothing to do if another phone was answered; otherwise check the number.", "Answered elsewhere, or a misrouted ported number.", false},
	{27, "Destination out of order", "The line of the person you call has a fault.", OtherNetwork, "Try again later, or reach the person another way.", "The far interface is down: check it if it is yours.", false},
	{28, "Invalid number format / address incomplete", "The number is incomplete or not in the form that the network wants.", Account, "Dial the full number, with country code (+...).", "Fix the dial plan: E.164, type of number, prefixes.", false},
	{29, "Facility rejected", "A service that the call asks for is refused.", Provider, "Try without the extra service, for example without a hidden number.", "A supplementary service was refused; find which.", false},
	{30, "Response to STATUS ENQUIRY", "A note between exchanges; it says nothing about your phone.", Provider, q850Wait, q850Gateway, false},
	{31, "Normal, unspecified", "The call ended, and the network gives no reason.", OtherSide, "Try again later.", "The default of many gateways; look at what happened just before.", false},
	{34, "No circuit/channel available", "All lines are in use.", Provider, "Try again in a few minutes.", "All channels are busy: count them, and add some if it happens often.", false},
	{38, "Network out of order", "The network has a fault.", Provider, q850Wait, "Longer-lasting: use another route.", false},
	{41, "Temporary failure", "The network has a short fault.", Provider, "Try again in a moment.", "Retry; look at the gateway if it repeats.", false},
	{42, "Switching equipment congestion", "The exchange has too much to do.", Provider, "Try again in a few minutes.", "Congestion: spread the load, or use another route.", false},
	{43, "Access information discarded", "A part of the call's data was lost on the way.", Provider, q850Wait, "Information elements were dropped: compare both sides of the gateway.", false},
	{44, "Requested circuit not available", "The line that was asked for is in use.", Provider, "Try again in a moment.", "Both ends chose the same channel: set opposite hunting orders.", false},
	{46, "Precedence call blocked", "Calls with more priority leave no room.", Provider, "Try again later.", "Precedence rules blocked the call.", false},
	{47, "Resource unavailable", "The network lacks something it needs for the call.", Provider, "Try again in a few minutes.", "Often a media gateway without free ports, or a codec it cannot convert.", false},
	{49, "QoS not available", "The quality asked for cannot be given.", Provider, q850Wait, "Remove the quality requirement, or use another route.", false},
	{50, "Requested facility not subscribed", "The account does not include the service that the call asks for.", Account, "Ask your provider to add it.", "Check which services the line has; also used for media that are refused.", false},
	{52, "Outgoing call barred", "This line may not make this call.", Provider, q850Barred, "A private number of two telephone servers: check class of service and permissions.", false},
	{53, "Outgoing calls barred within CUG", "This line may call only inside its closed group.", Provider, q850Barred, "Closed user group: allow outgoing access.", false},
	{54, "Incoming call barred", "The person's line may not take this call.", OtherSide, "Reach the person another way.", "A private number of two telephone servers: check the callee's permissions.", false},
	{55, "Incoming calls barred within CUG", "The person's line takes calls only from its closed group.", OtherSide, "Reach the person another way.", "Closed user group: allow incoming access.", false},
	{57, "Bearer capability not authorised", "The account may not make this kind of call.", Provider, q850Barred, "Check permission and credit for this destination and kind of call.", false},
	{58, "Bearer capability not presently available", "This kind of call cannot be carried now.", Provider, "Try again in a few minutes.", "One telephone server means a codec mismatch with it: compare codecs.", false},
	{62, "Inconsistency in access info", "The data of the call contradict each other.", Provider, q850Report, q850Gateway, false},
	{63, "Service/option not available", "The service is not available.", Provider, q850Wait, "Find the service that the call asks for; may also be a codec.", false},
	{65, "Bearer capability not implemented", "The other network does not know this kind of call or sound.", Provider, "Ask your administrator to switch on the sound formats PCMU and PCMA.", "Codec or bearer: offer G.711 and plain audio.", false},
	{66, "Channel type not implemented", "The exchange does not know this kind of line.", Provider, q850Report, q850Gateway, false},
	{69, "Requested facility not implemented", "The network does not know a service that the call asks for.", Provider, "Try without the extra service.", "Find the supplementary service and switch it off.", false},
	{70, "Only restricted digital available", "Only a data line is free, which carries no speech.", Provider, q850Wait, "Bearer mismatch: ask for speech or 3.1 kHz audio.", false},
	{79, "Service not implemented", "The network does not know the service that the call asks for.", Provider, "Try without the extra service.", "Find the service that the call asks for.", false},
	{81, "Invalid call reference", "Two exchanges disagree about which call they speak of.", Provider, q850Report, q850Gateway, false},
	{82, "Identified channel does not exist", "Two exchanges disagree about their lines.", Provider, q850Report, "Compare the channel configuration of both ends.", false},
	{87, "User not member of CUG", "You or the other person are not in the closed group that the call needs.", Provider, q850Barred, "Closed user group: add the line or remove the restriction.", false},
	{88, "Incompatible destination", "The other phone cannot take this kind of call.", OtherSide, "Ask your administrator to switch on the sound formats PCMU and PCMA.", "Codec, fax or video mismatch: offer plain G.711 audio.", false},
	{90, "Non-existent CUG", "The closed group does not exist.", Provider, q850Barred, "Wrong closed user group number.", false},
	{91, "Invalid transit network selection", "The carrier code in front of the number is wrong.", Account, "Leave out the carrier code.", "Check the carrier selection code.", false},
	{95, "Invalid message", "The exchanges did not understand each other.", Provider, q850Report, q850Gateway, false},
	{96, "Mandatory IE missing", "A required part of a message between exchanges is missing.", Provider, q850Report, q850Gateway, false},
	{97, "Message type not implemented", "An exchange got a message it does not know.", Provider, q850Report, q850Gateway, false},
	{98, "Message not compatible with state", "An exchange got a message at the wrong moment.", Provider, q850Report, q850Gateway, false},
	{99, "IE/parameter not implemented", "An exchange got a detail it does not know.", Provider, q850Report, q850Gateway, false},
	{100, "Invalid IE contents", "An exchange got a detail with a wrong value.", Provider, q850Report, "Often a number with a wrong type or plan: check the number formats.", false},
	{101, "Message not compatible with call state", "An exchange got a message at the wrong moment.", Provider, q850Report, q850Gateway, false},
	{102, "Recovery on timer expiry", "An exchange waited for an answer and gave up.", OtherNetwork, "Try again later; try another number to compare.", "The next network does not answer: check its reachability.", false},
	{103, "Parameter not implemented, passed on", "An exchange passed on a detail it does not know.", Provider, q850Report, q850Gateway, false},
	{110, "Message with unrecognised parameter", "An exchange threw a message away because of a detail it does not know.", Provider, q850Report, q850Gateway, false},
	{111, "Protocol error, unspecified", "The exchanges did not understand each other.", Provider, q850Wait, q850Gateway, false},
	{127, "Interworking, unspecified", "Something failed in another network, which gives no reason.", OtherNetwork, q850Wait, "The call passed into a network that reports no causes: ask the next carrier.", false},
}

// q850Classes stand in for unlisted values by the upper three bits of the value (ITU-T
// Q.850): a receiver treats an unknown value as the unspecified one of its class.
var q850Classes = [8]Q850{
	{0, "Normal event", "A normal ending, or something about the number you called.", OtherSide, "Check the number and try again later.", "Class 0 (1 to 15): read it as 31, normal, unspecified.", true},
	{0, "Normal event", "A normal ending of a call; nothing is broken.", OtherSide, "Try again later.", "Class 1 (16 to 31): read it as 31, normal, unspecified.", true},
	{0, "Resource unavailable", "The network lacks something it needs for the call, such as a free line.", Provider, "Try again in a few minutes.", "Class 2 (32 to 47): read it as 47, resource unavailable.", true},
	{0, "Service or option not available", "The account or the line may not use this service now.", Provider, q850Barred, "Class 3 (48 to 63): read it as 63, service or option not available.", true},
	{0, "Service or option not implemented", "The network does not know this service.", Provider, "Try without extra services.", "Class 4 (64 to 79): read it as 79, service or option not implemented.", true},
	{0, "Invalid message", "The exchanges disagree about the call.", Provider, q850Report, "Class 5 (80 to 95): read it as 95, invalid message.", true},
	{0, "Protocol error", "The exchanges did not understand each other.", Provider, q850Report, "Class 6 (96 to 111): read it as 111, protocol error.", true},
	{0, "Interworking", "Something failed in another network, which gives no reason.", OtherNetwork, q850Wait, "Class 7 (112 to 127): read it as 127, interworking, unspecified.", true},
}

var q850Index = func() map[int]Q850 {
	m := make(map[int]Q850, len(q850Table))
	for _, q := range q850Table {
		m[q.Number] = q
	}
	return m
}()

// LookupQ850 gives the row of a cause value. An unlisted value from 1 to 127 is read
// as the unspecified one of its class: the row then says so, and known is false.
// Outside 1-127 the row is empty but for its number.
func LookupQ850(n int) (q Q850, known bool) {
	if q, ok := q850Index[n]; ok {
		return q, true
	}
	if n < 1 || n > 127 {
		return Q850{Number: n}, false
	}
	q = q850Classes[n>>4]
	q.Number = n
	q.Name += ", unlisted value " + strconv.Itoa(n)
	return q, false
}

// Q850Causes gives every listed cause value in rising order.
func Q850Causes() []Q850 { return append([]Q850(nil), q850Table...) }
