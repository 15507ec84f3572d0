package subtitle

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

var loose = Rules{Cues: 100, Loose: true}

func TestSubRip(t *testing.T) {
	t.Parallel()
	const text = "\uFEFF\r\n1\r\n00:00:01,000 --> 00:00:02,500  X1:10 X2:20\r\n<I>Tom</I> & <font color=\"red\">Jerry</font>\r\n{\\an8}\r\n\r\nat last\r\n" +
		"2\r\n00:00:03.5 --> 0:00:04,25\r\n{\\i1\\an9}x < y -> z &amp; {so} it is\r\n\r\n" + // no empty line, odd digits
		"00:00:05,000 --> 00:00:06,000\r\n1984\r\n\r\n" + // no number
		"4\r\n00:00:08,000 --> 00:00:07,000\r\nbackward\r\n\r\n" +
		"5\r\n00:00:08,000 --> 00:00:09,000\r\n \r\n\r\n" + // says nothing
		"6\r\n\r\n101:00:08,000 --> 101:00:09,000\r\nlook --> there\r\n7\r\n"
	require.True(t, IsSubRip(text))
	d, err := SubRip(text, loose)
	require.NoError(t, err)
	assert.Equal(t, &Document{Header: "WEBVTT", Backward: 1, Cues: []media.Line{
		{Start: time.Second, End: 2500 * time.Millisecond, Text: "<i>Tom</i> &amp; Jerry\nat last", Settings: "line:0"},
		{Start: 3500 * time.Millisecond, End: 4250 * time.Millisecond, Text: "x &lt; y -&gt; z &amp; {so} it is", Settings: "line:0 position:100% align:right"},
		{Start: 5 * time.Second, End: 6 * time.Second, Text: "1984"},
		{Start: 101*time.Hour + 8*time.Second, End: 101*time.Hour + 9*time.Second, Text: "look --&gt; there\n7"},
	}}, d)
}

func TestSubRipNamesTheLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                       "there is no timing in it",
		"hello\n\n00:00:01,000 --> 00:00:02,000": `"hello" stands before the first timing`,
		"1\n00:00:01,000 --> x\nhello":           `line 2: "x" is no time, write it like 00:01:02,500`,
		"1\n00:00:01,000 --> 00:00:02,000\nx\n\n2\n00:60:01,000 --> 00:61:02,000\n": `line 6: "00:60:01,000" is no time, write it like 00:01:02,500`,
		"1\n00:00:01,000 --> 00:00:02,000\n" + strings.Repeat("x", maxCue+1):        "line 2: a cue of 4097 bytes, 4096 are taken",
		"1\n00:00:01,000 --> 00:00:02,000\n" + strings.Repeat("x\n", maxRaw/2+1):    "line 32771: no timing for 65536 bytes",
		strings.Repeat("1\n00:00:01,000 --> 00:00:02,000\nx\n\n", loose.Cues+1):     "line 402: more than 100 cues",
		strings.Repeat("\n", maxRaw) + "1\n00:00:01,000 --> 00:00:02,000\nx\n":      "line 65537: no timing for 65536 bytes",
		"00:00:01,000000000000 --> 00:00:02,000\n":                                  `line 1: "00:00:01,000000000000" is no time, write it like 00:01:02,500`,
	} {
		_, err := SubRip(text, loose)
		require.ErrorIs(t, err, ErrSubRip, "%.60q", text)
		assert.Equal(t, ErrSubRip.Error()+": "+want, err.Error())
	}
	_, err := SubRip("00:00:02,000 --> 00:00:01,000\nx", Rules{Cues: 1})
	require.EqualError(t, err, "not a SubRip document: line 1: a cue ends before it begins")
}

func TestDocumentsAreKnownByTheirBeginning(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]bool{
		"WEBVTT": {true, false}, "\uFEFFWEBVTT\r\n": {true, false}, "WEBVTT - x": {true, false}, "WEBVTTX": {false, false}, "": {false, false},
		"1\n00:00:01,000 --> 00:00:02,000": {false, true}, "\uFEFF\n\n1\r\n\r\n0:00:01 --> 0:00:02\r\n": {false, true},
		"00:00:01,000 --> 00:00:02,000\nx": {false, true}, "1\n2\n00:00:01,000 --> 00:00:02,000": {false, false},
		"1\nhello\n00:00:01,000 --> 00:00:02,000": {false, false}, "1\n1 --> 2": {false, false}, "fLaC": {false, false}, "1": {false, false},
	} {
		assert.Equal(t, want, [2]bool{IsWebVTT(text), IsSubRip(text)}, "%q", text)
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string][2]string{
		"h\u00e9":                          {"h\u00e9", UTF8},
		"\uFEFFh\u00e9\xff":                {"h\u00e9\uFFFD", UTF8},
		"h\xe9 \x80 \x81":                  {"h\u00e9 \u20ac \uFFFD", Windows1252},
		"\xff\xfeh\x00\xe9\x00":            {"h\u00e9", UTF16},
		"\xfe\xff\x00h\x00\xe9\xd8":        {"h\u00e9\uFFFD", UTF16},
		"\xff\xfe\x3d\xd8\x00\xde\x3d\xd8": {"\U0001F600\uFFFD", UTF16},
		"":                                 {"", UTF8},
	} {
		text, name := Decode([]byte(raw))
		assert.Equal(t, want, [2]string{text, name}, "%q", raw)
	}
}

func FuzzSubRip(f *testing.F) {
	f.Add([]byte("1\n00:00:01,000 --> 00:00:02,500\n<i>Tom</i> & <font>Jerry{\\an8}\n\n2\n00:00:03,000 --> 00:00:04,000\nx"))
	f.Add([]byte("\xff\xfe1\x00\n\x000\x00:\x000\x00-\x00-\x00>\x00"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		text, _ := Decode(raw)
		IsSubRip(text)
		d, err := SubRip(text, loose)
		if err != nil {
			require.ErrorIs(t, err, ErrSubRip)
			return
		}
		check(t, d)
	})
}
