package bus

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir/internal/media"
)

func TestMessagesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := address{
			Track:   rapid.StringMatching(`[a-z0-9]{1,16}`).Draw(t, "track"),
			Segment: rapid.Uint64Range(0, maxNumber).Draw(t, "segment"),
			End:     rapid.Bool().Draw(t, "end"),
			Part:    -1,
		}
		h := header{
			Epoch:     rapid.Uint64Range(0, maxNumber).Draw(t, "epoch"),
			Run:       rapid.Uint64Range(0, maxNumber).Draw(t, "run"),
			Start:     media.Ticks(rapid.Int64Range(0, maxTicks).Draw(t, "start")),
			Duration:  media.Ticks(rapid.Int64Range(0, maxTicks).Draw(t, "duration")),
			Timescale: rapid.Uint32Range(1, math.MaxUint32).Draw(t, "timescale"),
			Init:      rapid.Uint32().Draw(t, "init"),
		}
		if ns := rapid.Int64Range(0, math.MaxInt64-int64(time.Second)).Draw(t, "wall"); ns > 0 {
			h.Wall = time.Unix(0, ns).UTC()
		}
		if rapid.Bool().Draw(t, "anchored") {
			h.Anchor = media.Anchor{
				Segment: rapid.Uint64Range(0, maxNumber).Draw(t, "row"),
				Start:   time.Unix(0, rapid.Int64Range(1<<60, 1<<61).Draw(t, "at")).UTC(),
				Shift:   time.Duration(rapid.Int64Range(1-1<<60, 1<<60).Draw(t, "shift")),
			}
		}
		var data []byte
		if a.End {
			if h.Chunks = rapid.IntRange(0, maxIndex+1).Draw(t, "chunks"); h.Chunks > 0 {
				h.Bytes, h.Checksum = rapid.Int64Range(0, maxSegment).Draw(t, "bytes"), rapid.Uint32().Draw(t, "checksum")
			}
			h.Captions = media.Captions(rapid.SampledFrom([]uint64{0, 1, 5, 1<<36 - 1}).Draw(t, "captions"))
			if h.Bytes > 0 && rapid.Bool().Draw(t, "keys") {
				h.Independent = true
				h.Key = int(rapid.Int64Range(0, min(h.Bytes, maxChunk)).Draw(t, "key"))
				h.Keys = rapid.Int64Range(int64(h.Key), h.Bytes).Draw(t, "all keys")
			}
			h.Rate.Average = rapid.IntRange(0, maxNumber).Draw(t, "average")
			h.Rate.Peak = rapid.IntRange(h.Rate.Average, maxNumber).Draw(t, "peak")
		} else {
			a.Chunk = rapid.IntRange(0, maxIndex).Draw(t, "chunk")
			h.Independent = rapid.Bool().Draw(t, "independent")
			if n := rapid.IntRange(1, maxParts).Draw(t, "parts"); n > 1 {
				h.Parts = n
				a.Part = rapid.IntRange(0, n-1).Draw(t, "part")
			}
			data = rapid.SliceOfN(rapid.Byte(), 1, 100).Draw(t, "data")
			if h.Independent {
				h.Key = rapid.IntRange(0, len(data)).Draw(t, "key")
			}
		}
		value, err := h.encode(a.End)
		require.NoError(t, err)
		require.LessOrEqual(t, len(value), maxHeader)
		m, err := decodeMessage("news", a.subject("news"), value, data)
		require.NoError(t, err)
		require.Equal(t, message{address: a, header: h, Data: data}, m)
		if a.End {
			require.Equal(t, h, endHeader(h.Epoch, m.end()))
			return
		}
		whole := h
		whole.Parts = 0
		require.Equal(t, whole, chunkHeader(h.Epoch, m.chunk(data)))
	})
}

