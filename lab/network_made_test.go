package lab

import (
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"
)

// TestMadeFaults holds every fault of a network against an ordinary program or socket:
// it does what it says, and nothing else.
func TestMadeFaults(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, natPortRestricted)
	pings := func(more ...string) (string, bool) {
		name, args := n.client.command(Program(t, "ping", "iputils-ping"), append([]string{"-c1", "-W1"}, append(more, serverAddr)...)...)
		out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
		return string(out), err == nil
	}
	reached := func(want bool, more ...string) {
		t.Helper()
		if out, ok := pings(more...); ok != want {
			t.Errorf("ping %v: %v\n%s", more, ok, out)
		}
	}
	reached(true)
	reached(true, "-s3000")
	n.dropFragments(t)
	reached(true)
	reached(false, "-s3000")

	// A flow that is silent for longer than the router remembers it.
	n.udpTimeout(t, time.Second, time.Second)
	far, near, client := n.flow(t)
	_, err := far.WriteTo([]byte("late"), client)
	require.NoError(t, err)
	require.True(t, hears(near), "an answer does not come back")
	time.Sleep(2500 * ms)
	_, err = far.WriteTo([]byte("too late"), client)
	require.NoError(t, err)
	require.False(t, hears(near), "the router remembers for longer than it should")

	n.nameServer(t, "--host-record=sip.lab.test,"+serverAddr)
	require.Contains(t, n.exec(t, n.client, "getent", "hosts", "sip.lab.test"), serverAddr)

	n.drop(t, ping, inward)
	reached(false)
	require.Equal(t, 1, n.dropped(t, n.router))
	n.fault(t, ping, outward, hostUnreachable)
	out, ok := pings()
	require.False(t, ok)
	require.Contains(t, out, "Unreachable")
	n.drop(t, allUDP, outward)
	_, err = near.Write([]byte("lost"))
	require.NoError(t, err)
	require.NoError(t, far.SetReadDeadline(time.Now().Add(300*ms)))
	_, _, err = far.ReadFrom(make([]byte, 100))
	require.Error(t, err, "the firewall lets it through")
}

// flow opens a way from the client to a socket on the server, which hears the first
// packet and knows by it where the client is.
func (n *Network) flow(t *testing.T) (far net.PacketConn, near net.Conn, client net.Addr) {
	t.Helper()
	at := n.server.at(t, n.server.ports(t, 1)).String()
	require.NoError(t, n.server.inside(func() (err error) {
		far, err = net.ListenPacket("udp4", at)
		return err
	}))
	t.Cleanup(func() { far.Close() })
	near, err := n.client.dial("udp4", at, time.Second)
	require.NoError(t, err)
	t.Cleanup(func() { near.Close() })
	_, err = near.Write([]byte("first"))
	require.NoError(t, err)
	require.NoError(t, far.SetReadDeadline(time.Now().Add(2*time.Second)))
	_, client, err = far.ReadFrom(make([]byte, 100))
	require.NoError(t, err)
	return far, near, client
}

func hears(c net.Conn) bool {
	if c.SetReadDeadline(time.Now().Add(500*ms)) != nil {
		return false
	}
	_, err := c.Read(make([]byte, 100))
	return err == nil
}

// TestImpairmentTellsTheTruth sends packets both ways and holds what arrives against
// the truth files, packet for packet.
func TestImpairmentTellsTheTruth(t *testing.T) {
	t.Parallel()
	for _, w := range []way{outward, inward} {
		t.Run(string(w), func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, natPortRestricted)
			far, near, client := n.flow(t)
			truth := n.impair(t, impairment{Way: w, Delay: 20 * ms, Jitter: 15 * ms, Loss: 6, Duplicate: 4, Reorder: 3, Seed: 4})
			const sent = 300
			arrived := make(chan []uint16)
			go func() {
				var list []uint16
				buf := make([]byte, 1500)
				for {
					var size int
					var err error
					if w == outward {
						_ = far.SetReadDeadline(time.Now().Add(time.Second)) // it is open
						size, _, err = far.ReadFrom(buf)
					} else {
						_ = near.SetReadDeadline(time.Now().Add(time.Second))
						size, err = near.Read(buf)
					}
					if err != nil {
						arrived <- list
						return
					}
					var h rtp.Header
					if _, err := h.Unmarshal(buf[:size]); err == nil {
						list = append(list, h.SequenceNumber)
					}
				}
			}()
			for i := range sent {
				b, err := (&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 8, SequenceNumber: uint16(i), Timestamp: uint32(160 * i), SSRC: 9}, Payload: make([]byte, 160)}).Marshal()
				require.NoError(t, err)
				if w == outward {
					_, err = near.Write(b)
				} else {
					_, err = far.WriteTo(b, client)
				}
				require.NoError(t, err)
				time.Sleep(10 * ms)
			}
			var told []uint16
			fates := map[string]int{}
			list := <-arrived
			for _, p := range truth.passages(t) {
				require.Equal(t, w, p.Way)
				fates[p.Fate]++
				if p.Fate == fateLost {
					require.True(t, p.Out.IsZero())
					continue
				}
				told = append(told, p.Seq)
				require.GreaterOrEqual(t, p.Out.Sub(p.In), 20*ms)
			}
			require.Equal(t, told, list)
			require.Equal(t, sent*6/100, fates[fateLost])
			require.NotZero(t, fates[fateDoubled])
			require.NotZero(t, fates[fateLate])
			require.Equal(t, sent, fates[fatePassed]+fates[fateLate]+fates[fateLost])
			t.Log(fates)
		})
	}
}
