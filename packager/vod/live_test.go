package vod

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
	"weir/packager"
	"weir/testdata"
)

// onAir keeps what a packager makes.
type onAir struct {
	inits    map[string][]byte
	segments map[string][][]byte
	ends     map[string][]media.SegmentEnd
}

func (o *onAir) Run(_ media.Run, inits []media.Init) error {
	for _, i := range inits {
		o.inits[i.Track] = i.Data
	}
	return nil
}

func (o *onAir) Target(time.Duration) error { return nil }

func (o *onAir) Chunk(c media.Chunk) error {
	o.segments[c.Track] = append(o.segments[c.Track], c.Data)
	return nil
}

func (o *onAir) End(e media.SegmentEnd) error {
	o.ends[e.Track] = append(o.ends[e.Track], e)
	return nil
}

func (o *onAir) Signal(media.Signal) error { return nil }

// A file on demand is cut into the very segments that a feed of its samples is, byte for byte but for the numbers of the chunks, where that
// begins at the same instant.
func TestOnDemandIsAsOnAir(t *testing.T) {
	t.Parallel()
	f := inMemory([]byte(testdata.Demo))
	x, err := Read(t.Context(), f)
	require.NoError(t, err)
	const segment = 2 * time.Second
	title, err := New([]Input{{Index: x}}, segment)
	require.NoError(t, err)

	live := &onAir{inits: make(map[string][]byte), segments: make(map[string][][]byte), ends: make(map[string][]media.SegmentEnd)}
	p, err := packager.New(packager.Config{Segment: segment}, packager.Resume{}, live)
	require.NoError(t, err)
	var formats []media.Format
	for _, k := range x.Tracks {
		formats = append(formats, k.Format)
	}
	require.NoError(t, p.Start(formats, title.Origin()))
	at := make([]int, len(x.Tracks))
	for {
		first, due := -1, time.Duration(0)
		for i, k := range x.Tracks {
			for _, s := range k.Samples.Samples(at[i], at[i]+1) {
				if d := media.Ticks(s.DTS + k.Shift).Duration(k.Format.Clock.Timescale); first < 0 || d < due {
					first, due = i, d
				}
			}
		}
		if first < 0 {
			break
		}
		k := x.Tracks[first]
		for _, s := range k.Samples.Samples(at[first], at[first]+1) {
			require.NoError(t, p.Write(media.Sample{
				Track: first, DTS: media.Ticks(s.DTS + k.Shift), PTS: media.Ticks(s.PTS() + k.Shift), Sync: s.Sync, Data: f.data[s.Offset:s.End()],
			}, title.Origin().Add(due)))
		}
		at[first]++
	}
	require.NoError(t, p.Flush(title.Origin().Add(24*time.Second)))

	w := title.Window()
	for k, track := range w.Tracks {
		require.Equal(t, live.inits[track.Name], title.Init(track.Name, 1), track.Name)
		require.Len(t, live.segments[track.Name], w.Rows.Len())
		for i, want := range live.segments[track.Name] {
			seg, ok := title.Segment(track.Name, uint64(i))
			require.True(t, ok)
			got, err := seg.Read(t.Context(), func(int) File { return f })
			require.NoError(t, err)
			// mfhd has the number of the chunk.
			number := bytes.Index(want, []byte("mfhd")) + 8
			binary.BigEndian.PutUint32(want[number:], uint32(i)+1)
			require.True(t, bytes.Equal(want, got), "%s, segment %d", track.Name, i)
			end, s := live.ends[track.Name][i], w.Rows.At(i).Segments[k]
			require.Equal(t, end.Start, s.Start)
			require.Equal(t, end.Duration, s.Duration)
			require.Equal(t, end.Bytes, s.Bytes)
		}
	}
}
