package rtmp

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"weir/internal/media"
	"weir/internal/testmedia"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParsePackets(t *testing.T) {
	t.Parallel()
	const av01, hvc1, opus = "61763031", "68766331", "4f707573"
	for name, c := range map[string]struct {
		parse func([]byte, func(packet) error) error
		body  string
		want  []string
	}{
		"AVC":               {parseVideo, "17010000280a", []string{"video 0 avc frame 40 true 0a"}},
		"AVC header":        {parseVideo, "1700ffffff0a", []string{"video 0 avc config 0 true 0a"}},
		"AVC before":        {parseVideo, "2701ffffff0a", []string{"video 0 avc frame -1 false 0a"}},
		"AVC of no kind":    {parseVideo, "27030000000a", nil}, // it was a frame, as in Enhanced RTMP
		"HEVC legacy":       {parseVideo, "1c010000280a", []string{"video 0 hevc frame 40 true 0a"}},
		"HEVC header":       {parseVideo, "90" + hvc1 + "0a", []string{"video 0 hevc config 0 true 0a"}},
		"HEVC frames":       {parseVideo, "a1" + hvc1 + "8000000a", []string{"video 0 hevc frame -8388608 false 0a"}},
		"HEVC framesX":      {parseVideo, "93" + hvc1 + "0a", []string{"video 0 hevc frame 0 true 0a"}},
		"HEVC end":          {parseVideo, "92" + hvc1, []string{"video 0 hevc end 0 true "}},
		"AV1 frames":        {parseVideo, "91" + av01 + "0a0b0c0d", []string{"video 0 av1 frame 0 true 0a0b0c0d"}},
		"metadata":          {parseVideo, "94" + av01 + "020009", nil},
		"command":           {parseVideo, "d000", nil},
		"seek command":      {parseVideo, "5700", nil},
		"empty":             {parseVideo, "", nil},
		"modified":          {parseVideo, "97" + "02" + "010203" + "03" + hvc1 + "0a", []string{"video 0 hevc frame 0 true 0a"}},
		"one of many":       {parseVideo, "96" + "03" + hvc1 + "05" + "0a", []string{"video 5 hevc frame 0 true 0a"}},
		"many":              {parseVideo, "96" + "13" + hvc1 + "00" + "000001" + "0a" + "01" + "000002" + "0b0c", []string{"video 0 hevc frame 0 true 0a", "video 1 hevc frame 0 true 0b0c"}},
		"many codecs":       {parseVideo, "96" + "23" + hvc1 + "00" + "000001" + "0a" + av01 + "01" + "000001" + "0b", []string{"video 0 hevc frame 0 true 0a", "video 1 av1 frame 0 true 0b"}},
		"AAC":               {parseAudio, "af010a", []string{"audio 0 aac frame 0 true 0a"}},
		"AAC header":        {parseAudio, "af001190", []string{"audio 0 aac config 0 true 1190"}},
		"MP3":               {parseAudio, "2ffffb", []string{"audio 0 mp3 frame 0 true fffb"}},
		"Opus":              {parseAudio, "91" + opus + "0a", []string{"audio 0 opus frame 0 true 0a"}},
		"Opus of track 2":   {parseAudio, "95" + "01" + opus + "02" + "0a", []string{"audio 2 opus frame 0 true 0a"}},
		"E-AC-3":            {parseAudio, "91" + "65632d33" + "0b77", []string{"audio 0 eac3 frame 0 true 0b77"}},
		"multichannel":      {parseAudio, "94" + opus + "0102", []string{"audio 0 opus layout 0 true 0102"}},
		"VP9 beside":        {parseVideo, "96" + "23" + hvc1 + "00" + "000001" + "0a" + "76703039" + "01" + "000001" + "0b", []string{"video 0 hevc frame 0 true 0a", "video 1  unusable 0 false "}},
		"AV1 of a TS":       {parseVideo, "95" + av01 + "80040000", []string{"error"}},
		"empty AAC":         {parseAudio, "af01", nil},
		"AAC of a byte":     {parseAudio, "af", []string{"error"}},
		"VP9":               {parseVideo, "90" + "76703039" + "00", []string{"error"}},
		"H.263":             {parseVideo, "220000000000", []string{"error"}},
		"Speex":             {parseAudio, "b201", []string{"error"}},
		"cut off track":     {parseVideo, "96" + "13" + hvc1 + "00" + "0000ff" + "0a", []string{"error"}},
		"cut off modifier":  {parseVideo, "97ff", []string{"error"}},
		"cut off code":      {parseVideo, "9161", []string{"error"}},
		"nested multitrack": {parseVideo, "96" + "06" + hvc1 + "00", []string{"error"}},
	} {
		var got []string
		err := c.parse(unhex(t, c.body), func(p packet) error {
			got = append(got, fmt.Sprintf("%s %d %s %s %d %t %x", p.Kind, p.Track, p.Codec, [...]string{"config", "frame", "end", "layout", "unusable"}[p.Purpose], p.Offset, p.Key, p.Data))
			return nil
		})
		if err != nil {
			got = []string{"error"}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q (%v), want %q", name, got, err, c.want)
		}
	}
}

