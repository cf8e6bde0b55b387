package session

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// A session writes down which contacts of ours the registrar may have, before it
// sends them, and deletes the file when the registrar has confirmed that they are
// gone. What a crash leaves behind is then removed by the next session of the same
// account. Each session has a file of its own, and holds a lock beside it as long as
// it lives: the system takes the lock away from a process that dies, however it dies,
// so that living sessions never touch each other's contacts.

// JournalFolder is where sessions keep their journals, readable by this user only.
func JournalFolder() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("this system names no folder for it: %w", err)
	}
	return filepath.Join(dir, "softphone-doctor", "sessions"), nil
}

// journal is one session's file. It implements sipclient.Journal.
type journal struct {
	dir     string
	account Account
	remark  func(string) // takes sentences for the person
	now     func() time.Time

	mu      sync.Mutex
	path    string // of our own file, "" before the first
	lock    *os.File
	stands  bool // our own file holds contacts
	claims  []*claim
	refused bool // the folder cannot be written, and that was said
}

// page is what a file holds. It never holds a password.
type page struct {
	Version   int     `json:"version"`
	User      string  `json:"user"`
	Domain    string  `json:"domain"`
	Transport string  `json:"transport"`
	PID       int     `json:"pid"` // for people; the lock tells who lives
	Contacts  []entry `json:"contacts"`
}

// entry is a contact and how long it stands at most.
type entry struct {
	URI   string    `json:"uri"`
	Until time.Time `json:"until"`
}

// claim is the file of a dead session, locked while we see to its contacts.
type claim struct {
	path     string
	lock     *os.File
	contacts []string
}

const (
	journalVersion = 1
	journalSuffix  = ".json"
	lockSuffix     = ".lock"
	brokenSuffix   = ".broken"
	maxJournal     = 1 << 16 // bytes that are read of a file
)

func newJournal(dir string, a Account, remark func(string)) *journal {
	if remark == nil {
		remark = func(string) {}
	}
	return &journal{dir: dir, account: a, remark: remark, now: time.Now}
}

// Leftover locks the files of this account's dead sessions and lists their contacts.
func (j *journal) Leftover() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	sweep(j.dir, "session-", journalSuffix)
	names, _ := filepath.Glob(filepath.Join(j.dir, "*"+journalSuffix)) // a folder that is not there holds nothing
	var list []string
	for _, path := range names {
		if c := j.claim(path); c != nil {
			j.claims = append(j.claims, c)
			list = append(list, c.contacts...)
		}
	}
	return list
}

// sweep removes the locks of dead sessions that were killed before their file was there.
// What such a file was to hold had not been sent.
func sweep(dir, prefix, suffix string) {
	locks, _ := filepath.Glob(filepath.Join(dir, prefix+"*"+lockSuffix))
	for _, path := range locks {
		base := strings.TrimSuffix(path, lockSuffix)
		if _, err := os.Stat(base + suffix); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		lock, err := lockFile(path)
		if err != nil {
			continue // it lives
		}
		if _, err := os.Stat(base + suffix); errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(base + ".new")
			unlockFile(lock)
			continue
		}
		_ = lock.Close()
	}
}

// claim takes over the file of a dead session; nil when its session lives, or it is
// another account's, or nothing in it can still stand.
func (j *journal) claim(path string) *claim {
	if p, err := readPage(path); err == nil && !j.ours(p) && !j.expired(p) {
		return nil
	}
	lock, err := lockFile(strings.TrimSuffix(path, journalSuffix) + lockSuffix)
	if err != nil {
		return nil // its session lives, or another program sees to it right now
	}
	c := &claim{path: path, lock: lock}
	p, err := readPage(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.release(true) // seen to in the meantime
		return nil
	case err != nil:
		j.setAside(path, err)
		c.release(false)
		return nil
	}
	if j.expired(p) || !j.ours(p) {
		c.release(j.expired(p))
		return nil
	}
	for _, e := range p.Contacts {
		if e.Until.After(j.now()) {
			c.contacts = append(c.contacts, e.URI)
		}
	}
	return c
}