// What the headers of stored messages look like: a change of this is a new version of the format.
func TestFormatOfHeaders(t *testing.T) {
	t.Parallel()
	anchor := media.Anchor{Segment: 4709, Start: timeline, Shift: -150 * time.Millisecond}
	for want, h := range map[string]header{
		"2,7,3,162000000360000,18000,90000,1,2,1800000004003000000,4709,1800000000000000000,-150000000,0,20480": {
			Epoch: 7, Run: 3, Start: 162000000360000, Duration: 18000, Timescale: 90000, Independent: true, Init: 2,
			Wall: timeline.Add(4003 * time.Millisecond), Anchor: anchor, Key: 20480,
		},
		"2,7,3,86400000192000,9600,48000,0,1,0,0,0,0,3,0": {
			Epoch: 7, Run: 3, Start: 86400000192000, Duration: 9600, Timescale: 48000, Init: 1, Parts: 3,
		},
	} {
		value, err := h.encode(false)
		require.NoError(t, err)
		require.Equal(t, want, value)
	}
	end := header{
		Epoch: 7, Run: 3, Start: 162000000360000, Duration: 180000, Timescale: 90000, Init: 2, Wall: timeline, Anchor: anchor,
		Chunks: 10, Bytes: 1250000, Checksum: 4023233417, Rate: media.Rate{Peak: 5400000, Average: 5000000},
	}
	value, err := end.encode(true)
	require.NoError(t, err)
	require.Equal(t, "2,7,3,162000000360000,180000,90000,0,2,1800000000000000000,4709,1800000000000000000,-150000000,"+
		"10,1250000,4023233417,5400000,5000000", value)
	end.Captions = media.Caption608(1) | media.Caption708(1)
	value, err = end.encode(true)
	require.NoError(t, err)
	require.Equal(t, "2,7,3,162000000360000,180000,90000,0,2,1800000000000000000,4709,1800000000000000000,-150000000,"+
		"10,1250000,4023233417,5400000,5000000,17", value)
	end.Captions, end.Independent, end.Key, end.Keys = 0, true, 60000, 90000
	value, err = end.encode(true)
	require.NoError(t, err)
	require.Equal(t, "2,7,3,162000000360000,180000,90000,1,2,1800000000000000000,4709,1800000000000000000,-150000000,"+
		"10,1250000,4023233417,5400000,5000000,0,60000,90000", value)
}

