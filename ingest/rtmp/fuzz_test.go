package rtmp

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/bluenviron/gortmplib/pkg/amf0"
	"github.com/bluenviron/gortmplib/pkg/bytecounter"
	"github.com/bluenviron/gortmplib/pkg/rawmessage"

	"weir/ingest/ingesttest"
)

// script is a connection that says what it was given and hears nothing.
type script struct{ *bytes.Reader }

func (script) Write(p []byte) (int, error)      { return len(p), nil }
func (script) Close() error                     { return nil }
func (script) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (script) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (script) SetDeadline(time.Time) error      { return nil }
func (script) SetReadDeadline(time.Time) error  { return nil }
func (script) SetWriteDeadline(time.Time) error { return nil }

// FuzzConnection lets hostile bytes follow a good handshake.
func FuzzConnection(f *testing.F) {
	hello := append([]byte{3}, make([]byte, 2*1536)...)
	f.Add(session(f, nil))
	f.Add(session(f, [][2][]byte{
		{{typeVideo}, avcHeader},
		{{typeAudio}, aacHeader},
		{{typeVideo}, avcIDR},
		{{typeAudio}, aacFrame},
		{{typeData}, {2, 0, 10, 'o', 'n', 'M', 'e', 't', 'a', 'D', 'a', 't', 'a', 8, 0, 0, 0, 0, 0, 0, 9}},
		{{typeVideo}, {0x96, 0x13, 'h', 'v', 'c', '1', 0, 0, 0, 1, 10, 1, 0, 0, 2, 11, 12}},
		{{typeVideo}, {0x97, 2, 0, 0, 9, 0x03, 'h', 'v', 'c', '1', 10}},
		{{typeAggregate}, append([]byte{typeAudio, 0, 0, 5, 0, 0, 7, 0, 0, 0, 0}, append(bytes.Clone(aacFrame), 0, 0, 0, 16)...)},
		{{typeData}, []byte("\x02\x00\x0aonMetaData\x03\x00\x13audioTrackIdInfoMap\x03\x00\x011\x03\x00\x08language\x02\x00\x02de\x00\x00\x09\x00\x00\x09\x00\x00\x09")},
	}))
	f.Fuzz(func(t *testing.T, b []byte) {
		in := &ingesttest.Server{}
		cfg := New(Config{Ingest: in, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}).cfg
		c := newConn(cfg, script{bytes.NewReader(append(bytes.Clone(hello), b...))})
		_ = c.serve(context.Background())
		for _, feed := range in.Feeds() {
			if !feed.Got().Closed {
				t.Fatal("a feed was left open")
			}
		}
	})
}

// session is a publisher's messages up to publish, and those given.
func session(f *testing.F, more [][2][]byte) []byte {
	var b bytes.Buffer
	w := rawmessage.NewWriter(&b, bytecounter.NewWriter(&b), false)
	put := func(typ byte, body []byte) {
		if err := w.Write(&rawmessage.Message{ChunkStreamID: 4, Type: typ, MessageStreamID: mediaStreamSwap, Body: body}); err != nil {
			f.Fatal(err)
		}
	}
	for _, args := range []amf0.Data{
		{"connect", 1.0, amf0.Object{{Key: "app", Value: "live"}}},
		{"createStream", 2.0, nil},
		{"publish", 3.0, nil, "news?key=a", "live"},
	} {
		body, err := args.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		put(typeCommand, body)
	}
	for _, m := range more {
		put(m[0][0], m[1])
	}
	return b.Bytes()
}

// FuzzMedia gives hostile audio and video messages to the parsers and the discovery.
func FuzzMedia(f *testing.F) {
	for _, b := range [][]byte{avcHeader, avcIDR, avcNegative, {0x97, 2, 1, 2, 3, 3, 'h', 'v', 'c', '1', 10}} {
		f.Add(true, b, avcIDR)
	}
	for _, b := range [][]byte{aacHeader, aacFrame, {0x91, 'e', 'c', '-', '3', 0x0b, 0x77, 0, 0xff, 0x34, 0x86, 0xff}, {0x91, 'a', 'c', '-', '3', 0x0b, 0x77, 0, 0, 0x1c, 0x40, 0xe1, 0xde}} {
		f.Add(false, b, aacFrame)
	}
	f.Fuzz(func(t *testing.T, video bool, first, second []byte) {
		d := &discovery{feed: &recorder{}, now: time.Now}
		typ := typeAudio
		if video {
			typ = typeVideo
		}
		for i, body := range [][]byte{first, second, first} {
			_ = d.media(message{Type: typ, Time: uint32(i) * 600, Body: body})
		}
		_ = d.flush()
	})
}
