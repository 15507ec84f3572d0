package packager

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/internal/media"
)

// steadyAudio is what a codec makes of one rate: a format, and frames of so many samples.
type steadyAudio struct {
	name    string
	format  media.Format
	samples int
	rate    int
	first   byte // of every frame
}

// asc is an AudioSpecificConfig of AAC-LC in stereo, or of HE-AAC at twice the rate.
func asc(index byte, extended int) []byte {
	if extended < 0 {
		return []byte{2<<3 | index>>1, index<<7 | 2<<3}
	}
	// 00101 iiii 0010 eeee 00010 …
	v := uint32(5)<<27 | uint32(index)<<23 | 2<<19 | uint32(extended)<<15 | 2<<10
	return []byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}
}

var steadyAudios = []steadyAudio{
	{"AAC 48000", media.Format{Codec: media.AAC, Config: asc(3, -1)}, 1024, 48000, 0},
	{"AAC 44100", media.Format{Codec: media.AAC, Config: asc(4, -1)}, 1024, 44100, 0},
	{"AAC 32000", media.Format{Codec: media.AAC, Config: asc(5, -1)}, 1024, 32000, 0},
	{"AAC 24000", media.Format{Codec: media.AAC, Config: asc(6, -1)}, 1024, 24000, 0},
	{"AAC 22050", media.Format{Codec: media.AAC, Config: asc(7, -1)}, 1024, 22050, 0},
	{"AAC 16000", media.Format{Codec: media.AAC, Config: asc(8, -1)}, 1024, 16000, 0},
	{"AAC 8000", media.Format{Codec: media.AAC, Config: asc(11, -1)}, 1024, 8000, 0},
	{"HE-AAC 48000", media.Format{Codec: media.AAC, Config: asc(6, 3)}, 2048, 48000, 0},
	{"HE-AAC 44100", media.Format{Codec: media.AAC, Config: asc(7, 4)}, 2048, 44100, 0},
	{"Opus", media.Format{Codec: media.Opus, Config: []byte{0, 2, 1, 0x38, 0, 0, 0xbb, 0x80, 0, 0, 0}}, 960, 48000, 31 << 3},
	{"AC-3", media.Format{Codec: media.AC3, Config: []byte{0x10, 0x3d, 0xc0}}, 1536, 48000, 0},
	{"MP3", media.Format{Codec: media.MP3, SampleRate: 44100, Channels: 2}, 1152, 44100, 0},
}

var steadyRates = []media.Fraction{
	{Num: 24000, Den: 1001},
	{Num: 24, Den: 1},
	{Num: 25, Den: 1},
	{Num: 30000, Den: 1001},
	{Num: 30, Den: 1},
	{Num: 50, Den: 1},
	{Num: 60000, Den: 1001},
	{Num: 60, Den: 1},
	{Num: 25, Den: 2},
	{Num: 10, Den: 1},
	{Num: 15, Den: 1},
	{Num: 1, Den: 1},
}

// steady packages a feed of constant rates, with true times rounded to its clock, by phase later.
type steady struct {
	scale   uint32
	rates   []media.Fraction // of video tracks
	claims  []media.Fraction // what their bitstreams say
	audio   *steadyAudio
	gop     int // frames
	phase   int // of the source's clock, in thousandths of a tick
	length  time.Duration
	nearest bool // timestamps are rounded to the nearest, else down
}

