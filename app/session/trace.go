package session

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
)

// A running check keeps a trace of itself in a file that only this user can read: the
// signalling without what proves a password, the heads of the sound's packets, the
// notes; no sound. It goes when the check ends. What a crash or a power cut leaves can
// be examined like any capture.

// TraceFolder is where running checks keep their traces.
func TraceFolder() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("this system names no folder for it: %w", err)
	}
	return filepath.Join(dir, "softphone-doctor", "traces"), nil
}

const traceSuffix = ".pcapng"

// traceEvery is the least time between two writings; traceShare how many times as long
// as the writing took nothing is written.
const (
	traceEvery = 3 * time.Second
	traceShare = 50
)

// CutOff lists the traces of checks whose program is gone, the newest first.
func CutOff(dir string) []string {
	names, _ := filepath.Glob(filepath.Join(dir, "*"+traceSuffix)) // a folder that is not there holds none
	var list []string
	for i := len(names) - 1; i >= 0; i-- {
		lock, err := lockFile(strings.TrimSuffix(names[i], traceSuffix) + lockSuffix)
		if err != nil {
			continue // its check runs
		}
		unlockFile(lock)
		list = append(list, names[i])
	}
	return list
}

// RemoveTrace forgets a trace.
func RemoveTrace(path string) error {
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("cannot remove %s: %w", path, bareError(err))
	}
	return nil
}

// trace keeps a tape's trace in a folder until the function that it gives is called.
// Where nothing can be written there is none, and nobody is bothered with that.
func trace(dir string, tape *capture.Tape) (end func()) {
	none := func() {}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return none
	}
	name := filepath.Join(dir, fmt.Sprintf("%s-%d", time.Now().UTC().Format("2006-01-02-150405.000"), os.Getpid()))
	lock, err := lockFile(name + lockSuffix)
	if err != nil {
		return none
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for wait := traceEvery; ; {
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
			began := time.Now()
			if writeTrace(name+traceSuffix, tape) != nil {
				return
			}
			wait = max(traceEvery, traceShare*time.Since(began))
		}
	}()
	return func() {
		stop()
		<-done
		_ = os.Remove(name + traceSuffix) // it may never have been written
		unlockFile(lock)
	}
}

// writeTrace writes what is on a tape, without its sound.
func writeTrace(path string, tape *capture.Tape) error {
	var bare capture.Tape
	for _, r := range tape.From(0) {
		switch {
		case r.Note != nil:
			bare.Note(*r.Note)
		case r.Packet != nil:
			p := *r.Packet
			p.Data = withoutSound(p)
			bare.Packet(p)
		}
	}
	var b bytes.Buffer
	if _, err := bare.WriteTo(&b); err != nil {
		return err
	}
	return replaceFile(path, b.Bytes())
}

// withoutSound gives a packet's bytes, of RTP (RFC 3550 5.1) its head alone.
func withoutSound(p capture.Packet) []byte {
	d := p.Data
	if p.Net != capture.UDP || len(d) < 12 || d[0]>>6 != 2 || sipmsg.LooksLikeSIP(d) {
		return d
	}
	if kind := d[1]; kind >= 192 && kind <= 223 {
		return d // RTCP (RFC 5761 4): figures only
	}
	head := 12 + 4*int(d[0]&0x0f)
	if d[0]&0x10 != 0 && len(d) >= head+4 {
		head += 4 + 4*int(binary.BigEndian.Uint16(d[head+2:]))
	}
	return bytes.Clone(d[:min(head, len(d))])
}
