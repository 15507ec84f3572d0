package packager

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

func wvttFormat(scale uint32) media.Format {
	return media.Format{Codec: media.WVTT, Clock: media.Clock{Timescale: scale}, Language: "en"}
}

func stppFormat(scale uint32) media.Format {
	return media.Format{
		Codec: media.STPP, Clock: media.Clock{Timescale: scale}, Language: "sv", Config: []byte(schemaTTML + "\x00\x00\x00"),
	}
}

// text adds a sample that arrives when it ends.
func (y *synth) text(track int, from, to time.Duration, data string) {
	late := len(y.events)
	y.add(track, from, from, to, true, 0)
	e := &y.events[late]
	e.s.Data, e.s.Duration = []byte(data), media.FromDuration(to-from, y.formats[track].Clock.Timescale)
}

var pal = media.Fraction{Num: 25, Den: 1}

// said are the samples of a track, each with what it says, from when to when, in seconds since the beginning of the first run.
func said(r *recorder, track string) (all []string) {
	start := r.runs[0].Start
	for _, s := range r.samples {
		if s.track != track {
			continue
		}
		from := s.pts.Time(s.scale).Sub(start)
		to := (s.pts + s.duration).Time(s.scale).Sub(start)
		all = append(all, from.Round(time.Millisecond).String()+"–"+to.Round(time.Millisecond).String()+" "+string(s.data))
	}
	return all
}

func packaged(t *testing.T, y *synth, before func(p *Packager, now time.Time)) (*recorder, *Packager) {
	t.Helper()
	rec := newRecorder(t, Resume{})
	p, err := New(Config{Segment: 2 * time.Second, Chunk: 200 * time.Millisecond}, Resume{}, rec)
	require.NoError(t, err)
	require.NoError(t, p.Start(y.formats, epoch))
	now := epoch
	for _, e := range y.sorted() {
		now = epoch.Add(e.arrival)
		if before != nil {
			before(p, now)
		}
		require.NoError(t, p.Write(e.s, now))
	}
	require.NoError(t, p.Flush(now))
	rec.complete()
	return rec, p
}

// Text is in every row, cut where video is; where nothing is said an empty sample says so.
func TestTextFollowsVideo(t *testing.T) {
	t.Parallel()
	y := &synth{formats: []media.Format{avcFormat(90000, 0), aacFormat(48000, 48000, 0), wvttFormat(1000)}, base: 100 * time.Second}
	y.video(0, 0, 8*time.Second, pal, 50, false)
	y.audio(1, 0, 8*time.Second, 48000)
	y.text(2, 0, 2*time.Second, "zero")
	y.text(2, 2*time.Second, 3500*time.Millisecond, "two")
	y.text(2, 3500*time.Millisecond, 5*time.Second, "three")
	rec, _ := packaged(t, y, nil)
	require.Len(t, rec.runs, 1)
	track, ok := rec.runs[0].Track("t1")
	require.True(t, ok)
	assert.Equal(t, media.Track{
		Name: "t1", Kind: media.Text, Codec: media.WVTT, Codecs: "wvtt", Timescale: 90000, Language: "en", Init: 1,
	}, track)
	assert.Equal(t, []string{
		"0s–2s zero", "2s–3.5s two", "3.5s–4s three", "4s–5s three", "5s–6s " + string(emptyWVTT), "6s–8s " + string(emptyWVTT),
	}, said(rec, "t1"))
}

// A text track that never says a word costs one wait, and then nothing.
func TestSilentTextDelaysOneRowAtMost(t *testing.T) {
	t.Parallel()
	y := &synth{formats: []media.Format{avcFormat(90000, 0), wvttFormat(90000)}}
	y.video(0, 0, 20*time.Second, pal, 50, false)
	closed := make(map[uint64]time.Duration) // of each row: how far the lead was when its text was closed
	rec := newRecorder(t, Resume{})
	p, err := New(Config{Segment: 2 * time.Second}, Resume{}, rec)
	require.NoError(t, err)
	require.NoError(t, p.Start(y.formats, epoch))
	for _, e := range y.sorted() {
		require.NoError(t, p.Write(e.s, epoch.Add(e.arrival)))
		for _, end := range rec.ends {
			if _, seen := closed[end.Segment]; !seen && end.Track == "t1" {
				closed[end.Segment] = e.arrival
			}
		}
	}
	for row, at := range closed {
		wait := at - time.Duration(row+1)*2*time.Second
		assert.LessOrEqual(t, wait, map[bool]time.Duration{true: 2100 * time.Millisecond, false: 200 * time.Millisecond}[row == 0], "row %d", row)
	}
	assert.GreaterOrEqual(t, len(closed), 8)
	require.NoError(t, p.Flush(epoch.Add(20*time.Second)))
}