func TestConfigurations(t *testing.T) {
	t.Parallel()
	streamInfo := bytes.Repeat([]byte{7}, 34)
	for name, c := range map[string]struct {
		codec    media.Codec
		in, want []byte
	}{
		"Opus":              {media.Opus, unhex(t, "4f707573486561640102380180bb0000000000"), unhex(t, "00020138"+"0000bb80"+"000000")},
		"Opus family 1":     {media.Opus, unhex(t, "4f707573486561640103380180bb0000ffff01"+"0201"+"000201"), unhex(t, "00030138"+"0000bb80"+"ffff01"+"0201"+"000201")},
		"FLAC bare":         {media.FLAC, streamInfo, append([]byte{0x80, 0, 0, 34}, streamInfo...)},
		"FLAC stream":       {media.FLAC, append([]byte("fLaC\x00\x00\x00\x22"), streamInfo...), append([]byte{0x80, 0, 0, 34}, streamInfo...)},
		"Opus cut off":      {media.Opus, []byte("OpusHead"), nil},
		"Opus map cut off":  {media.Opus, unhex(t, "4f707573486561640103380180bb0000ffff01"), nil},
		"FLAC cut off":      {media.FLAC, []byte("fLaC"), nil},
		"AAC is kept as is": {media.AAC, []byte{0x11, 0x90, 0x56, 0xe5, 0}, []byte{0x11, 0x90, 0x56, 0xe5, 0}},
	} {
		got, ok, err := configuration(packet{Codec: c.codec, Data: c.in})
		if !bytes.Equal(got, c.want) || ok != (c.want != nil) || ok != (err == nil) {
			t.Errorf("%s: %x %t %v, want %x", name, got, ok, err, c.want)
		}
	}
}

func TestFramesDescribeThemselves(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		codec media.Codec
		frame string
		want  string
	}{
		"AC-3 5.1":       {media.AC3, "0b7700001c40e1de0000", "103dc0"}, // 48 kHz, 384 kbit/s
		"AC-3 stereo":    {media.AC3, "0b770000144043ff0000", "101140"},
		"no AC-3":        {media.AC3, "ffff", ""},
		"AC-3 cut off":   {media.AC3, "0b77", ""},
		"E-AC-3 stereo":  {media.EAC3, "0b7700ff3486ffff", "0400200400"},
		"E-AC-3 cut off": {media.EAC3, "0b77", ""},
	} {
		f, err := describe(c.codec, unhex(t, c.frame))
		if got := hex.EncodeToString(f.Config); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %s %v, want %s", name, got, err, c.want)
		}
	}
	for frame, want := range map[string][2]int{"fffb9064": {44100, 2}, "fff394c4": {24000, 1}, "ffe39000": {11025, 2}} {
		f, err := describe(media.MP3, unhex(t, frame))
		if err != nil || f.SampleRate != want[0] || f.Channels != want[1] {
			t.Errorf("MP3 %s: %d Hz, %d channels, %v", frame, f.SampleRate, f.Channels, err)
		}
	}
}

// What is read off frames is what a muxer wrote beside them.
func TestFramesDescribeThemselvesAsFilesDo(t *testing.T) {
	t.Parallel()
	for name, codec := range map[string]media.Codec{"sample_ac3.mp4": media.AC3, "sample_eac3.mp4": media.EAC3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile(testmedia.File(t, "mp4/"+name))
			if err != nil {
				t.Fatal(err)
			}
			at := max(bytes.Index(b, []byte("dac3")), bytes.Index(b, []byte("dec3")))
			want := b[at+4 : at-4+int(b[at-1])]
			frame := b[bytes.Index(b, []byte{0x0b, 0x77}):]
			if codec == media.EAC3 {
				frame = frame[:2*(int(frame[2]&7)<<8+int(frame[3])+1)]
			}
			f, err := describe(codec, frame)
			if err != nil {
				t.Fatal(err)
			}
			if codec == media.EAC3 { // the data rate is the muxer's own idea
				want, f.Config = want[2:], f.Config[2:]
			}
			if !bytes.Equal(f.Config, want) {
				t.Errorf("%x, want %x", f.Config, want)
			}
		})
	}
}

