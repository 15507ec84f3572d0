package subtitle

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// strict is how documents are read that are pushed.
var strict = Rules{Cues: 1000}

func TestWebVTT(t *testing.T) {
	t.Parallel()
	doc := "\uFEFFWEBVTT - news\r\nX-TIMESTAMP-MAP=LOCAL:00:00:10.000,MPEGTS:450000\r\n\r\nSTYLE\n::cue { color: red }\n\nNOTE\nnot shown\n\n" +
		"one\n00:01.500 --> 00:00:03.000\tline:0  align:left\nHello\n<b>you</b>\n\n\n99:00:00.000 --> 123456:59:59.999\rWorld\r\r2\n00:10.000 --> 00:11.000\n \n"
	d, err := WebVTT(doc, strict)
	require.NoError(t, err)
	assert.Equal(t, []media.Line{
		{Start: 1500 * time.Millisecond, End: 3 * time.Second, ID: "one", Settings: "line:0 align:left", Text: "Hello\n<b>you</b>"},
		{Start: 99 * time.Hour, End: 123456*time.Hour + 59*time.Minute + 59*time.Second + 999*time.Millisecond, Text: "World"},
	}, d.Cues)
	assert.True(t, d.Stamped)
	assert.EqualValues(t, 1<<33-450000, d.Stamp, "5 s less 10 s, before the wrap")
	d, err = WebVTT("WEBVTT", strict)
	require.NoError(t, err)
	assert.Equal(t, &Document{Header: "WEBVTT"}, d)
}

func TestWebVTTNamesTheLine(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]string{
		"":                                      "line 1 is not WEBVTT",
		"1\n00:00:01,000 --> x":                 "line 1 is not WEBVTT",
		"WEBVTTX\n":                             "line 1 is not WEBVTT",
		"WEBVTT\n\n1\ntext\n":                   `block from line 3: "text" is no timing`,
		"WEBVTT\n\n00:01.000 --> 1\n":           `block from line 3: "1" is no time, write it like 00:01:02.500`,
		"WEBVTT\n\n\n00:61.000 --> 02:00.000\n": `block from line 4: "00:61.000" is no time, write it like 00:01:02.500`,
		"WEBVTT\n\n00:00:01,000 --> 00:00:02,000\nSRT\n":                               `block from line 3: "00:00:01,000" is no time, write it like 00:01:02.500`,
		"WEBVTT\n\n00:02.000 --> 00:01.000\nx\n":                                       "block from line 3: a cue ends at 00:01.000 and begins at 00:02.000",
		"WEBVTT\n\n00:01.000 --> 00:02.000\nx\n00:03.000 --> 00:04.000\n":              `block from line 3: "00:03.000 --> 00:04.000": a cue has no arrow in its text; an empty line stands between cues`,
		"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:8589934592,LOCAL:00:00:00.000\n\n":             "line 2: MPEGTS of \"8589934592\" is no number below 2^33",
		"WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000\n\n":                               "line 2: X-TIMESTAMP-MAP without MPEGTS",
		"WEBVTT\n\n" + strings.Repeat("00:01.000 --> 00:02.000\nx\n\n", strict.Cues+1): "block from line 3003: more than 1000 cues",
		"WEBVTT\n\n1\n00:01.000 --> 00:02.000\n" + strings.Repeat("x", maxCue):         "block from line 3: a cue of 4097 bytes, 4096 are taken",
		"WEBVTT\n\n" + strings.Repeat("x\n", maxBlock+1):                               "block from line 3: more than 16384 lines",
	} {
		_, err := WebVTT(doc, strict)
		require.ErrorIs(t, err, ErrWebVTT, "%.60q", doc)
		assert.Equal(t, ErrWebVTT.Error()+": "+want, err.Error())
	}
}

// What players take is taken from files too, and what concerns all cues stays together.
func TestWebVTTOfFiles(t *testing.T) {
	t.Parallel()
	d, err := WebVTT("\uFEFFWEBVTT Fox\nKind: captions\nLanguage: pt-BR\n\nREGION\nid:fred\n\nNOTE of the author\n\nSTYLE \n::cue {\n  color: red\n}\n\n"+
		"00:03.000 --> 00:02.000\nbackward\n\n00:01.000 --> 00:02.000 region:fred\nx\n00:03.000 --> 00:04.000\ny\n\nSTYLE\n::cue { color: blue }\n", Rules{Cues: 10, Loose: true})
	require.NoError(t, err)
	assert.Equal(t, &Document{
		Header: "WEBVTT Fox\nKind: captions\nLanguage: pt-BR\n\nREGION\nid:fred\n\nSTYLE \n::cue {\n  color: red\n}", Language: "pt-BR", Backward: 1,
		Cues: []media.Line{
			{Start: time.Second, End: 2 * time.Second, Settings: "region:fred", Text: "x"},
			{Start: 3 * time.Second, End: 4 * time.Second, Text: "y"},
		},
	}, d)
}

func FuzzWebVTT(f *testing.F) {
	f.Add("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:10.000,MPEGTS:450000\n\nid\n00:01.500 --> 00:00:03.000 line:0\nHello\n\nNOTE x\n", true)
	f.Add("WEBVTT -->", true)
	f.Add("WEBVTT\r\r00:00.000-->00:00.001\rx", false)
	f.Fuzz(func(t *testing.T, text string, loose bool) {
		d, err := WebVTT(text, Rules{Cues: 100, Loose: loose})
		if err != nil {
			require.ErrorIs(t, err, ErrWebVTT)
			return
		}
		check(t, d)
	})
}

// check tells whether a document holds what its doc comments say.
func check(t *testing.T, d *Document) {
	t.Helper()
	if len(d.Cues) > 100 || d.Stamp < 0 || d.Stamp >= 1<<33 || !strings.HasPrefix(d.Header, signature) || strings.Contains(d.Header, arrow) {
		t.Fatalf("%d cues, stamp %d, header %q", len(d.Cues), d.Stamp, d.Header)
	}
	for _, c := range d.Cues {
		if c.Start < 0 || c.End <= c.Start || c.Text == "" || len(c.Text) > maxCue || strings.Contains(c.Text, "\n\n") ||
			strings.ContainsAny(c.ID+c.Settings, "\n\r") || strings.Contains(c.Text, arrow) {
			t.Fatalf("%+v", c)
		}
	}
}
