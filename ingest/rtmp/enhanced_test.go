package rtmp

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/internal/media"
)

// What modifiers say of the time below a millisecond; others are skipped.
func TestModifiers(t *testing.T) {
	t.Parallel()
	const hvc1 = "68766331"
	for name, c := range map[string]struct {
		body string
		want int32
	}{
		"none":           {"93" + hvc1 + "0a", -1},
		"nanoseconds":    {"97" + "02" + "0f423f" + "03" + hvc1 + "0a", 999_999},
		"too many":       {"97" + "02" + "0f4240" + "03" + hvc1 + "0a", -1},
		"too short":      {"97" + "01" + "0f42" + "03" + hvc1 + "0a", -1},
		"longer":         {"97" + "03" + "000001ff" + "03" + hvc1 + "0a", 1},
		"another first":  {"97" + "00" + "ff" + "17" + "02" + "000002" + "03" + hvc1 + "0a", 2},
		"of 16 bits":     {"97" + "ff" + "0002" + "000003" + "03" + hvc1 + "0a", 3},
		"of many tracks": {"97" + "02" + "000004" + "06" + "03" + hvc1 + "00" + "0a", 4},
	} {
		got := int32(-2)
		if err := parseVideo(unhex(t, c.body), func(p packet) error { got = p.Nanos; return nil }); err != nil || got != c.want {
			t.Errorf("%s: %d ns, %v, want %d", name, got, err, c.want)
		}
	}
}

// times notes what a feed's samples have.
type times struct {
	recorder
	formats []media.Format
	samples []media.Sample
}

func (r *times) Start(f []media.Format) error {
	r.formats = f
	return r.recorder.Start(f)
}

func (r *times) Write(s media.Sample) error {
	r.samples = append(r.samples, s)
	return r.recorder.Write(s)
}

