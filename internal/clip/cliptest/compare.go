package cliptest

import (
	"bytes"
	"fmt"
	"math"

	"weir/internal/media"
)

// strandKey tells samples that can be in one trak from others.
type strandKey struct {
	name  string
	codec media.Codec
	scale uint32
}

// strands are the samples of a window as they should be in the traks of its movie, in their order.
func (f *Filled) strands() [][]Sample {
	var out [][]Sample
	place := make(map[strandKey]int)
	rows, next := f.Window.Rows, make(map[string]int)
	for i := range rows.Len() {
		row := rows.At(i)
		for _, track := range row.Run.Tracks {
			all := f.Samples[track.Name]
			for next[track.Name] < len(all) && all[next[track.Name]].Row <= row.Number {
				s := all[next[track.Name]]
				next[track.Name]++
				if s.Row < row.Number {
					continue
				}
				key := strandKey{track.Name, track.Codec, track.Timescale}
				if _, ok := place[key]; !ok {
					place[key], out = len(out), append(out, nil)
				}
				out[place[key]] = append(out[place[key]], s)
			}
		}
	}
	return out
}

// scaled is ticks of a track's timescale in Scale.
func scaled(ticks media.Ticks, t media.Track) int64 { return int64(ticks) * int64(Scale/t.Timescale) }

// Compare says what a progressive MP4 of the window's rows has not as it should be: each sample must be there once, byte by byte, in
// order, with its sample entry, at its time to the tick, and nothing else.
func Compare(f *Filled, data []byte) error {
	traks, err := Parse(data)
	if err != nil {
		return err
	}
	want := f.strands()
	if len(traks) != len(want) {
		return fmt.Errorf("%d tracks instead of %d", len(traks), len(want))
	}
	origin := int64(math.MaxInt64)
	for _, samples := range want {
		for _, s := range samples {
			origin = min(origin, scaled(s.PTS, s.Track))
		}
	}
	for i, samples := range want {
		if err := compareTrak(samples, traks[i], origin); err != nil {
			return fmt.Errorf("track %s: %w", samples[0].Track.Name, err)
		}
	}
	return nil
}

func compareTrak(samples []Sample, trak Trak, origin int64) error {
	track, got := samples[0].Track, trak.Samples
	if len(got) != len(samples) {
		return fmt.Errorf("%d samples instead of %d", len(got), len(samples))
	}
	// Decoding times are shifted together where a sample is shown before the first one is decoded.
	shift := scaled(samples[0].DTS, track) - origin - got[0].DTS
	if shift < 0 {
		return fmt.Errorf("decoding begins %d later", -shift)
	}
	end := int64(0)
	for k, s := range samples {
		shown, decoded := scaled(s.PTS, track)-origin, scaled(s.DTS, track)-origin-shift
		switch {
		case !bytes.Equal(s.Data, got[k].Data):
			return fmt.Errorf("sample %d has other bytes", k)
		case !bytes.Equal(Entry(s.Init), got[k].Entry):
			return fmt.Errorf("sample %d has another sample entry", k)
		case s.Sync != got[k].Sync:
			return fmt.Errorf("sample %d: sync is %v", k, got[k].Sync)
		case shown != got[k].PTS:
			return fmt.Errorf("sample %d is shown at %d instead of %d", k, got[k].PTS, shown)
		case k > 0 && got[k].DTS <= got[k-1].DTS:
			return fmt.Errorf("sample %d is decoded before the one before it", k)
		case (k == 0 || decoded > got[k-1].DTS) && decoded != got[k].DTS: // else runs overlap
			return fmt.Errorf("sample %d is decoded at %d instead of %d", k, got[k].DTS, decoded)
		}
		end = max(end, shown+scaled(s.Length, track))
	}
	if end != trak.Length {
		return fmt.Errorf("it lasts until %d instead of %d", trak.Length, end)
	}
	return nil
}