func TestMalformedMessagesAreRefused(t *testing.T) {
	t.Parallel()
	const (
		common = "2,7,0,100,10,90000,"
		anchor = "4711,1800000000000000000,-150000000,"
		chunk  = common + "1,1,1800000000000000000," + anchor + "0,1"
		end    = common + "0,1,0," + anchor + "3,400,12345,3000,2000"
		old    = "1,7,0,100,10,90000,1,1,1800000000000000000,0"
		oldEnd = "1,7,0,100,10,90000,0,1,0,3,400,12345"
	)
	for name, c := range map[string]struct{ subject, header, data string }{
		"another channel":      {"weir.live.other.v1.0.0", chunk, "x"},
		"longer channel":       {"weir.live.news2.v1.0.0", chunk, "x"},
		"no segment":           {"weir.live.news.v1", chunk, "x"},
		"no chunk":             {"weir.live.news.v1.0", chunk, "x"},
		"track in capitals":    {"weir.live.news.V1.0.0", chunk, "x"},
		"long track":           {"weir.live.news.v1234567890123456.0.0", chunk, "x"},
		"negative segment":     {"weir.live.news.v1.-1.0", chunk, "x"},
		"signed segment":       {"weir.live.news.v1.+1.0", chunk, "x"},
		"segment of 2^53":      {"weir.live.news.v1.9007199254740992.0", chunk, "x"},
		"leading zero":         {"weir.live.news.v1.01.0", chunk, "x"},
		"chunk over its bound": {"weir.live.news.v1.0.65536", chunk, "x"},
		"no captions told":     {"weir.live.news.v1.0.end", end + ",0", ""},
		"no keys told":         {"weir.live.news.v1.0.end", end + ",0,0,0", ""},
		"keys without a key":   {"weir.live.news.v1.0.end", end + ",0,30,40", ""},
		"less than one key":    {"weir.live.news.v1.0.end", "2,7,0,100,10,90000,1,1,0," + anchor + "3,400,12345,3000,2000,0,30,20", ""},
		"more keys than bytes": {"weir.live.news.v1.0.end", "2,7,0,100,10,90000,1,1,0," + anchor + "3,400,12345,3000,2000,0,30,500", ""},
		"unknown captions":     {"weir.live.news.v1.0.end", end + ",68719476736", ""},
		"token after end":      {"weir.live.news.v1.0.end.0", end, ""},
		"too many tokens":      {"weir.live.news.v1.0.0.0.0", chunk, "x"},
		"part of a whole":      {"weir.live.news.v1.0.0.0", chunk, "x"},
		"whole of parts":       {"weir.live.news.v1.0.0", common + "1,1,0,0,0,0,2,0", "x"},
		"part over their count": {
			"weir.live.news.v1.0.0.2", common + "1,1,0,0,0,0,2,0", "x",
		},
		"one part":             {"weir.live.news.v1.0.0.0", common + "1,1,0,0,0,0,1,0", "x"},
		"no payload":           {"weir.live.news.v1.0.0", chunk, ""},
		"payload of an end":    {"weir.live.news.v1.0.end", end, "x"},
		"no header":            {"weir.live.news.v1.0.0", "", "x"},
		"header of an end":     {"weir.live.news.v1.0.0", end, "x"},
		"later version":        {"weir.live.news.v1.0.0", "3" + chunk[1:], "x"},
		"version before its":   {"weir.live.news.v1.0.0", "1" + chunk[1:], "x"},
		"version after its":    {"weir.live.news.v1.0.0", "2" + old[1:], "x"},
		"old one of an end":    {"weir.live.news.v1.0.0", oldEnd, "x"},
		"unknown flag":         {"weir.live.news.v1.0.0", common + "2,1,0,0,0,0,0,0", "x"},
		"timescale of zero":    {"weir.live.news.v1.0.0", "2,7,0,100,10,0,1,1,0,0,0,0,0,0", "x"},
		"negative start":       {"weir.live.news.v1.0.0", "2,7,0,-100,10,90000,1,1,0,0,0,0,0,0", "x"},
		"start over 2^62":      {"weir.live.news.v1.0.0", "2,7,0,4611686018427387905,10,90000,1,1,0,0,0,0,0,0", "x"},
		"number over 64 bit":   {"weir.live.news.v1.0.0", "2,99999999999999999999,0,1,10,90000,1,1,0,0,0,0,0,0", "x"},
		"old one, over 64 bit": {"weir.live.news.v1.0.0", "1,99999999999999999999,0,1,10,90000,1,1,0,0", "x"},
		"gap with bytes":       {"weir.live.news.v1.0.end", common + "0,1,0,0,0,0,0,400,0,0,0", ""},
		"too many chunks":      {"weir.live.news.v1.0.end", common + "0,1,0,0,0,0,65537,400,0,0,0", ""},
		"key over the chunk":   {"weir.live.news.v1.0.0", common + "1,1,0,0,0,0,0,2", "x"},
		"key of no sync":       {"weir.live.news.v1.0.0", common + "0,1,0,0,0,0,0,1", "x"},
		"shift of minus zero":  {"weir.live.news.v1.0.0", common + "1,1,0,1,1800000000000000000,-0,0,0", "x"},
		"shift, no anchor":     {"weir.live.news.v1.0.0", common + "1,1,0,0,0,5,0,0", "x"},
		"row, no anchor":       {"weir.live.news.v1.0.0", common + "1,1,0,5,0,0,0,0", "x"},
		"shift before 1970":    {"weir.live.news.v1.0.0", common + "1,1,0,1,1800000000000000000,-1900000000000000000,0,0", "x"},
		"peak below average":   {"weir.live.news.v1.0.end", common + "0,1,0,0,0,0,3,400,12345,1999,2000", ""},
	} {
		_, err := decodeMessage("news", c.subject, c.header, []byte(c.data))
		require.ErrorIs(t, err, ErrMalformed, name)
	}
	for subject, header := range map[string]string{"v1.0.0": chunk, "v1.0.1": old, "v1.0.end": end, "v1.1.end": oldEnd} {
		var data []byte
		if header == chunk || header == old {
			data = []byte("x")
		}
		_, err := decodeMessage("news", "weir.live.news."+subject, header, data)
		require.NoError(t, err, header)
	}
}

