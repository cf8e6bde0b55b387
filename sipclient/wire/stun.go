package wire

import (
	"encoding/binary"
	"net/netip"

	"github.com/pion/stun/v3"
)

// STUNPort is where STUN servers listen when nobody says otherwise (RFC 8489 8.6).
const STUNPort = 3478

// STUNID tells a STUN request and its answer from all others (RFC 8489 5).
type STUNID = [stun.TransactionIDSize]byte

// STUNRequest is a Binding request: under which address do you see me? (RFC 8489 2)
type STUNRequest struct {
	ID STUNID
	// ChangeIP and ChangePort ask for the answer from another address and from another
	// port of the server (RFC 5780 7.2).
	ChangeIP, ChangePort bool
	// ResponsePort asks for the answer to another port of ours than the one that asks,
	// 0: to the one that asks (RFC 5780 7.5).
	ResponsePort uint16
}

// NewSTUNRequest is a plain request under a new random ID.
func NewSTUNRequest() STUNRequest { return STUNRequest{ID: stun.NewTransactionID()} }

// Bytes is the request as it is sent.
func (r STUNRequest) Bytes() []byte {
	m := stun.New()
	m.TransactionID = r.ID
	m.Type = stun.BindingRequest
	m.WriteHeader()
	if r.ChangeIP || r.ChangePort {
		const changeIP, changePort = 4, 2
		var flags byte
		if r.ChangeIP {
			flags |= changeIP
		}
		if r.ChangePort {
			flags |= changePort
		}
		m.Add(stun.AttrChangeRequest, []byte{0, 0, 0, flags})
	}
	if r.ResponsePort != 0 {
		m.Add(stun.AttrResponsePort, binary.BigEndian.AppendUint16(nil, r.ResponsePort))
	}
	return m.Raw
}

// STUNAnswer is what came back to a Binding request. Addresses that the server did not
// name, or named wrongly, are invalid.
type STUNAnswer struct {
	ID      STUNID
	Request bool           // no answer: somebody asks us
	Code    int            // of a refusal, 0 for none, 420 for one without a code
	Mapped  netip.AddrPort // where the server saw the request come from
	Other   netip.AddrPort // a second address of the server, another in address and port (RFC 5780 7.4)
}

// IsSTUN tells STUN from whatever else crosses a socket (RFC 7983 7).
func IsSTUN(data []byte) bool { return len(data) > 0 && data[0] < 4 && stun.IsMessage(data) }

// ReadSTUN reads a Binding request or an answer to one; ok is false for anything else.
func ReadSTUN(data []byte) (a STUNAnswer, ok bool) {
	m := stun.New()
	if !IsSTUN(data) || stun.Decode(data, m) != nil || m.Type.Method != stun.MethodBinding {
		return a, false
	}
	a.ID = m.TransactionID
	switch m.Type.Class {
	case stun.ClassRequest:
		a.Request = true
	case stun.ClassErrorResponse:
		var code stun.ErrorCodeAttribute
		a.Code = int(stun.CodeUnknownAttribute)
		if code.GetFrom(m) == nil && code.Code > 0 {
			a.Code = int(code.Code)
		}
	case stun.ClassSuccessResponse:
		var x stun.XORMappedAddress
		if whole(m, stun.AttrXORMappedAddress) && x.GetFrom(m) == nil {
			a.Mapped = endpoint(x.IP, x.Port)
		} else {
			a.Mapped = address(m, stun.AttrMappedAddress) // of servers of RFC 3489
		}
		if a.Other = address(m, stun.AttrOtherAddress); !a.Other.IsValid() {
			a.Other = address(m, stun.AttrChangedAddress) // likewise
		}
	default:
		return a, false
	}
	return a, true
}

// address reads an attribute of the form of MAPPED-ADDRESS.
func address(m *stun.Message, kind stun.AttrType) netip.AddrPort {
	var a stun.MappedAddress
	if !whole(m, kind) || a.GetFromAs(m, kind) != nil {
		return netip.AddrPort{}
	}
	return endpoint(a.IP, a.Port)
}

// whole tells whether an attribute holds all of an address: pion fills what is missing
// with zeroes.
func whole(m *stun.Message, kind stun.AttrType) bool {
	const v4, v6 = 1, 2 // RFC 8489 14.1
	value, err := m.Get(kind)
	return err == nil && (len(value) == 8 && value[1] == v4 || len(value) == 20 && value[1] == v6)
}

// endpoint leaves out what nobody can send to.
func endpoint(ip []byte, port int) netip.AddrPort {
	addr, ok := netip.AddrFromSlice(ip)
	if addr = addr.Unmap(); !ok || addr.IsUnspecified() || addr.IsMulticast() || port <= 0 || port > 65535 {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(addr, uint16(port))
}
