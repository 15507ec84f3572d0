package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// residentBytes is what a process has in memory.
func (s *server) residentBytes() int {
	s.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.t.Skipf("no /proc: %v", err)
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	kB, err := strconv.Atoi(strings.Fields(after)[0])
	require.NoError(s.t, err)
	return kB << 10
}

// showReconnects has a feed lose its connection a hundred times within a minute: each time the channel takes it back and goes on with
// what came of it.
func (s *server) showReconnects(t testing.TB, m *flvMedia) {
	const times = 100
	var all publisher
	all.sent = make(map[byte][]string)
	begin := time.Now()
	for i := range times {
		p := s.republish(t, "reconnects")
		p.configure(m, 0)
		to := 400
		if i == times-1 {
			to = 4000
		}
		p.play(m, stretch{from: 0, to: to})
		require.NoError(t, p.err)
		for typ, sent := range p.sent {
			all.sent[typ] = append(all.sent[typ], sent...)
		}
		if i < times-1 {
			p.hangUp()
		} else {
			p.stop()
		}
	}
	t.Logf("%d connections in %v", times, time.Since(begin))
	for track, typ := range map[string]byte{"v1": rtmpVideo, "a1": rtmpAudio} {
		eventually(t, time.Minute, "all that was sent is listed", func() bool {
			got, discontinuities := s.samples("reconnects", track)
			return all.lacks(typ, got) == 0 && discontinuities == times-1
		})
	}
}

// showHostility holds connections without a handshake, talks nonsense, and announces frames that nobody has room for. The server
// closes them, takes no memory for them, and serves the channel meanwhile.
func (s *server) showHostility(t testing.TB, m *flvMedia) {
	before := s.residentBytes()
	hostile := [][]byte{
		nil,
		{3},
		append([]byte{3}, make([]byte, 1000)...),
		[]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
		append([]byte{3}, bytes.Repeat([]byte{0xff}, 1<<16)...),
	}
	var held []net.Conn
	for i := range 200 {
		nc, err := net.Dial("tcp", s.rtmp)
		require.NoError(t, err)
		defer nc.Close()
		_, _ = nc.Write(hostile[i%len(hostile)])
		held = append(held, nc)
	}
	for range 3 {
		// 16 MB is what the length of a message can say; a hundred chunk streams could say it together.
		for _, announce := range [][]byte{
			{4, 0, 0, 0, 0xff, 0xff, 0xff, rtmpVideo, 1, 0, 0, 0, 0x17, 1},
			bytes.Repeat([]byte{7, 0, 0, 0, 0x80, 0, 0, rtmpVideo, 1, 0, 0, 0}, 100),
			bytes.Repeat([]byte{0xc7, 0x80}, 1000),
		} {
			p := s.republish(t, "hostile")
			_, _ = p.nc.Write(announce)
			select {
			case <-p.gone:
			case <-time.After(time.Minute):
				t.Fatal("the server holds on to a publisher who announces more than there is")
			}
			_ = p.nc.Close()
		}
	}
	growth := s.residentBytes() - before
	t.Logf("resident memory grew by %d MB", growth>>20)
	require.Less(t, growth, 400<<20)

	p := s.republish(t, "hostile")
	p.configure(m, 0)
	p.play(m, stretch{from: 0, to: 4000, speed: 2})
	p.stop()
	for track, typ := range map[string]byte{"v1": rtmpVideo, "a1": rtmpAudio} {
		eventually(t, time.Minute, "all that was sent is listed", func() bool {
			got, discontinuities := s.samples("hostile", track)
			return p.lacks(typ, got) == 0 && discontinuities == 0
		})
	}
	for i, nc := range held {
		require.NoError(t, nc.SetReadDeadline(time.Now().Add(time.Minute)))
		_, err := io.Copy(io.Discard, nc)
		var timeout net.Error
		require.False(t, errors.As(err, &timeout) && timeout.Timeout(), "connection %d is still held", i)
	}
}

// republish publishes as soon as the channel's last feed is gone.
func (s *server) republish(t testing.TB, channel string) (p *publisher) {
	t.Helper()
	eventually(t, time.Minute, "channel "+channel+" is free again", func() bool {
		var err error
		p, err = s.publish(channel)
		return err == nil
	})
	return p
}
