package e2e

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortmplib/pkg/amf0"
	"github.com/bluenviron/gortmplib/pkg/bytecounter"
	"github.com/bluenviron/gortmplib/pkg/handshake"
	"github.com/bluenviron/gortmplib/pkg/rawmessage"
	"github.com/stretchr/testify/require"
)

// Types of RTMP messages, which are those of FLV tags.
const (
	rtmpAudio   = 8
	rtmpVideo   = 9
	rtmpCommand = 20
)

// flvMedia is one picture track and one sound track, as bodies of RTMP messages. They are looped, each for itself, and get new
// timestamps: 25 frames a second, and 1024 samples of 48 kHz.
type flvMedia struct {
	videoConfig, audioConfig []byte
	video, audio             [][]byte
}

// makeFLV encodes 2 s of a moving pattern with a tone; a key frame a second.
func makeFLV(t testing.TB, size string) *flvMedia {
	t.Helper()
	need(t, "ffmpeg")
	file := filepath.Join(t.TempDir(), "pattern.flv")
	args := strings.Fields("-v error -f lavfi -i testsrc2=rate=25:size=" + size + " -f lavfi -i sine=frequency=440:sample_rate=48000 -t 2" +
		" -c:v libx264 -preset ultrafast -tune zerolatency -g 25 -pix_fmt yuv420p -c:a aac -b:a 64k " + file)
	out, err := exec.Command("ffmpeg", args...).CombinedOutput()
	require.NoError(t, err, string(out))
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	m := &flvMedia{}
	for b = b[13:]; len(b) > 15; { // behind header and first back pointer
		size := int(b[1])<<16 | int(b[2])<<8 | int(b[3])
		typ, body := b[0], b[11:11+size]
		b = b[11+size+4:]
		switch {
		case typ == rtmpVideo && body[1] == 0:
			m.videoConfig = body
		case typ == rtmpVideo && body[1] == 1:
			m.video = append(m.video, body)
		case typ == rtmpAudio && body[1] == 0:
			m.audioConfig = body
		case typ == rtmpAudio:
			m.audio = append(m.audio, body)
		}
	}
	require.Len(t, m.video, 50)
	require.NotEmpty(t, m.audio)
	return m
}

// publisher is an RTMP client that sends what a test wants. Its methods do nothing after the first error, err.
type publisher struct {
	nc   net.Conn
	w    *rawmessage.Writer
	err  error
	gone chan struct{}     // closed when the server has closed
	sent map[byte][]string // what each sample holds, by its message's type

	noise int // malformed messages that were sent
}

// publish connects and asks for the channel. The error is what the server answers where it refuses.
func (s *server) publish(channel string) (*publisher, error) {
	nc, err := net.Dial("tcp", s.rtmp)
	if err != nil {
		return nil, err
	}
	p := &publisher{nc: nc, gone: make(chan struct{}), sent: make(map[byte][]string)}
	p.w = rawmessage.NewWriter(nc, bytecounter.NewWriter(nc), false)
	if err := p.hello(channel); err != nil {
		_ = nc.Close()
		return nil, err
	}
	go func() { // ends with the connection
		defer close(p.gone)
		_, _ = io.Copy(io.Discard, nc)
	}()
	return p, nil
}

func (p *publisher) hello(channel string) error {
	if err := p.nc.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	if _, _, err := handshake.DoClient(p.nc, false, false); err != nil {
		return err
	}
	p.command("connect", 1, amf0.Object{{Key: "app", Value: "live"}})
	p.command("createStream", 2, nil)
	p.command("publish", 3, nil, channel, "live")
	if p.err != nil {
		return p.err
	}
	counter := bytecounter.NewReader(p.nc)
	r := rawmessage.NewReader(counter, counter, nil)
	for {
		m, err := r.Read()
		if err != nil {
			return err
		}
		if m.Type == 1 && len(m.Body) == 4 {
			if err := r.SetChunkSize(binary.BigEndian.Uint32(m.Body)); err != nil {
				return err
			}
		}
		if m.Type != rtmpCommand {
			continue
		}
		args, err := amf0.Unmarshal(m.Body)
		if err != nil || len(args) < 4 || args[0] != "onStatus" {
			continue
		}
		o, _ := args[3].(amf0.Object)
		if code, _ := o.GetString("code"); code != "NetStream.Publish.Start" {
			description, _ := o.GetString("description")
			return fmt.Errorf("%s: %s", code, description)
		}
		return p.nc.SetDeadline(time.Now().Add(20 * time.Minute))
	}
}