// NTSC frames with their nanoseconds, beside AAC without: the picture's clock has them, the sound's stays that of RTMP. The first frame has
// none to tell, so a publisher that knows of them is listened to a little longer.
func TestTimesBelowAMillisecond(t *testing.T) {
	t.Parallel()
	r := &times{}
	d := &discovery{feed: r, now: time.Now, mayBeFine: true}
	send := func(typ byte, ms uint32, body []byte) {
		t.Helper()
		if err := d.media(message{Type: typ, Time: ms, Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	send(typeVideo, 0, append([]byte{0x90, 'a', 'v', 'c', '1'}, avcHeader[5:]...))
	send(typeAudio, 0, aacHeader)
	for i := range 4 {
		ns := i * 1001 * 1_000_000_000 / 30_000
		body := append([]byte{0x93, 'a', 'v', 'c', '1'}, idr...)
		if below := ns % 1_000_000; below > 0 {
			body = append([]byte{0x97, 2, byte(below >> 16), byte(below >> 8), byte(below), 0x03, 'a', 'v', 'c', '1'}, idr...)
		}
		send(typeVideo, uint32(ns/1_000_000), body)
		send(typeAudio, uint32(ns/1_000_000), aacFrame)
	}
	if len(r.formats) != 2 || r.formats[0].Clock != (media.Clock{Timescale: 1e9, Wrap: 1 << 32 * 1_000_000}) || r.formats[1].Clock != (media.Clock{Timescale: 1000, Wrap: 1 << 32}) {
		t.Fatalf("announced %+v", r.formats)
	}
	want := []string{"0@0", "1@0", "0@33366666", "1@33", "0@66733333", "1@66", "0@100100000", "1@100"}
	if got := r.said[1:]; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Opus may begin with an empty header: then the layout or the first frame tells how many channels there are.
func TestOpusWithoutAHeader(t *testing.T) {
	t.Parallel()
	start, mono, stereo := "90"+"4f707573", "91"+"4f707573"+"f80a", "91"+"4f707573"+"fc0a"
	for name, c := range map[string]struct {
		bodies []string
		want   string // channels, or what is refused
	}{
		"mono":           {[]string{start, mono}, "1"},
		"stereo":         {[]string{start, stereo}, "2"},
		"by its layout":  {[]string{start, "94" + "4f707573" + "0102" + "00000003", mono}, "2"},
		"5.1":            {[]string{start, "94" + "4f707573" + "0106" + "0000003f", stereo}, "Opus of 6 channels"},
		"not even that":  {[]string{stereo}, "dropped"},
		"a header later": {[]string{start, stereo, "90" + "4f707573" + "4f707573486561640101380180bb0000000000", mono}, "1"},
	} {
		r := &times{}
		d := &discovery{feed: r, now: time.Now}
		var err error
		for i, body := range c.bodies {
			if err == nil {
				err = d.media(message{Type: typeAudio, Time: uint32(20 * i), Body: unhex(t, body)})
			}
		}
		if flushErr := d.flush(); err == nil {
			err = flushErr
		}
		got := ""
		switch {
		case err != nil:
			got = err.Error()
		case len(r.formats) == 0:
			got = r.said[0]
		default:
			got = fmt.Sprint(r.formats[0].Config[1])
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// Two languages and a rendition of the picture on one connection; a track that cannot be packaged is left out, and counted.
func TestTracksOfOneConnection(t *testing.T) {
	t.Parallel()
	c, feed := pushTo(t, Config{})
	about := func(language string) []byte {
		return append([]byte("\x00\x08language\x02\x00"), append([]byte{byte(len(language))}, language...)...)
	}
	meta := []byte("\x02\x00\x0aonMetaData\x03")
	meta = append(meta, about("en")...)
	meta = append(meta, "\x00\x13audioTrackIdInfoMap\x03\x00\x011\x03"...)
	meta = append(append(meta, about("de-AT")...), 0, 0, 9, 0, 0, 9, 0, 0, 9)
	c.send(typeData, 0, meta)
	c.video(0, append([]byte{0x90, 'h', 'v', 'c', '1'}, 1, 2, 3)...)
	c.video(0, 0x96, 0x20, 'a', 'v', '0', '1', 1, 0, 0, 2, 0x81, 4, 'v', 'p', '0', '9', 2, 0, 0, 1, 9)
	c.audio(0, 0x95, 0x10, 'm', 'p', '4', 'a', 0, 0, 0, 2, 0x11, 0x90, 1, 0, 0, 2, 0x11, 0x88)
	c.video(0, append([]byte{0x93, 'h', 'v', 'c', '1'}, 0, 0, 0, 3, 0x26, 1, 0xaf)...)
	c.video(0, 0x96, 0x21, 'a', 'v', '0', '1', 1, 0, 0, 2, 0x0a, 0x0b, 'v', 'p', '0', '9', 2, 0, 0, 1, 9)
	c.audio(21, 0x95, 0x11, 'm', 'p', '4', 'a', 0, 0, 0, 1, 5, 1, 0, 0, 1, 6)
	samples := feed.WaitSamples(t, 4)
	r := feed.Got()
	if len(r.Starts) != 1 {
		t.Fatalf("announced %v", r.Starts)
	}
	if got := fmt.Sprint(r.Starts[0]); got != "[hevc av1 aac (en) aac (de-AT)]" {
		t.Errorf("announced %s", got)
	}
	for i, want := range []media.Sample{
		{Track: 0, Data: []byte{0, 0, 0, 3, 0x26, 1, 0xaf}},
		{Track: 1, Data: []byte{0x0a, 0x0b}},
		{Track: 2, DTS: 21, Data: []byte{5}},
		{Track: 3, DTS: 21, Data: []byte{6}},
	} {
		if got := samples[i]; got.Track != want.Track || got.DTS != want.DTS || !bytes.Equal(got.Data, want.Data) {
			t.Errorf("sample %d is %+v, want %+v", i, got, want)
		}
	}
	if r.Dropped() != 2 {
		t.Errorf("%d packets of the third picture were counted", r.Dropped())
	}
}

func TestUnsupportedCodecsAreNamed(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"\x90vp09\x01": "VP9; send H.264, HEVC or AV1", "\x90vvc1\x01": "H.266", "\x90xxxx\x01": `"xxxx"`,
		"\x95\x80\x04": "MPEG-TS", "\x22aaaaa": "H.263",
	} {
		if body[0] == 0x95 {
			body = "\x95av01\x80\x04"
		}
		if err := parseVideo([]byte(body), func(packet) error { return nil }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", body, err, want)
		}
	}
}
