package subtitles

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

func TestParse(t *testing.T) {
	t.Parallel()
	doc := "\uFEFFWEBVTT - news\r\nX-TIMESTAMP-MAP=LOCAL:00:00:10.000,MPEGTS:450000\r\n\r\nSTYLE\n::cue { color: red }\n\nNOTE\nnot shown\n\n" +
		"one\n00:01.500 --> 00:00:03.000\tline:0  align:left\nHello\n<b>you</b>\n\n\n99:00:00.000 --> 123456:59:59.999\rWorld\r\r2\n00:10.000 --> 00:11.000\n \n"
	d, err := parse([]byte(doc))
	require.NoError(t, err)
	assert.Equal(t, []media.Line{
		{Start: 1500 * time.Millisecond, End: 3 * time.Second, ID: "one", Settings: "line:0 align:left", Text: "Hello\n<b>you</b>"},
		{Start: 99 * time.Hour, End: 123456*time.Hour + 59*time.Minute + 59*time.Second + 999*time.Millisecond, Text: "World"},
	}, d.cues)
	assert.True(t, d.stamped)
	assert.EqualValues(t, 1<<33-450000, d.stamp, "5 s less 10 s, before the wrap")
	d, err = parse([]byte("WEBVTT"))
	require.NoError(t, err)
	assert.Equal(t, &document{}, d)
}

func TestParseNamesTheLine(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]string{
		"":                                      "line 1 is not WEBVTT",
		"1\n00:00:01,000 --> x":                 "line 1 is not WEBVTT",
		"WEBVTTX\n":                             "line 1 is not WEBVTT",
		"WEBVTT\n\n1\ntext\n":                   `block from line 3: "text" is no timing`,
		"WEBVTT\n\n00:01.000 --> 1\n":           `block from line 3: "1" is no time, write it like 00:01:02.500`,
		"WEBVTT\n\n\n00:61.000 --> 02:00.000\n": `block from line 4: "00:61.000" is no time, write it like 00:01:02.500`,
		"WEBVTT\n\n00:00:01,000 --> 00:00:02,000\nSRT\n":                            `block from line 3: "00:00:01,000" is no time, write it like 00:01:02.500`,
		"WEBVTT\n\n00:02.000 --> 00:01.000\nx\n":                                    "block from line 3: a cue ends at 00:01.000 and begins at 00:02.000",
		"WEBVTT\n\n00:01.000 --> 00:02.000\nx\n00:03.000 --> 00:04.000\n":           `block from line 3: "00:03.000 --> 00:04.000": a cue has no arrow in its text; an empty line stands between cues`,
		"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:8589934592,LOCAL:00:00:00.000\n\n":          "line 2: MPEGTS of \"8589934592\" is no number below 2^33",
		"WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000\n\n":                            "line 2: X-TIMESTAMP-MAP without MPEGTS",
		"WEBVTT\n\n" + strings.Repeat("00:01.000 --> 00:02.000\nx\n\n", maxLines+1): "block from line 3003: more than 1000 cues",
		"WEBVTT\n\n\xff": "it has more than 262144 bytes, or is not UTF-8",
	} {
		_, err := parse([]byte(doc))
		require.ErrorIs(t, err, errWebVTT, "%.60q", doc)
		assert.Equal(t, errWebVTT.Error()+": "+want, err.Error())
	}
}

func FuzzParse(f *testing.F) {
	f.Add("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:10.000,MPEGTS:450000\n\nid\n00:01.500 --> 00:00:03.000 line:0\nHello\n\nNOTE x\n")
	f.Add("WEBVTT\r\r00:00.000-->00:00.001\rx")
	f.Fuzz(func(t *testing.T, doc string) {
		d, err := parse([]byte(doc))
		if err != nil {
			return
		}
		if len(d.cues) > maxLines || d.stamp < 0 || d.stamp >= 1<<33 {
			t.Fatalf("%d cues, stamp %d", len(d.cues), d.stamp)
		}
		for _, c := range d.cues {
			if c.Start < 0 || c.End <= c.Start || strings.Contains(c.Text, "\n\n") || strings.ContainsAny(c.ID+c.Settings, "\n\r") || strings.Contains(c.Text, "-->") {
				t.Fatalf("%+v", c)
			}
		}
	})
}
