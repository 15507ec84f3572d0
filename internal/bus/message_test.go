package bus

import (
	"math"
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
		var data []byte
		if a.End {
			if h.Chunks = rapid.IntRange(0, maxIndex+1).Draw(t, "chunks"); h.Chunks > 0 {
				h.Bytes, h.Checksum = rapid.Int64Range(0, maxSegment).Draw(t, "bytes"), rapid.Uint32().Draw(t, "checksum")
			}
		} else {
			a.Chunk = rapid.IntRange(0, maxIndex).Draw(t, "chunk")
			h.Independent = rapid.Bool().Draw(t, "independent")
			if n := rapid.IntRange(1, maxParts).Draw(t, "parts"); n > 1 {
				h.Parts = n
				a.Part = rapid.IntRange(0, n-1).Draw(t, "part")
			}
			data = rapid.SliceOfN(rapid.Byte(), 1, 100).Draw(t, "data")
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

func TestMalformedMessagesAreRefused(t *testing.T) {
	t.Parallel()
	const chunk, end = "1,7,0,100,10,90000,1,1,1800000000000000000,0", "1,7,0,100,10,90000,0,1,0,3,400,12345"
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
		"token after end":      {"weir.live.news.v1.0.end.0", end, ""},
		"too many tokens":      {"weir.live.news.v1.0.0.0.0", chunk, "x"},
		"part of a whole":      {"weir.live.news.v1.0.0.0", chunk, "x"},
		"whole of parts":       {"weir.live.news.v1.0.0", "1,7,0,100,10,90000,1,1,0,2", "x"},
		"part over their count": {
			"weir.live.news.v1.0.0.2", "1,7,0,100,10,90000,1,1,0,2", "x",
		},
		"one part":           {"weir.live.news.v1.0.0.0", "1,7,0,100,10,90000,1,1,0,1", "x"},
		"no payload":         {"weir.live.news.v1.0.0", chunk, ""},
		"payload of an end":  {"weir.live.news.v1.0.end", end, "x"},
		"no header":          {"weir.live.news.v1.0.0", "", "x"},
		"header of an end":   {"weir.live.news.v1.0.0", end, "x"},
		"another version":    {"weir.live.news.v1.0.0", "2" + chunk[1:], "x"},
		"unknown flag":       {"weir.live.news.v1.0.0", "1,7,0,100,10,90000,2,1,0,0", "x"},
		"timescale of zero":  {"weir.live.news.v1.0.0", "1,7,0,100,10,0,1,1,0,0", "x"},
		"negative start":     {"weir.live.news.v1.0.0", "1,7,0,-100,10,90000,1,1,0,0", "x"},
		"start over 2^62":    {"weir.live.news.v1.0.0", "1,7,0,4611686018427387905,10,90000,1,1,0,0", "x"},
		"number over 64 bit": {"weir.live.news.v1.0.0", "1,99999999999999999999,0,1,10,90000,1,1,0,0", "x"},
		"gap with bytes":     {"weir.live.news.v1.0.end", "1,7,0,100,10,90000,0,1,0,0,400,0", ""},
		"too many chunks":    {"weir.live.news.v1.0.end", "1,7,0,100,10,90000,0,1,0,65537,400,0", ""},
	} {
		_, err := decodeMessage("news", c.subject, c.header, []byte(c.data))
		require.ErrorIs(t, err, ErrMalformed, name)
	}
	_, err := decodeMessage("news", "weir.live.news.v1.0.0", chunk, []byte("x"))
	require.NoError(t, err)
	_, err = decodeMessage("news", "weir.live.news.v1.0.end", end, nil)
	require.NoError(t, err)
}

func FuzzDecodeMessage(f *testing.F) {
	f.Add("weir.live.news.v1.4711.3", "1,7,0,100,10,90000,1,1,1800000000000000000,0", []byte("moof"))
	f.Add("weir.live.news.a1.4711.3.1", "1,7,0,100,10,48000,0,1,0,2", []byte("mdat"))
	f.Add("weir.live.news.v1.4711.end", "1,7,0,100,10,90000,0,1,0,3,400,12345", []byte(nil))
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
		require.Equal(t, value, again, "and one header")
		require.GreaterOrEqual(t, int64(m.Start+m.Duration), int64(0))
	})
}