// Documents of XML have times on their track's timeline: they move with it to the timeline of the channel.
func TestDocumentsMoveToTheChannelTimeline(t *testing.T) {
	t.Parallel()
	y := &synth{formats: []media.Format{avcFormat(90000, 0), stppFormat(1000)}}
	y.video(0, 0, 4*time.Second, pal, 50, false)
	y.text(1, 0, 2*time.Second, `<tt xmlns="http://www.w3.org/ns/ttml"><body><div><p begin="00:00:00.500" end="00:00:01.500">Hej</p></div></body></tt>`)
	rec, _ := packaged(t, y, nil)
	track, _ := rec.runs[0].Track("t1")
	assert.Equal(t, "stpp.ttml.im1t", track.Codecs)
	require.NotEmpty(t, rec.samples)
	var first outSample
	for _, s := range rec.samples {
		if s.track == "t1" {
			first = s
			break
		}
	}
	from := first.pts.Duration(first.scale) + 500*time.Millisecond
	assert.Contains(t, string(first.data), `begin="`+string(appendClock(nil, from))+`"`)
	assert.Contains(t, string(first.data), `end="`+string(appendClock(nil, from+time.Second))+`"`)
}

// What is pushed beside a feed is a track of its own from the next border on.
func TestPushedSubtitles(t *testing.T) {
	t.Parallel()
	y := &synth{formats: []media.Format{avcFormat(90000, 1<<33), aacFormat(48000, 90000, 1<<33)}, base: 95443 * time.Second} // near the wrap
	y.video(0, 0, 12*time.Second, pal, 50, false)
	y.audio(1, 0, 12*time.Second, 48000)
	step := 0
	rec, p := packaged(t, y, func(p *Packager, now time.Time) {
		at := now.Sub(epoch)
		switch {
		case step == 0 && at >= time.Second:
			require.NoError(t, p.Subtitles(media.Subtitles{Language: "de", Origin: epoch, Lines: []media.Line{
				{Start: 2500 * time.Millisecond, End: 5 * time.Second, Text: "eins", Settings: "line:0"},
				{Start: 4500 * time.Millisecond, End: 5500 * time.Millisecond, Text: "zwei", ID: "2"},
			}}, now))
			step++
		case step == 1 && at >= 3*time.Second:
			// Again, by the feed's clock, which has wrapped: the first cue is known, the second has another text now.
			stamp := media.FromDuration(95443*time.Second, 90000) % (1 << 33)
			require.NoError(t, p.Subtitles(media.Subtitles{Language: "DE", Stamped: true, Stamp: stamp, Lines: []media.Line{
				{Start: 2500 * time.Millisecond, End: 5 * time.Second, Text: "eins", Settings: "line:0"},
				{Start: 4500 * time.Millisecond, End: 5500 * time.Millisecond, Text: "ZWEI", ID: "2"},
				{Start: time.Second, End: 1900 * time.Millisecond, Text: "past"},
			}}, now))
			step++
		}
	})
	require.Len(t, rec.runs, 2)
	assert.Len(t, rec.runs[0].Tracks, 2)
	require.Len(t, rec.runs[1].Tracks, 3)
	assert.Equal(t, "de", rec.runs[1].Tracks[2].Language)
	assert.EqualValues(t, 1, p.Stats().LateLines)
	got := strings.Join(said(rec, "t1"), "\n")
	got = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' {
			return '.'
		}
		return r
	}, got)
	assert.Equal(t, strings.Join([]string{
		"2s–2.5s ....vtte",
		"2.5s–4s ....vttc....vsid........sttgline:0....payleins",
		"4s–4.5s ....vttc....vsid........sttgline:0....payleins",
		"4.5s–5s ....vttc....vsid........sttgline:0....payleins...)vttc....vsid........iden2....paylZWEI",
		"5s–5.5s ...)vttc....vsid........iden2....paylZWEI",
		"5.5s–6s ....vtte", "6s–8s ....vtte", "8s–10s ....vtte", "10s–12s ....vtte",
	}, "\n"), got)
}

