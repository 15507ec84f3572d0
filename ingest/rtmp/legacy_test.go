package rtmp

import (
	"bufio"
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"weir/internal/media"
)

// Encoders that know no extended timestamps begin again at 0 after 4 h 40 min, each chunk stream for itself, and may go back a little
// there too. A jump is a jump.
func TestTimestampsOf24Bits(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	steps := []struct {
		stream      byte
		field, want uint32
	}{
		{4, 0xfffff0, 0xfffff0},
		{6, 0xfffff8, 0xfffff8},
		{4, 0x10, 0x1000010},
		{6, 0xfffffe, 0xfffffe},
		{4, 0x08, 0x1000008},
		{6, 0x20, 0x1000020},
		{4, 0xfffffe, 0xfffffe}, // back over the wrap
		{4, 0x30, 0x1000030},
		{6, 0x500000, 0x1500000},  // a jump
		{8, 0xfffff0, 0xfffff0},   // begins there
		{4, 0x1000040, 0x1000040}, // it does know them
		{4, 5, 5},                 // its clock begins anew
	}
	for _, s := range steps {
		f := s.field
		if f < noTimestamp {
			b.Write([]byte{s.stream, byte(f >> 16), byte(f >> 8), byte(f), 0, 0, 1, typeAudio, 1, 0, 0, 0, 'a'})
		} else {
			b.Write([]byte{s.stream, 0xff, 0xff, 0xff, 0, 0, 1, typeAudio, 1, 0, 0, 0, byte(f >> 24), byte(f >> 16), byte(f >> 8), byte(f), 'a'})
		}
	}
	r := newChunkReader(bufio.NewReader(&b))
	for i, s := range steps {
		if m, err := r.read(); err != nil || m.Time != s.want {
			t.Errorf("message %d is at %#x (%v), want %#x", i, m.Time, err, s.want)
		}
	}
}

// What the first type 3 chunk shows of extended timestamps holds for the whole connection: media that look like one stay media.
func TestExtendedTimestampsAreKnownByTheFirst(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		repeat [2]string // in the type 3 chunks of two messages
		media  [2]string // behind them
	}{
		"left out, then media like it":       {[2]string{"", ""}, [2]string{"ijkl", "\x01\x02\x03\x04"}},
		"left out, then media of zeros":      {[2]string{"", ""}, [2]string{"ijkl", "\x00\x00\x00\x00"}},
		"repeated, then another":             {[2]string{"\x01\x02\x03\x04", "\x07\x07\x07\x07"}, [2]string{"ijkl", "mnop"}},
		"the time in place of a delta":       {[2]string{"\x01\x02\x03\x04", "\x02\x02\x03\x04"}, [2]string{"ijkl", "mnop"}},
		"zeros, then media of zeros in turn": {[2]string{"\x00\x00\x00\x00", "\x00\x00\x00\x00"}, [2]string{"ijkl", "\x00\x00\x00\x00"}},
	} {
		var b bytes.Buffer
		b.Write([]byte{2, 0, 0, 0, 0, 0, 4, typeSetChunkSize, 0, 0, 0, 0, 0, 0, 0, 8})
		b.Write([]byte{4, 0xff, 0xff, 0xff, 0, 0, 12, typeVideo, 1, 0, 0, 0, 1, 2, 3, 4})
		b.WriteString("abcdefgh\xc4" + c.repeat[0] + c.media[0])
		b.Write([]byte{2<<6 | 4, 0xff, 0xff, 0xff, 1, 0, 0, 0}) // 2^24 ms later
		b.WriteString("abcdefgh\xc4" + c.repeat[1] + c.media[1])
		r := newChunkReader(bufio.NewReader(&b))
		for i, at := range []uint32{0x01020304, 0x02020304} {
			if m, err := r.read(); err != nil || m.Time != at || string(m.Body) != "abcdefgh"+c.media[i] {
				t.Errorf("%s: message %d is %q at %#x (%v)", name, i, m.Body, m.Time, err)
			}
		}
	}
}