// recorder notes what discovery says.
type recorder struct{ said []string }

func (r *recorder) Start(f []media.Format) error {
	r.said = append(r.said, fmt.Sprint("start ", f))
	return nil
}

func (r *recorder) Write(s media.Sample) error {
	r.said = append(r.said, fmt.Sprint(s.Track, "@", s.DTS))
	return nil
}

func (r *recorder) Dropped(string) { r.said = append(r.said, "dropped") }

func TestDiscovery(t *testing.T) {
	t.Parallel()
	type step struct {
		time uint32
		body []byte
	}
	v := func(ms uint32, body []byte) step { return step{ms, body} }
	for name, c := range map[string]struct {
		only  media.Kind
		steps []step
		want  []string
	}{
		"both are there":            {"", []step{v(0, avcHeader), v(0, aacHeader), v(0, aacFrame), v(1, avcIDR)}, []string{"start [avc aac]", "1@0", "0@1"}},
		"audio first":               {"", []step{v(0, aacHeader), v(0, aacFrame), v(5, avcHeader), v(5, avcIDR)}, []string{"start [avc aac]", "1@0", "0@5"}},
		"only video":                {media.Video, []step{v(0, avcHeader), v(0, avcIDR), v(40, avcSlice)}, []string{"start [avc]", "0@0", "0@40"}},
		"nothing said":              {"", []step{v(0, avcHeader), v(0, avcIDR), v(960, avcSlice), v(1000, avcSlice)}, []string{"start [avc]", "0@0", "0@960", "0@1000"}},
		"over the wrap":             {"", []step{v(0xfffffff0, avcHeader), v(0xfffffff0, avcIDR), v(0x10, avcSlice), v(0x3d8, avcSlice)}, []string{"start [avc]", "0@4294967280", "0@16", "0@984"}},
		"no header":                 {"", []step{v(0, avcIDR), v(2000, avcSlice)}, []string{"dropped", "dropped"}},
		"late audio":                {media.Video, []step{v(0, avcHeader), v(0, avcIDR), v(40, avcSlice), v(41, aacHeader), v(42, aacFrame)}, []string{"start [avc]", "0@0", "0@40", "start [avc aac]", "1@42"}},
		"metadata lies":             {media.Audio, []step{v(0, avcHeader), v(0, avcIDR), v(1, aacHeader), v(2, aacFrame)}, []string{"start [avc aac]", "0@0", "1@2"}},
		"audio before its header":   {"", []step{v(0, avcHeader), v(0, aacFrame), v(0, avcIDR), v(20, aacHeader), v(20, aacFrame)}, []string{"dropped", "start [avc aac]", "0@0", "1@20"}},
		"malformed":                 {"", []step{v(0, avcHeader), v(0, aacHeader), v(0, []byte{0x17, 1, 0}), v(0, avcIDR), v(20, aacFrame)}, []string{"dropped", "start [avc aac]", "0@0", "1@20"}},
		"header changes while held": {"", []step{v(0, avcHeader), v(0, avcIDR), v(1, avcHeader2), v(2, avcIDR), v(3, aacHeader), v(3, aacFrame)}, []string{"dropped", "start [avc aac]", "0@2", "1@3"}},
	} {
		r := &recorder{}
		d := &discovery{feed: r, now: time.Now, meta: metadata{only: c.only}}
		for _, s := range c.steps {
			typ := typeVideo
			if s.body[0]>>4 == soundAAC {
				typ = typeAudio
			}
			if err := d.media(message{Type: typ, Time: s.time, Body: s.body}); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(r.said, c.want) {
			t.Errorf("%s: %q, want %q", name, r.said, c.want)
		}
	}
}

// A feed that never makes clear what it has is announced when too much is held.
func TestDiscoveryIsBounded(t *testing.T) {
	t.Parallel()
	r := &recorder{}
	d := &discovery{feed: r, now: time.Now}
	send := func(ms uint32, body []byte) {
		if err := d.media(message{Type: typeVideo, Time: ms, Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	send(0, avcHeader)
	for i := range uint32(holdSamples) {
		send(i, avcIDR)
	}
	if !d.announced || len(r.said) != holdSamples+1 {
		t.Errorf("%d calls after %d samples", len(r.said), holdSamples)
	}
}