func TestPushedSubtitlesAreBounded(t *testing.T) {
	t.Parallel()
	y := &synth{formats: []media.Format{avcFormat(90000, 0)}}
	y.video(0, 0, 4*time.Second, pal, 50, false)
	p, err := New(Config{Segment: 2 * time.Second}, Resume{}, newRecorder(t, Resume{}))
	require.NoError(t, err)
	one := media.Subtitles{Language: "en", Origin: epoch, Lines: []media.Line{{Start: time.Second, End: 2 * time.Second, Text: "x"}}}
	require.ErrorIs(t, p.Subtitles(one, epoch), ErrNotOnAir)
	require.NoError(t, p.Start(y.formats, epoch))
	for _, e := range y.sorted() {
		require.NoError(t, p.Write(e.s, epoch.Add(e.arrival)))
	}
	now := epoch.Add(4 * time.Second)
	with := func(change func(*media.Line)) media.Subtitles {
		l := media.Line{Start: 4 * time.Second, End: 5 * time.Second, Text: "x"}
		change(&l)
		return media.Subtitles{Language: "en", Origin: epoch, Lines: []media.Line{l}}
	}
	require.NoError(t, p.Subtitles(with(func(*media.Line) {}), now))
	require.ErrorIs(t, p.Subtitles(with(func(l *media.Line) { l.Text = strings.Repeat("x", maxLineBytes) }), now), ErrSubtitles)
	require.ErrorIs(t, p.Subtitles(with(func(l *media.Line) { l.Start, l.End = 20*time.Minute, 21*time.Minute }), now), ErrSubtitles)
	require.ErrorIs(t, p.Subtitles(with(func(l *media.Line) { l.End = 2 * time.Hour }), now), ErrSubtitles)
	many := media.Subtitles{Language: "en", Origin: epoch}
	for i := range maxLines {
		many.Lines = append(many.Lines, media.Line{Start: 5 * time.Second, End: 6 * time.Second, Text: strconv.Itoa(i)})
	}
	require.ErrorIs(t, p.Subtitles(many, now), ErrSubtitles)
	for _, language := range []string{"b1", "b2", "b3", "b4", "b5", "b6", "b7"} {
		one.Language = language
		require.NoError(t, p.Subtitles(one, now))
	}
	one.Language = "b8"
	require.ErrorIs(t, p.Subtitles(one, now), ErrSubtitles)
	require.NoError(t, p.Flush(now))
}

func TestDescribeText(t *testing.T) {
	t.Parallel()
	clock := media.Clock{Timescale: 1000}
	mime := "\x00\x00\x00\x2emime\x00\x00\x00\x00application/ttml+xml;codecs=im2t\x00"
	for _, tc := range []struct {
		name   string
		f      media.Format
		codecs string
		err    error
	}{
		{"wvtt", media.Format{Codec: media.WVTT, Clock: clock, Config: []byte("WEBVTT\n\nSTYLE\n::cue { color: red }")}, "wvtt", nil},
		{"no header", media.Format{Codec: media.WVTT, Clock: clock, Config: []byte("hello")}, "", ErrConfig},
		{"imsc", media.Format{Codec: media.STPP, Clock: clock, Config: []byte(schemaTTML + "\x00\x00\x00")}, "stpp.ttml.im1t", nil},
		{"imsc 1.1", media.Format{Codec: media.STPP, Clock: clock, Config: []byte(schemaTTML + "\x00\x00\x00" + mime)}, "stpp.ttml.im2t", nil},
		{"images", media.Format{Codec: media.STPP, Clock: clock, Config: []byte(schemaTTML + "\x00\x00image/png\x00")}, "", ErrUnsupported},
		{"cut off", media.Format{Codec: media.STPP, Clock: clock, Config: []byte(schemaTTML + "\x00")}, "", ErrConfig},
		{"other", media.Format{Codec: media.STPP, Clock: clock, Config: []byte("urn:x\x00\x00\x00")}, "", ErrUnsupported},
	} {
		d, err := describe(tc.f)
		require.ErrorIs(t, err, tc.err, tc.name)
		if tc.err != nil {
			continue
		}
		assert.Equal(t, tc.codecs, d.Codecs, tc.name)
		head, err := header(&d)
		require.NoError(t, err, tc.name)
		assert.True(t, bytes.Contains(head, []byte(d.entry+"\x00\x00\x00\x00\x00\x00\x00\x01"+string(d.payload))), tc.name)
	}
}

// A language that is configured is there from the beginning: its first push breaks nothing.
func TestConfiguredSubtitlesAreThereFromTheBeginning(t *testing.T) {
	t.Parallel()
	y := &synth{formats: []media.Format{aacFormat(48000, 48000, 0)}} // sound leads
	y.audio(0, 0, 8*time.Second, 48000)
	rec := newRecorder(t, Resume{})
	p, err := New(Config{Segment: 2 * time.Second}, Resume{}, rec)
	require.NoError(t, err)
	require.NoError(t, p.Languages([]string{"en", "de"}))
	require.NoError(t, p.Start(y.formats, epoch))
	for i, e := range y.sorted() {
		require.NoError(t, p.Write(e.s, epoch.Add(e.arrival)))
		if i == 100 {
			require.NoError(t, p.Subtitles(media.Subtitles{Language: "de", Origin: epoch, Lines: []media.Line{
				{Start: 3 * time.Second, End: 4 * time.Second, Text: "drei"},
			}}, epoch.Add(e.arrival)))
		}
	}
	require.NoError(t, p.Flush(epoch.Add(8*time.Second)))
	rec.complete()
	require.Len(t, rec.runs, 1)
	require.Len(t, rec.runs[0].Tracks, 3)
	assert.Equal(t, "de", rec.runs[0].Tracks[2].Language)
	spoken := 0
	for _, s := range rec.samples {
		if strings.Contains(string(s.data), "drei") {
			assert.Equal(t, "t2", s.track)
			spoken++
		}
	}
	assert.Positive(t, spoken)
	require.ErrorIs(t, p.Languages([]string{"not a tag"}), ErrConfig)
}