func (f steady) play(t failer, cfg Config) *recorder {
	rec := newRecorder(t, Resume{})
	rec.exact = f.scale == 90000 && len(f.rates) == 1 && f.rates[0] == fps25
	p, err := New(cfg, Resume{}, rec)
	if err != nil {
		t.Fatalf("new: %v", err)
	}
	y := &synth{}
	tick := func(n, frame, rate int) media.Ticks {
		t := n*frame*int(f.scale)*1000/rate + f.phase
		if f.nearest {
			t += 500
		}
		return media.Ticks(t / 1000)
	}
	add := func(track, n, frame, rate int, sync bool, first byte) bool {
		d := time.Duration(n * frame * int(time.Second) / rate)
		if d >= f.length {
			return false
		}
		ts := tick(n, frame, rate)
		data := append([]byte{first}, id(track, n, 12)...)
		y.events = append(y.events, event{s: media.Sample{Track: track, DTS: ts, PTS: ts, Sync: sync, Data: data}, arrival: d})
		return true
	}
	for i, r := range f.rates {
		y.formats = append(y.formats, avcFormat(f.scale, 0))
		for n := 0; add(i, n, int(r.Den), int(r.Num), n%f.gop == 0, 0); n++ {
		}
	}
	if a := f.audio; a != nil {
		format := a.format
		format.Clock.Timescale = f.scale
		y.formats = append(y.formats, format)
		for n := 0; add(len(f.rates), n, a.samples, a.rate, true, a.first); n++ {
		}
	}
	if err := p.Start(y.formats, epoch); err != nil {
		t.Fatalf("start: %v", err)
	}
	for i, c := range f.claims {
		p.tracks[i].rate = c
	}
	for _, e := range y.sorted() {
		if err := p.Write(e.s, epoch.Add(e.arrival)); err != nil {
			t.Fatalf("write: %v", err)
		}
	}
	if err := p.Flush(epoch.Add(f.length)); err != nil {
		t.Fatalf("flush: %v", err)
	}
	rec.complete()
	checkParts(t, rec)
	if st := p.Stats(); st.ShortChunks+st.LongChunks+st.LateFrames != 0 {
		t.Fatalf("%+v in %+v: %d chunks are counted as short, %d as long", f, cfg, st.ShortChunks, st.LongChunks)
	}
	return rec
}

// checkParts demands what players of low-latency HLS may rely on: no chunk is longer than Part, and only a segment's last is shorter
// than 85 % of it (RFC 8216bis, 4.4.4.9).
func checkParts(t failer, rec *recorder) {
	t.Helper()
	if len(rec.runs) != 1 {
		t.Fatalf("%d runs", len(rec.runs))
	}
	for _, s := range rec.samples {
		grain := 5 * time.Millisecond / 2
		if rec.exact {
			grain = 0
		}
		if d := (s.pts - s.dts).Duration(s.scale); d < -grain || d > grain {
			t.Fatalf("track %s: a sample at %d is decoded %v before", s.track, s.pts, d)
		}
	}
	before := map[string]media.Chunk{}
	for _, c := range rec.chunks {
		track, _ := rec.runs[0].Track(c.Track)
		if track.Part == 0 {
			continue
		}
		if d := c.Duration.Duration(c.Timescale); d > track.Part {
			t.Fatalf("chunk %s %d.%d lasts %v, more than %v", c.Track, c.Segment, c.Index, d, track.Part)
		}
		if b, ok := before[c.Track]; ok && b.Segment == c.Segment {
			if d := b.Duration.Duration(b.Timescale); d < track.Part*85/100 {
				t.Fatalf("chunk %s %d.%d lasts %v, less than 85 %% of %v", b.Track, b.Segment, b.Index, d, track.Part)
			}
		}
		before[c.Track] = c
	}
}

func TestPartsOfSteadyFeeds(t *testing.T) {
	t.Parallel()
	ms := time.Millisecond
	for _, tt := range []struct {
		rate  media.Fraction
		scale uint32
		chunk time.Duration
		want  time.Duration
	}{
		{fps25, 1000, 200 * ms, 200 * ms},
		{fps25, 90000, 200 * ms, 200 * ms},
		{media.Fraction{Num: 30, Den: 1}, 90000, 200 * ms, 200 * ms},
		{media.Fraction{Num: 30, Den: 1}, 1000, 200 * ms, 201 * ms}, // 29.97 would look the same
		{fps2997, 1000, 200 * ms, 201 * ms},
		{fps2997, 90000, 200 * ms, 201 * ms},
		{media.Fraction{Num: 24000, Den: 1001}, 90000, 200 * ms, 209 * ms},
		{media.Fraction{Num: 60, Den: 1}, 1000, 200 * ms, 201 * ms},
		{media.Fraction{Num: 25, Den: 2}, 90000, 200 * ms, 160 * ms},
		{media.Fraction{Num: 1, Den: 1}, 90000, 200 * ms, 1000 * ms},
		{fps25, 90000, 0, 0},
		{fps25, 90000, 2000 * ms, 2000 * ms},
	} {
		for _, claimed := range []media.Fraction{{}, tt.rate, {Num: 50, Den: 1}} {
			name := fmt.Sprintf("%v at %d in %v, said to be %v", tt.rate, tt.scale, tt.chunk, claimed)
			rec := steady{
				scale: tt.scale, rates: []media.Fraction{tt.rate}, claims: []media.Fraction{claimed}, gop: 50, length: 8 * sec,
				audio: &steadyAudios[0],
			}.play(t, Config{2 * sec, tt.chunk})
			if v := rec.runs[0].Tracks[0]; v.Part != tt.want {
				t.Errorf("%s: part of %v, want %v", name, v.Part, tt.want)
			}
			if a := rec.runs[0].Tracks[1]; tt.chunk == 200*ms && a.Part != 192*ms {
				t.Errorf("%s: part of audio is %v", name, a.Part)
			}
			for _, c := range rec.chunks {
				if tt.chunk == 0 && c.Index > 0 {
					t.Fatalf("%s: segment %d of %s has more than one chunk", name, c.Segment, c.Track)
				}
			}
		}
	}
}

