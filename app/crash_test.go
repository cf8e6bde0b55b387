package app

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"softphonedoctor/app/session"
)

// inCrash says to a test's own process where its crash is to be written.
const inCrash = "APP_TEST_CRASH"

// What a crash writes tells where in the program it was, and nothing of an account or of
// what crossed the wire; the part that crashes is TestCrashes.
func TestCrashTellsNoSecret(t *testing.T) {
	dir := t.TempDir()
	c := exec.Command(os.Args[0], "-test.run=^TestCrashes$")
	c.Env = append(os.Environ(), inCrash+"="+dir)
	out, err := c.CombinedOutput()
	if err == nil {
		t.Fatalf("it did not crash: %s", out)
	}
	list := crashes(dir)
	if len(list) != 1 {
		t.Fatalf("%v: %s", list, out)
	}
	b, err := os.ReadFile(list[0])
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, want := range []string{crashHead(), "panic: runtime error: index out of range", "app.crashWith"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing:\n%s", want, text)
		}
	}
	for _, secret := range []string{"s3cret", "4930123456", "secretcorp"} {
		if strings.Contains(text, secret) {
			t.Errorf("it tells %s:\n%s", secret, text)
		}
	}
}

// TestCrashes runs in the process of TestCrashTellsNoSecret only.
func TestCrashes(t *testing.T) {
	dir := os.Getenv(inCrash)
	if dir == "" {
		return // it is a part of TestCrashTellsNoSecret
	}
	watchCrash(dir)
	go crashWith(session.Account{User: "+4930123456", Domain: "pbx.secretcorp.example", Password: "s3cret-word"}, []byte("REGISTER sip:pbx.secretcorp.example SIP/2.0"), "s3cret-word")
	time.Sleep(10 * time.Second)
}

//go:noinline
func crashWith(a session.Account, message []byte, password string) int {
	return int(message[len(message)+len(a.Password)-len(password)])
}
