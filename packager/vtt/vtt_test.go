package vtt_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
	"weir/packager"
	"weir/packager/vtt"
)

// track keeps what a packager makes of a text track.
type track struct {
	packager.Output // what is not asked for here
	init            []byte
	segments        map[uint64][]byte
}

func (o *track) Run(_ media.Run, inits []media.Init) error {
	o.init = inits[len(inits)-1].Data
	return nil
}

func (o *track) Target(time.Duration) error { return nil }
func (o *track) End(media.SegmentEnd) error { return nil }
func (o *track) Chunk(c media.Chunk) error {
	if c.Track == "t1" {
		o.segments[c.Segment] = append(o.segments[c.Segment], c.Data...)
	}
	return nil
}

var start = time.Date(2026, 11, 22, 5, 59, 58, 0, time.UTC)

// segments are those that a packager makes of samples of text and four seconds of sound.
func segments(t *testing.T, config string, samples ...media.Sample) *track {
	t.Helper()
	out := &track{segments: make(map[uint64][]byte)}
	p, err := packager.New(packager.Config{Segment: 2 * time.Second}, packager.Resume{}, out)
	require.NoError(t, err)
	require.NoError(t, p.Start([]media.Format{
		{Codec: media.AAC, Config: []byte{0x11, 0x90}, Clock: media.Clock{Timescale: 48000}},
		{Codec: media.WVTT, Config: []byte(config), Clock: media.Clock{Timescale: 1000}, Language: "en"},
	}, start))
	for i := range 4 * 48000 / 1024 {
		at := media.Ticks(i) * 1024
		require.NoError(t, p.Write(media.Sample{PTS: at, DTS: at, Sync: true, Data: []byte{1, 2, 3}}, start.Add(at.Duration(48000))))
		if i == 0 {
			for _, s := range samples {
				s.Track, s.DTS = 1, s.PTS
				require.NoError(t, p.Write(s, start))
			}
		}
	}
	require.NoError(t, p.Flush(start.Add(4*time.Second)))
	return out
}

func box(name string, body ...string) string {
	s := strings.Join(body, "")
	return string(binary.BigEndian.AppendUint32(nil, uint32(8+len(s)))) + name + s
}

func TestSegment(t *testing.T) {
	t.Parallel()
	hello := box("vttc", box("vsid", "\x00\x00\x00\x01"), box("iden", "one"), box("sttg", "line:0"), box("payl", "Hello\n\n<b>you</b> --> there"))
	world := box("vttc", box("payl", "World"))
	out := segments(t, "WEBVTT - news\n\nSTYLE\n::cue { color: red }",
		media.Sample{PTS: 500, Duration: 500, Data: []byte(hello)},
		media.Sample{PTS: 1000, Duration: 500, Data: []byte(hello + world)},
		media.Sample{PTS: 1500, Duration: 1000, Data: []byte(world)},
	)
	first, err := vtt.Segment(out.segments[0], out.init, 90000)
	require.NoError(t, err)
	// The hour began at 1795323600 s, which is 161579124000000 of 1/90000 s.
	assert.Equal(t, `WEBVTT - news
X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:2454324480

STYLE
::cue { color: red }


one
00:59:58.500 --> 00:59:59.500 line:0
Hello
<b>you</b> --&gt; there

00:59:59.000 --> 00:59:59.984
World
`, string(first))
	second, err := vtt.Segment(out.segments[1], out.init, 90000)
	require.NoError(t, err)
	assert.Equal(t, `WEBVTT - news
X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:2454324480

STYLE
::cue { color: red }


00:59:59.984 --> 01:00:00.500
World
`, string(second))
	silent := segments(t, "")
	first, err = vtt.Segment(silent.segments[0], silent.init, 90000)
	require.NoError(t, err)
	assert.Equal(t, "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:2454324480\n\n", string(first))
	for _, bad := range []string{"", "x", box("moof"), box("moof") + box("mdat"), string(out.segments[0][:100])} {
		_, err := vtt.Segment([]byte(bad), nil, 90000)
		require.ErrorIs(t, err, vtt.ErrSegment, "%q", bad)
	}
}

func FuzzSegment(f *testing.F) {
	traf := box("traf", box("tfhd", "\x00\x02\x00\x00\x00\x00\x00\x01"), box("tfdt", "\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05"),
		box("trun", "\x00\x00\x03\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x09\x00\x00\x00\x20"))
	f.Add([]byte(box("moof", traf)+box("mdat", box("vttc", box("payl", "hello there")))), []byte(box("moov")), uint32(90000))
	f.Fuzz(func(t *testing.T, segment, init []byte, timescale uint32) {
		text, err := vtt.Segment(segment, init, timescale)
		if err == nil && !strings.HasPrefix(string(text), "WEBVTT") {
			t.Fatalf("%q", text)
		}
	})
}

// No wrap of MPEGTS lies between the point that times count from and the segment.
func TestTimesCountFromBehindTheWrap(t *testing.T) {
	t.Parallel()
	const wrap = 1 << 33
	at := media.Ticks(18811 * wrap) // the number of a wrap
	for shift, want := range map[media.Ticks]string{
		-90000: "MPEGTS:8286324480\n\n\n00:56:12.446", 0: "MPEGTS:0\n\n\n00:00:00.000", 90000: "MPEGTS:0\n\n\n00:00:01.000",
	} {
		b := binary.BigEndian.AppendUint64(nil, uint64(at+shift))
		data := box("vttc", box("payl", "x"))
		traf := box("traf", box("tfhd", "\x00\x02\x00\x00\x00\x00\x00\x01"), box("tfdt", "\x01\x00\x00\x00", string(b)),
			box("trun", "\x00\x00\x03\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x01\x5f\x90\x00\x00\x00", string([]byte{byte(len(data))})))
		text, err := vtt.Segment([]byte(box("moof", traf)+box("mdat", data)), nil, 90000)
		require.NoError(t, err)
		assert.Contains(t, string(text), want)
	}
}
