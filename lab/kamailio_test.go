package lab

import "testing"

func TestKamailioStartsAndStops(t *testing.T) {
	k := Kamailio(t, KamailioOptions{})
	t.Log(k.Domain(), k.Log())
	k.Stop(t)
	if Answers(k.Addr) {
		t.Error("it still answers")
	}
}
