package window

import (
	"maps"
	"math"
	"time"

	"weir/internal/media"
)

// rates measures what tracks need. The published figures only rise.
type rates struct {
	tracks    map[string]*trackRate
	published map[string]media.Rate // immutable: replaced when one rises
}

// trackRate is what was seen of one track.
type trackRate struct {
	bytes  int64
	lasted time.Duration
	// recent are the newest segments in a row, as far as they can be part of a stretch that counts.
	recent []measured
	peak   float64
}

type measured struct {
	bytes  int64
	lasted time.Duration
}

func newRates() rates {
	return rates{tracks: make(map[string]*trackRate), published: make(map[string]media.Rate)}
}

// add measures a row. The peak is the largest rate of any successive segments of a run that together last between 0.5 and 1.5
// target durations (RFC 8216bis, 4.1), so that a very short segment does not make one.
func (r *rates) add(row *media.Row, target time.Duration) {
	var rose map[string]media.Rate
	for i, s := range row.Segments {
		lasted := s.Duration.Duration(s.Timescale)
		if s.Gap() || lasted <= 0 {
			continue
		}
		name := row.Run.Tracks[i].Name
		t := r.tracks[name]
		if t == nil {
			t = new(trackRate)
			r.tracks[name] = t
		}
		t.add(measured{int64(len(s.Data)), lasted}, target)
		average := bitrate(t.bytes, t.lasted)
		was := r.published[name]
		is := media.Rate{
			Peak:    max(was.Peak, int(math.Ceil(max(t.peak, average)))),
			Average: max(was.Average, int(math.Ceil(average))),
		}
		if is != was {
			if rose == nil {
				rose = maps.Clone(r.published)
			}
			rose[name] = is
		}
	}
	if rose != nil {
		r.published = rose
	}
}

func (t *trackRate) add(m measured, target time.Duration) {
	t.bytes += m.bytes
	t.lasted += m.lasted
	t.recent = append(t.recent, m)
	var sum measured
	for i := len(t.recent) - 1; i >= 0; i-- {
		sum.bytes += t.recent[i].bytes
		sum.lasted += t.recent[i].lasted
		alone := i == len(t.recent)-1
		if sum.lasted > target*3/2 && !alone {
			t.recent = append(t.recent[:0], t.recent[i+1:]...)
			return
		}
		if sum.lasted >= target/2 {
			t.peak = max(t.peak, bitrate(sum.bytes, sum.lasted))
		}
	}
	if len(t.recent) > maxRecent {
		t.recent = append(t.recent[:0], t.recent[1:]...)
	}
}

// maxRecent bounds how many very short segments are looked at together.
const maxRecent = 16

// breakRun forgets what segments of another run must not be joined with.
func (r *rates) breakRun() {
	for _, t := range r.tracks {
		t.recent = t.recent[:0]
	}
}

// keep forgets tracks that are not in the listing any more.
func (r *rates) keep(tracks map[string]uint64) {
	for name := range r.tracks {
		if _, there := tracks[name]; !there {
			delete(r.tracks, name)
			r.published = maps.Clone(r.published)
			delete(r.published, name)
		}
	}
}

// bitrate is in bits a second.
func bitrate(bytes int64, lasted time.Duration) float64 {
	return float64(bytes) * 8 / lasted.Seconds()
}
