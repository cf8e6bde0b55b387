package wire

import (
	"encoding/hex"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/pion/stun/v3"
)

// TestReadSTUNVectors reads the sample responses of RFC 5769 2.2 and 2.3.
func TestReadSTUNVectors(t *testing.T) {
	for want, sample := range map[string]string{
		"192.0.2.1:32853": `0101003c 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200008
			0001a147 e112a643 00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7 80280004 c07d4c96`,
		"[2001:db8:1234:5678:11:2233:4455:6677]:32853": `01010048 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200014
			0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9 00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41 80280004 c8fb0b4c`,
	} {
		raw, err := hex.DecodeString(strings.Join(strings.Fields(sample), ""))
		if err != nil {
			t.Fatal(err)
		}
		a, ok := ReadSTUN(raw)
		if !ok || a.Mapped.String() != want || a.Request || a.Code != 0 || a.Other.IsValid() {
			t.Errorf("%v, %+v; want %s", ok, a, want)
		}
	}
}

// TestSTUNRequest: what is asked for stands in the request, and it is read as one.
func TestSTUNRequest(t *testing.T) {
	r := NewSTUNRequest()
	r.ChangePort, r.ResponsePort = true, 4321
	raw := r.Bytes()
	want := "00010010" + "2112a442" + hex.EncodeToString(r.ID[:]) + "0003000400000002" + "0027000210e10000"
	if got := hex.EncodeToString(raw); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	a, ok := ReadSTUN(raw)
	if !ok || !a.Request || a.ID != r.ID {
		t.Errorf("%v, %+v", ok, a)
	}
	if other := NewSTUNRequest(); other.ID == r.ID {
		t.Error("two requests have the same ID")
	}
}

// TestReadSTUNOdd: refusals, servers of RFC 3489, and addresses that are none.
func TestReadSTUNOdd(t *testing.T) {
	answer := func(class stun.MessageClass, add ...stun.Setter) STUNAnswer {
		m, err := stun.Build(append([]stun.Setter{stun.TransactionID, stun.NewType(stun.MethodBinding, class)}, add...)...)
		if err != nil {
			t.Fatal(err)
		}
		a, ok := ReadSTUN(m.Raw)
		if !ok || a.ID != m.TransactionID {
			t.Errorf("not read: %+v", a)
		}
		return a
	}
	ip := net.IPv4(192, 0, 2, 9)
	if a := answer(stun.ClassErrorResponse, stun.ErrorCodeAttribute{Code: 401}); a.Code != 401 {
		t.Errorf("%+v", a)
	}
	if a := answer(stun.ClassErrorResponse); a.Code != 420 {
		t.Errorf("%+v", a)
	}
	old := answer(stun.ClassSuccessResponse, &stun.MappedAddress{IP: ip, Port: 9}, as{stun.AttrChangedAddress, stun.MappedAddress{IP: ip, Port: 8}})
	if old.Mapped.String() != "192.0.2.9:9" || old.Other.String() != "192.0.2.9:8" {
		t.Errorf("%+v", old)
	}
	for _, odd := range []stun.Setter{
		&stun.XORMappedAddress{IP: net.IPv4zero, Port: 9}, &stun.XORMappedAddress{IP: ip, Port: 0}, &stun.XORMappedAddress{IP: net.IPv4(224, 0, 0, 1), Port: 9},
		stun.RawAttribute{Type: stun.AttrXORMappedAddress, Value: []byte{0, 1, 2, 3, 4}}, stun.RawAttribute{Type: stun.AttrXORMappedAddress, Value: make([]byte, 8)},
	} {
		if a := answer(stun.ClassSuccessResponse, odd); a.Mapped != (netip.AddrPort{}) {
			t.Errorf("%v is read as %s", odd, a.Mapped)
		}
	}
}

type as struct {
	kind stun.AttrType
	stun.MappedAddress
}

func (a as) AddTo(m *stun.Message) error { return a.AddToAs(m, a.kind) }

// FuzzReadSTUN: whatever comes, nothing breaks, and an address that is given is one.
func FuzzReadSTUN(f *testing.F) {
	f.Add(NewSTUNRequest().Bytes())
	m := stun.MustBuild(stun.TransactionID, stun.BindingSuccess, &stun.XORMappedAddress{IP: net.IPv4(1, 2, 3, 4), Port: 5}, &stun.OtherAddress{IP: net.ParseIP("2001:db8::1"), Port: 7})
	f.Add(m.Raw)
	f.Add(stun.MustBuild(stun.TransactionID, stun.BindingError, stun.CodeUnknownAttribute).Raw)
	f.Fuzz(func(t *testing.T, data []byte) {
		a, ok := ReadSTUN(data)
		for _, at := range []netip.AddrPort{a.Mapped, a.Other} {
			if at.IsValid() && (!ok || at.Port() == 0 || at.Addr().IsUnspecified() || at.Addr().Is4In6()) {
				t.Errorf("%x is read as %s", data, at)
			}
		}
		if ok && !IsSTUN(data) {
			t.Error("read, and no STUN")
		}
	})
}
