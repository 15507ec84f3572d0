package pipeline

import (
	"bytes"
	"fmt"
	"hash/crc64"
	"time"

	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/mp4"
)

// facts are what a segment's fragments say themselves, in ticks of the track.
type facts struct {
	scale       int64
	start, end  int64 // decoding time, from tfdt on
	first, last int64 // earliest presentation time; where the last frame to be presented ends
	sync        bool  // of the first sample
	longest     int64 // sample
	samples     int
	data        []byte
	sum         uint64
}

var table = crc64.MakeTable(crc64.ECMA)

// lasts is a length in ticks as a time; nothing that is known lasts no time.
func (f facts) lasts(ticks int64) time.Duration {
	if f.scale == 0 {
		return 0
	}
	return time.Duration(ticks/f.scale)*time.Second + time.Duration(ticks%f.scale)*time.Second/time.Duration(f.scale)
}

// frame is the longest sample as a time.
func (f facts) frame() time.Duration { return f.lasts(f.longest) }

// readSegment opens a segment. That every moof goes on where the one before it ended is part of reading it (rule 5).
func readSegment(scale int64, data []byte) (facts, error) {
	f := facts{scale: scale, data: data, sum: crc64.Checksum(data, table)}
	file, err := mp4.DecodeFileSR(bits.NewFixedSliceReader(data))
	if err != nil {
		return f, fmt.Errorf("decode: %w", err)
	}
	for _, s := range file.Segments {
		for _, fragment := range s.Fragments {
			traf := fragment.Moof.Traf
			if len(fragment.Moof.Trafs) != 1 || traf.Tfdt == nil {
				return f, fmt.Errorf("a moof has %d traf", len(fragment.Moof.Trafs))
			}
			at := int64(traf.Tfdt.BaseMediaDecodeTime())
			if f.samples > 0 && at != f.end {
				return f, fmt.Errorf("tfdt %d, the moof before ended at %d", at, f.end)
			}
			samples, err := fragment.GetFullSamples(nil)
			if err != nil || len(samples) == 0 {
				return f, fmt.Errorf("%d samples: %w", len(samples), err)
			}
			if f.samples == 0 {
				f.start, f.sync = at, samples[0].IsSync()
				f.first = at + int64(samples[0].CompositionTimeOffset)
			}
			for _, sample := range samples {
				shown := at + int64(sample.CompositionTimeOffset)
				f.first, f.last = min(f.first, shown), max(f.last, shown+int64(sample.Dur))
				f.longest = max(f.longest, int64(sample.Dur))
				at += int64(sample.Dur)
			}
			f.end = at
			f.samples += len(samples)
		}
	}
	if f.samples == 0 {
		return f, fmt.Errorf("no fragments in %d bytes", len(data))
	}
	return f, nil
}

// readInit gives the timescale of an init segment.
func readInit(data []byte) (scale int64, err error) {
	file, err := mp4.DecodeFile(bytes.NewReader(data))
	if err != nil {
		return 0, fmt.Errorf("decode: %w", err)
	}
	if file.Init == nil || len(file.Init.Moov.Traks) != 1 {
		return 0, fmt.Errorf("not an init segment of one track")
	}
	return int64(file.Init.Moov.Trak.Mdia.Mdhd.Timescale), nil
}

// unsure is how far the first frame that is shown may be from where the segment begins: one that does not begin with a sync sample
// may lack the frames that are decoded last and shown first, two at the depth of these feeds.
func (f facts) unsure() time.Duration {
	if f.sync {
		return f.frame()
	}
	return 3 * f.frame()
}

// soon is how long before its segment begins the first frame may be shown: one that came sooner than the one before it was said to last.
func (v *viewer) soon(track string, number uint64) time.Duration {
	return v.media[fmt.Sprintf("%s/%d.m4s", track, number-1)].frame()
}