// A stream that an older version has written stays readable.
func TestMessagesOfTheOldFormatAreRead(t *testing.T) {
	t.Parallel()
	m, err := decodeMessage("news", "weir.live.news.v1.4711.0", "1,7,3,100,10,90000,1,2,1800000000000000000,0", []byte("moof"))
	require.NoError(t, err)
	require.Equal(t, media.Chunk{
		Track: "v1", Segment: 4711, Run: 3, Init: 2, Start: 100, Duration: 10, Timescale: 90000, Independent: true, Wall: timeline,
		Data: []byte("moof"),
	}, m.chunk(m.Data))
	m, err = decodeMessage("news", "weir.live.news.v1.4711.end", "1,7,3,100,180000,90000,0,2,0,3,400000,12345", nil)
	require.NoError(t, err)
	require.Equal(t, media.SegmentEnd{
		Track: "v1", Segment: 4711, Run: 3, Init: 2, Start: 100, Duration: 180000, Timescale: 90000, Chunks: 3, Bytes: 400000,
		Checksum: 12345, Rate: media.Rate{Peak: 1_600_000, Average: 1_600_000},
	}, m.end(), "a rate was not measured: that of the segment stands for it")
}

func FuzzDecodeMessage(f *testing.F) {
	f.Add("weir.live.news.v1.4711.3", "1,7,0,100,10,90000,1,1,1800000000000000000,0", []byte("moof"))
	f.Add("weir.live.news.a1.4711.3.1", "1,7,0,100,10,48000,0,1,0,2", []byte("mdat"))
	f.Add("weir.live.news.v1.4711.end", "1,7,0,100,10,90000,0,1,0,3,400,12345", []byte(nil))
	f.Add("weir.live.news.v1.4711.3", "2,7,0,100,10,90000,1,1,1800000000000000000,4711,1800000000000000000,-150000000,0,4", []byte("moof"))
	f.Add("weir.live.news.a1.4711.3.1", "2,7,0,100,10,48000,1,1,0,0,0,0,2,7", []byte("mdat"))
	f.Add("weir.live.news.v1.4711.end", "2,7,0,100,10,90000,0,1,0,4711,1,9,3,400,12345,3000,2000", []byte(nil))
	f.Add("weir.live.news.v1.9007199254740992.end", "1,,,,,,,,,,,", []byte(nil))
	f.Fuzz(func(t *testing.T, subject, value string, data []byte) {
		m, err := decodeMessage("news", subject, value, data)
		if err != nil {
			require.ErrorIs(t, err, ErrMalformed)
			return
		}
		require.Equal(t, subject, m.subject("news"), "a message has one subject")
		again, err := m.encode(m.End)
		require.NoError(t, err)
		if strings.HasPrefix(value, "2,") {
			require.Equal(t, value, again, "and one header")
		}
		same, err := decodeHeader(again, m.End)
		require.NoError(t, err)
		require.Equal(t, m.header, same)
		require.GreaterOrEqual(t, int64(m.Start+m.Duration), int64(0))
	})
}