func (j *journal) ours(p page) bool {
	return p.User == j.account.User && strings.EqualFold(p.Domain, j.account.Domain)
}

// expired tells that nothing of a file can still stand.
func (j *journal) expired(p page) bool {
	return !slices.ContainsFunc(p.Contacts, func(e entry) bool { return e.Until.After(j.now()) })
}

// release ends a claim, and deletes its file when its contacts are seen to.
func (c *claim) release(done bool) {
	if done {
		_ = os.Remove(c.path)
	}
	unlockFile(c.lock)
}

// setAside moves a file that cannot be read out of the way, and says so.
func (j *journal) setAside(path string, why error) {
	to := strings.TrimSuffix(path, journalSuffix) + brokenSuffix
	if err := os.Rename(path, to); err != nil {
		j.remark(fmt.Sprintf("The note %s of an earlier run cannot be read (%v) and stays where it is. If your phone gets no calls, restart it.", path, why))
		return
	}
	j.remark(fmt.Sprintf("A note of an earlier run cannot be read (%v) and was set aside as %s. What that run signed in ends by itself within the hour.", why, to))
}

func readPage(path string) (page, error) {
	f, err := os.Open(path)
	if err != nil {
		return page{}, bareError(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxJournal))
	if err != nil {
		return page{}, bareError(err)
	}
	var p page
	switch err := json.Unmarshal(data, &p); {
	case err != nil:
		return page{}, errors.New("it is damaged")
	case p.Version != journalVersion || p.User == "" || p.Domain == "":
		return page{}, errors.New("it is of another version of this program")
	}
	return p, nil
}

// Stand writes down what may stand at the registrar from now on; with no contacts it
// deletes the file.
func (j *journal) Stand(contacts []string, until time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(contacts) == 0 {
		j.clear()
		j.seenTo(nil)
		return
	}
	p := page{Version: journalVersion, User: j.account.User, Domain: j.account.Domain, Transport: j.account.Transport, PID: os.Getpid()}
	for _, uri := range contacts {
		p.Contacts = append(p.Contacts, entry{URI: uri, Until: until.UTC().Round(time.Second)})
	}
	if err := j.write(p); err != nil {
		if !j.refused {
			j.refused = true
			j.remark(fmt.Sprintf("No note can be kept in %s (%v). If this program is killed, its sign-in ends by itself within minutes.", j.dir, bareError(err)))
		}
		return
	}
	j.stands = true
	j.seenTo(contacts)
}

// seenTo lets go of the dead sessions' files whose contacts stand in our own now, or
// are gone (nil).
func (j *journal) seenTo(contacts []string) {
	j.claims = slices.DeleteFunc(j.claims, func(c *claim) bool {
		for _, uri := range c.contacts {
			if contacts != nil && !slices.Contains(contacts, uri) {
				return false
			}
		}
		c.release(true)
		return true
	})
}

// write replaces our file in one go: a crash leaves the old one or the new one.
func (j *journal) write(p page) error {
	if j.path == "" {
		if err := os.MkdirAll(j.dir, 0o700); err != nil {
			return err
		}
		b := make([]byte, 8)
		_, _ = rand.Read(b) // never fails (crypto/rand)
		base := filepath.Join(j.dir, "session-"+hex.EncodeToString(b))
		lock, err := lockFile(base + lockSuffix)
		if err != nil {
			return err
		}
		j.lock, j.path = lock, base+journalSuffix
	}
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	next := strings.TrimSuffix(j.path, journalSuffix) + ".new"
	if err := os.WriteFile(next, append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(next, j.path)
}

// clear deletes our own file, then its lock.
func (j *journal) clear() {
	if j.path != "" {
		_ = os.Remove(j.path)
		unlockFile(j.lock)
	}
	j.path, j.lock, j.stands = "", nil, false
}

// Close ends the session. What may still stand, because the registrar never said
// that it is gone, stays for the next one.
func (j *journal) Close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.stands {
		j.clear()
	} else if j.lock != nil {
		unlockFile(j.lock)
		j.path, j.lock, j.stands = "", nil, false
	}
	for _, c := range j.claims {
		c.release(false)
	}
	j.claims = nil
}
