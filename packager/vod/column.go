package vod

import (
	"fmt"
	"math"
	"time"

	"weir/internal/media"
	"weir/packager"
	"weir/packager/moof"
)

const nanoscale = uint32(time.Second)

// column is a track of a title.
type column struct {
	media.Track
	of     *Track
	format media.Format
	file   int
	header []byte      // init segment
	scale  uint32      // of the samples
	early  media.Ticks // what the init segment's edit list takes off all times, and so chunks add to them
	zero   media.Ticks // where presentation time 0 of the title lies, in ticks of the column
	shift  int64       // from the samples' times to those of the presentation, in their ticks
	cuts   []cut       // one a row
	end    media.Ticks
}

func newColumn(in *Input, track *Track, name string) (*column, error) {
	f := track.Format
	if in.Language != "" && track.Kind != media.Video {
		f.Language = in.Language
	}
	d, err := packager.Describe(f)
	if err != nil {
		return nil, fmt.Errorf("%w: track %s: %w", ErrFile, name, err)
	}
	c := &column{Track: d, of: track, format: f, file: in.File, scale: f.Clock.Timescale}
	if c.header, err = packager.Header(f); err != nil {
		return nil, fmt.Errorf("%w: track %s: %w", ErrFile, name, err)
	}
	c.Name, c.Init = name, 1
	if c.Kind == media.Video {
		st := track.Samples.Stats()
		c.FrameRate = packager.FrameRate(c.FrameRate, track.Samples.Len(), media.Ticks(st.End-st.Start), c.scale)
	}
	return c, nil
}

// ns is a time on the timeline that the tracks of a file share, in nanoseconds.
func (c *column) ns(t int64) media.Ticks { return media.Rescale(media.Ticks(t), c.scale, nanoscale) }

// time is a sample's time on the timeline of the segments, in ticks of the column. Every time is converted for itself: no rounding adds up.
func (c *column) time(t int64) media.Ticks {
	return c.zero + media.Rescale(media.Ticks(t+c.shift), c.scale, c.Timescale)
}

// decoded is when a sample is decoded, in ticks of the column. Where files say that samples are presented before they are decoded, all are decoded
// earlier by as much: that changes nothing of what is seen, and not all players take negative composition offsets for what they are.
func (c *column) decoded(dts int64) media.Ticks {
	return c.time(dts - c.of.Samples.stats.Ahead)
}

// place is where a sample stands among the borders of rows: where it is presented, if it is a sync sample, else its decoding time and the offset
// that the last sync sample had. late is that offset, in the samples' ticks.
func (c *column) place(s *Sample, late *int32) media.Ticks {
	if c.Kind != media.Video {
		return c.time(s.PTS())
	}
	if s.Sync {
		*late = s.CTS
	}
	return c.time(s.DTS + int64(*late))
}

// entry is what a chunk says of a sample.
func (c *column) entry(s *Sample) (moof.Sample, error) {
	dts := c.decoded(s.DTS)
	duration, offset := c.decoded(s.DTS+int64(s.Duration))-dts, c.time(s.PTS())-dts
	if duration > math.MaxUint32 || offset > math.MaxInt32 || offset < math.MinInt32 {
		return moof.Sample{}, fmt.Errorf("%w: track %s: a sample lasts %d ticks, and is presented %d behind its decoding: that cannot be written",
			ErrFile, c.Name, duration, offset)
	}
	return moof.Sample{Size: s.Size, Duration: uint32(duration), Offset: int32(offset), Sync: s.Sync}, nil
}

// presented is where the column's presentation ends.
func (c *column) presented() media.Ticks { return c.time(c.of.End - c.of.Shift) }

// slack is half a frame, but at most a tenth of a second: so far from each other may sync samples be that are taken for the same instant.
func (c *column) slack() media.Ticks {
	st := c.of.Samples.Stats()
	frame := media.Rescale(media.Ticks((st.End-st.Start)/int64(c.of.Samples.Len())), c.scale, c.Timescale)
	return min(frame/2, media.Ticks(c.Timescale)/10)
}