// An encoder without timestamps: pictures get the times at which they came, frames of sound follow one another exactly although they
// came unevenly, and it is said once. After a pause the sound goes on where it is.
func TestFeedWithoutTimestamps(t *testing.T) {
	t.Parallel()
	r := &recorder{}
	clock := time.Unix(1_800_000_000, 0)
	said := 0
	d := &discovery{feed: r, now: func() time.Time { return clock }, still: func() { said++ }}
	send := func(after time.Duration, typ byte, body []byte) {
		t.Helper()
		clock = clock.Add(after)
		if err := d.media(message{Type: typ, Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	send(0, typeVideo, avcHeader)
	send(0, typeAudio, []byte{0xaf, 0, 0x11, 0x90}) // 48 kHz
	for range 3 {
		send(time.Millisecond, typeVideo, avcSlice)
		send(time.Millisecond, typeAudio, aacFrame)
		send(40*time.Millisecond, typeAudio, aacFrame)
	}
	if len(r.said) != 10 || said != 1 {
		t.Fatalf("%d times said; %q", said, r.said)
	}
	send(10*time.Second, typeAudio, aacFrame)
	send(0, typeVideo, avcNegative)
	send(0, typeVideo, avcSlice)
	want := []string{
		"start [avc aac]",
		"0@0", "1@1", "1@22", "0@42", "1@43", "1@64", "0@84", "1@86", "1@107",
		"1@10125", "0@10125", "0@10126",
	}
	if !slices.Equal(r.said, want) {
		t.Errorf("%q, want %q", r.said, want)
	}
}

// Encoders give the frames of their priming one timestamp: that is no feed without any.
func TestPrimingHasOneTimestamp(t *testing.T) {
	t.Parallel()
	r := &recorder{}
	d := &discovery{feed: r, now: time.Now, still: func() { t.Error("taken for a feed without timestamps") }}
	for i, body := range [][]byte{aacHeader, aacFrame, aacFrame, aacFrame, avcHeader, avcIDR, aacFrame} {
		typ := typeAudio
		if body[0] == 0x17 {
			typ = typeVideo
		}
		if err := d.media(message{Type: typ, Time: uint32(i / 6 * 21), Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"start [avc aac]", "1@0", "1@0", "1@0", "0@0", "1@21"}; !slices.Equal(r.said, want) {
		t.Errorf("%q, want %q", r.said, want)
	}
}

func TestFrameDurations(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		format media.Format
		want   time.Duration
	}{
		"AAC 48 kHz":           {media.Format{Codec: media.AAC, Config: []byte{0x11, 0x90}}, 1024 * time.Second / 48000},
		"AAC of 960":           {media.Format{Codec: media.AAC, Config: []byte{0x11, 0x94}}, 20 * time.Millisecond},
		"HE-AAC of 24 kHz":     {media.Format{Codec: media.AAC, Config: []byte{0x2b, 0x11, 0x88, 0}}, 1024 * time.Second / 24000},
		"AAC of a written out": {media.Format{Codec: media.AAC, Config: []byte{0x17, 0x80, 0x5d, 0xc0, 0x10}}, 1024 * time.Second / 48000},
		"AAC cut off":          {media.Format{Codec: media.AAC, Config: []byte{0x11}}, 0},
		"MP3":                  {media.Format{Codec: media.MP3, SampleRate: 48000}, 24 * time.Millisecond},
		"MP3 of MPEG-2":        {media.Format{Codec: media.MP3, SampleRate: 24000}, 24 * time.Millisecond},
		"pictures":             {media.Format{Codec: media.AVC}, 0},
	} {
		if got := frameDuration(c.format); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// An aggregate is the messages in it, at their distances from the first one, whatever clock those have.
func TestAggregates(t *testing.T) {
	t.Parallel()
	c, feed := pushTo(t, Config{})
	tag := func(typ byte, ms uint32, body []byte) []byte {
		n := len(body)
		b := append([]byte{typ, byte(n >> 16), byte(n >> 8), byte(n), byte(ms >> 16), byte(ms >> 8), byte(ms), byte(ms >> 24), 0, 0, 0}, body...)
		return append(b, 0, 0, byte((n+11)>>8), byte(n+11))
	}
	const other = 0x01000000 - 20
	var b []byte
	b = append(b, tag(typeVideo, other, avcHeader)...)
	b = append(b, tag(typeAudio, other, aacHeader)...)
	b = append(b, tag(typeVideo, other, avcIDR)...)
	b = append(b, tag(typeAudio, other+23, aacFrame)...)
	c.send(typeAggregate, 5000, b)
	c.send(typeAggregate, 5040, tag(typeVideo, 7, avcSlice)[:11+len(avcSlice)]) // without its back pointer
	c.send(typeAggregate, 6000, tag(typeVideo, 0, avcSlice)[:14])               // cut off
	c.send(typeAggregate, 6000, tag(typeAggregate, 0, tag(typeVideo, 0, avcSlice)))
	c.video(5080, avcSlice...)
	got := ""
	for _, s := range feed.WaitSamples(t, 4) {
		got += fmt.Sprint(s.Track, "@", s.DTS, " ")
	}
	if want := "0@5000 1@5023 0@5040 0@5080 "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	r := feed.Got()
	if r.Dropped() != 2 {
		t.Errorf("%d malformed messages were counted, want 2", r.Dropped())
	}
}