func (p *publisher) command(name string, id float64, args ...any) {
	body, err := append(amf0.Data{name, id}, args...).Marshal()
	if err != nil {
		p.err = err
		return
	}
	p.send(rtmpCommand, 0, body)
}

func (p *publisher) send(typ byte, ms uint32, body []byte) {
	if p.err == nil {
		p.err = p.w.Write(&rawmessage.Message{
			ChunkStreamID: 4 + typ%2, Timestamp: time.Duration(ms) * time.Millisecond, Type: typ, MessageStreamID: 0x1000000, Body: body,
		})
	}
}

// sample sends a frame, and remembers it.
func (p *publisher) sample(typ byte, ms uint32, body []byte) {
	header := 2
	if typ == rtmpVideo {
		header = 5
	}
	p.sent[typ] = append(p.sent[typ], string(body[header:]))
	p.send(typ, ms, body)
}

// configure sends the sequence headers.
func (p *publisher) configure(m *flvMedia, ms uint32) {
	p.send(rtmpVideo, ms, m.videoConfig)
	p.send(rtmpAudio, ms, m.audioConfig)
}

// stretch says which part of a feed is sent, and how.
type stretch struct {
	from, to int                 // media time, in ms; both end on seconds
	at       func(ms int) uint32 // the timestamp of that media time; nil: the same
	speed    float64             // media time to wall time; 0: as fast as the server takes it
	silent   bool                // no sound
	fps      int                 // fewer frames than 25, all of them key frames; 0: 25
}

// play sends a stretch.
func (p *publisher) play(m *flvMedia, s stretch) {
	if s.at == nil {
		s.at = func(ms int) uint32 { return uint32(ms) }
	}
	begin := time.Now()
	pace := func(ms int) {
		if s.speed == 0 || p.err != nil {
			return
		}
		due := begin.Add(time.Duration(float64(ms-s.from) / s.speed * float64(time.Millisecond)))
		if wait := time.Until(due); wait > 0 {
			<-time.After(wait)
		}
	}
	audioAt := func(j int) int { return j * 1024 / 48 }
	step := 40
	if s.fps > 0 {
		step = 1000 / s.fps
	}
	j := (s.from*48 + 1023) / 1024
	for ms := s.from; ms < s.to; ms += step {
		for ; audioAt(j) < ms; j++ {
			if !s.silent {
				pace(audioAt(j))
				p.sample(rtmpAudio, s.at(audioAt(j)), m.audio[j%len(m.audio)])
			}
		}
		pace(ms)
		frame := m.video[ms/40%len(m.video)]
		if s.fps > 0 {
			frame = m.video[0]
		}
		p.sample(rtmpVideo, s.at(ms), frame)
	}
	for ; audioAt(j) < s.to; j++ {
		if !s.silent {
			p.sample(rtmpAudio, s.at(audioAt(j)), m.audio[j%len(m.audio)])
		}
	}
	pace(s.to)
}

// stop ends the feed as an encoder does.
func (p *publisher) stop() {
	p.command("deleteStream", 4, nil, 1.0)
	p.hangUp()
}

// hangUp ends the connection, and waits until the server has ended it too: to close it while the server says something would take from it what it
// has not read yet.
func (p *publisher) hangUp() {
	if tcp, ok := p.nc.(*net.TCPConn); ok && tcp.CloseWrite() == nil {
		<-p.gone // at the latest when the deadline of the connection has passed
	}
	_ = p.nc.Close()
}

// lacks is how many samples that were sent are not in got; -1: got has others, or has them in another order.
func (p *publisher) lacks(typ byte, got []string) int {
	i := 0
	for _, g := range got {
		for i < len(p.sent[typ]) && p.sent[typ][i] != g {
			i++
		}
		if i == len(p.sent[typ]) {
			return -1
		}
		i++
	}
	return len(p.sent[typ]) - len(got)
}