func TestSteadyFeedsKeepTheirParts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := steady{
			scale:   rapid.SampledFrom([]uint32{1000, 1000, 90000, 1_000_000}).Draw(t, "scale"),
			phase:   rapid.IntRange(0, 999).Draw(t, "phase"),
			nearest: rapid.Bool().Draw(t, "nearest"),
			gop:     rapid.IntRange(1, 130).Draw(t, "gop"),
			length:  9 * sec,
		}
		if i := rapid.IntRange(-1, len(steadyRates)-1).Draw(t, "rate"); i >= 0 {
			for range rapid.IntRange(1, 2).Draw(t, "video tracks") {
				f.rates = append(f.rates, steadyRates[i])
				f.claims = append(f.claims, rapid.SampledFrom(append(steadyRates, media.Fraction{}, steadyRates[i])).Draw(t, "claim"))
			}
		}
		if i := rapid.IntRange(-1, len(steadyAudios)-1).Draw(t, "audio"); i >= 0 || len(f.rates) == 0 {
			f.audio = &steadyAudios[max(i, 0)]
		}
		cfg := Config{Segment: time.Duration(rapid.SampledFrom([]int{500, 1000, 2000, 4000, 6000}).Draw(t, "segment")) * time.Millisecond}
		cfg.Chunk = time.Duration(rapid.IntRange(50, 500).Draw(t, "chunk")) * time.Millisecond
		rec := f.play(t, cfg)
		if len(f.rates) < 2 {
			return
		}
		starts := map[string][]media.Ticks{}
		for _, c := range rec.chunks {
			starts[c.Track] = append(starts[c.Track], c.Start)
		}
		for i, at := range starts["v1"] {
			if i < len(starts["v2"]) && starts["v2"][i] != at {
				t.Fatalf("chunk %d of v1 begins at %d, that of v2 at %d", i, at, starts["v2"][i])
			}
		}
	})
}

// Frames that do not come at a constant rate still make chunks as good as they allow.
func TestIrregularFeedsKeepTheirParts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom(steadyRates[:7]).Draw(t, "rate")
		frame := time.Duration(uint64(rate.Den) * uint64(time.Second) / uint64(rate.Num))
		jitter := int(rapid.SampledFrom([]time.Duration{0, 2, 5}).Draw(t, "jitter"))
		lost := rapid.SampledFrom([]int{0, 30, 5}).Draw(t, "lost one in")
		late := rapid.SliceOfN(rapid.IntRange(0, jitter), 1, 100).Draw(t, "late")
		losses := rapid.SliceOfN(rapid.IntRange(0, lost), 1, 100).Draw(t, "losses") // 0: a frame is lost
		y := &synth{formats: []media.Format{avcFormat(1000, 0)}}
		at := time.Duration(0)
		for n := 0; at < 8*sec; n++ {
			d := at + time.Duration(late[n%len(late)])*time.Millisecond
			if lost == 0 || n%60 == 0 || losses[n%len(losses)] > 0 {
				y.add(0, d, d, d, n%60 == 0, 40)
			}
			at += frame
		}
		rec := newRecorder(t, Resume{})
		cfg := Config{2 * sec, 200 * time.Millisecond}
		p, err := New(cfg, Resume{}, rec)
		if err != nil {
			t.Fatalf("new: %v", err)
		}
		if err := y.run(p); err != nil {
			t.Fatalf("run: %v", err)
		}
		rec.complete()
		if err := checkChunks(rec, cfg.Chunk); err != nil {
			t.Fatalf("%v", err)
		}
		short := uint64(0)
		for i, c := range rec.chunks[1:] {
			if b := rec.chunks[i]; b.Segment == c.Segment && b.Duration.Duration(b.Timescale) < rec.runs[0].Tracks[0].Part*85/100 {
				short++
			}
		}
		if st := p.Stats(); st.ShortChunks != short || lost == 0 && short > 0 && jitter == 0 {
			t.Fatalf("%d chunks are short, %d are counted", short, st.ShortChunks)
		}
	})
}
