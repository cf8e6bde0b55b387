package session

import (
	"crypto/rand"
	"crypto/sha256"
	"strings"
	"sync"

	"softphonedoctor/sipclient"
)

// tries holds, for as long as the program runs, how often servers refused each
// password that was used: checks that a person repeats share it. A corrected
// password begins anew. The keys tell nobody the passwords: they are salted afresh in
// each run, and never leave memory.
var tries = struct {
	sync.Mutex
	salt [32]byte
	of   map[[32]byte]*sipclient.Tries
}{of: map[[32]byte]*sipclient.Tries{}}

// triesOf gives the count that belongs to an account's name and password.
func triesOf(a Account) *sipclient.Tries {
	tries.Lock()
	defer tries.Unlock()
	if tries.salt == [32]byte{} {
		_, _ = rand.Read(tries.salt[:]) // never fails (crypto/rand)
	}
	login := a.Login
	if login == "" {
		login = a.User
	}
	text := strings.Join([]string{string(tries.salt[:]), strings.ToLower(a.Domain), login, a.Password}, "\x00")
	key := sha256.Sum256([]byte(text))
	if tries.of[key] == nil {
		tries.of[key] = &sipclient.Tries{}
	}
	return tries.of[key]
}
