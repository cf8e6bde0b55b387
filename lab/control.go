package lab

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

// Event is something that happened to a phone, in baresip's words: Type is for
// example "REGISTER_OK", "CALL_INCOMING", "CALL_RINGING", "CALL_ESTABLISHED",
// "CALL_CLOSED" (Param says why).
type Event struct {
	Type      string `json:"type"`
	Class     string `json:"class"`
	Direction string `json:"direction"`
	PeerURI   string `json:"peeruri"`
	ID        string `json:"id"`
	Param     string `json:"param"`
}

// control speaks to baresip's control port: JSON texts in netstrings, answers
// matched to commands by a token, events in between.
type control struct {
	conn net.Conn

	mu      sync.Mutex
	next    int
	waiting map[string]chan reply
	events  []Event
	onEvent func(Event) // called from the reading goroutine; must not block
	done    chan struct{}
}

type reply struct {
	OK   bool   `json:"ok"`
	Data string `json:"data"`
}

// longestNetstring bounds what a broken peer can make us read.
const longestNetstring = 1 << 20

func (h *Host) dialControl(addr string, onEvent func(Event)) (*control, error) {
	conn, err := h.dial("tcp", addr, time.Second)
	if err != nil {
		return nil, err
	}
	c := &control{conn: conn, waiting: map[string]chan reply{}, onEvent: onEvent, done: make(chan struct{})}
	go c.read()
	return c, nil
}

func (c *control) close() {
	c.conn.Close()
	<-c.done
}

func (c *control) read() {
	defer close(c.done)
	r := bufio.NewReader(c.conn)
	for {
		text, err := readNetstring(r)
		if err != nil {
			return
		}
		var m struct {
			Event bool   `json:"event"`
			Token string `json:"token"`
			reply
		}
		if json.Unmarshal(text, &m) != nil {
			continue
		}
		if !m.Event {
			c.mu.Lock()
			answer := c.waiting[m.Token]
			delete(c.waiting, m.Token)
			c.mu.Unlock()
			if answer != nil {
				answer <- m.reply
			}
			continue
		}
		var e Event
		if json.Unmarshal(text, &e) != nil {
			continue
		}
		c.mu.Lock()
		c.events = append(c.events, e)
		c.mu.Unlock()
		if c.onEvent != nil {
			c.onEvent(e)
		}
	}
}

func readNetstring(r *bufio.Reader) ([]byte, error) {
	head, err := r.ReadString(':')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(head[:len(head)-1])
	if err != nil || n < 0 || n > longestNetstring {
		return nil, fmt.Errorf("%q is no netstring length", head)
	}
	text := make([]byte, n+1) // the comma behind it too
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, err
	}
	if text[n] != ',' {
		return nil, errors.New("the comma after a netstring is missing")
	}
	return text[:n], nil
}

// command runs a command and gives what it printed.
func (c *control) command(name, params string) (string, error) {
	answer := make(chan reply, 1)
	c.mu.Lock()
	c.next++
	token := strconv.Itoa(c.next)
	c.waiting[token] = answer
	c.mu.Unlock()
	text, err := json.Marshal(map[string]string{"command": name, "params": params, "token": token})
	if err != nil {
		return "", err
	}
	if _, err := fmt.Fprintf(c.conn, "%d:%s,", len(text), text); err != nil {
		return "", err
	}
	select {
	case r := <-answer:
		if !r.OK {
			return r.Data, fmt.Errorf("%s %s: refused: %s", name, params, r.Data)
		}
		return r.Data, nil
	case <-c.done:
		return "", fmt.Errorf("%s %s: the phone closed its control connection", name, params)
	case <-time.After(5 * time.Second):
		return "", fmt.Errorf("%s %s: no answer within 5 s", name, params)
	}
}

// since gives the events from number n on.
func (c *control) since(n int) []Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Event(nil), c.events[min(n, len(c.events)):]...)
}
