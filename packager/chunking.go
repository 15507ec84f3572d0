package packager

import (
	"math"
	"slices"
	"time"

	"weir/internal/media"
)

// chunking is how a track is cut into chunks in one run. Its zero value makes a segment one chunk.
type chunking struct {
	part   time.Duration // no chunk is longer: media.Track.Part, whole milliseconds
	most   media.Ticks   // the same on the track's timeline, rounded down
	enough media.Ticks   // 85 % of it, rounded up: what a chunk needs that is not its segment's last
	frames int           // that make a chunk where they are regular
	loose  media.Ticks   // by how much a frame may be shorter than the one before it
	frame  media.Ticks   // how long one is, rounded down to what the source's clock tells apart; 0: timestamps jitter
}

// pace is how long a track's frames are, on its timeline.
type pace struct {
	frame  float64 // ticks
	slow   float64 // ticks of the longest frame that it may be as well, by what was seen
	grain  float64 // ticks that the source's clock can tell apart, as far as the track's can
	whole  bool    // frames last a whole number of grains: rounding does not touch them
	doubt  float64 // ticks by which frame may be too small
	jitter float64 // ticks by which frames differ from it, beyond what rounding does
}

const (
	maxPaced = 64 // frames that a pace is taken from
	// maxOdd is how many times longer or shorter than the middle one a frame may be and still count for the pace: film in video has
	// frames of two and of three fields, and a lost frame makes another one last two.
	maxOdd = 1.75
	// maxJitter is what part of a chunk may be added for jitter of timestamps: chunks that are short by as much are 85 % still.
	maxJitter = 1. / 13
)

// chunkingBy decides how the cutter's track is cut, by what is at hand: the samples that are pending, next if it has a duration, and
// those in the queue.
func (c *cutter) chunkingBy(next timed) chunking {
	p := c.run.p
	if p.cfg.Chunk == 0 {
		return chunking{}
	}
	return newChunking(c.t.pace(c.durations(next)), c.t.scale, p.cfg.Chunk, p.segmentDuration()+media.Tolerance(p.segmentDuration()))
}

// newChunking makes chunks of so many frames as come nearest to the target, and no longer than segment.
func newChunking(f pace, scale uint32, target, segment time.Duration) chunking {
	ticks := func(d time.Duration) float64 { return d.Seconds() * float64(scale) }
	n := max(math.Ceil(ticks(target)/f.frame-0.5), 1)
	if n*f.frame > ticks(segment) {
		n = max(math.Floor(ticks(segment)/f.frame), 1)
	}
	frame := media.Ticks(math.Floor(f.frame/f.grain+1e-6) * f.grain)
	if f.jitter > 0 {
		frame = 0
	}
	part := time.Duration(math.Ceil(f.longest(n)/float64(scale)*1000-1e-6)) * time.Millisecond
	c := chunkingBetween(part, scale)
	c.frames, c.loose, c.frame = int(n), media.Ticks(math.Ceil(f.grain+f.jitter)), frame
	return c
}

// pace is what the run's record has of it beside Part.
func (c *chunking) pace() media.Pace {
	return media.Pace{Frames: c.frames, Loose: c.loose, Frame: c.frame}
}

// chunkingOf is the chunking that the record of a run has for a track.
func chunkingOf(t *media.Track) chunking {
	if t.Part == 0 {
		return chunking{}
	}
	c := chunkingBetween(t.Part, t.Timescale)
	c.frames, c.loose, c.frame = t.Pace.Frames, t.Pace.Loose, t.Pace.Frame
	return c
}

// chunkingBetween is one of chunks that are no longer than part.
func chunkingBetween(part time.Duration, scale uint32) chunking {
	return chunking{
		part: part, most: media.RescaleDown(media.Ticks(part), nanoscale, scale),
		enough: media.RescaleUp(media.Ticks(part*85/100), nanoscale, scale),
	}
}

// longest is how many ticks n frames may last. Those of 30000/1001 Hz last 33 or 34 ms on a clock of milliseconds, and six of them
// 200 or 201 ms.
func (f pace) longest(n float64) float64 {
	d := n * f.slow
	switch {
	case f.doubt > 0:
		d = math.Ceil(n*(f.slow+f.doubt)/f.grain-1e-6) * f.grain
	case !f.whole:
		d = (math.Floor(n*f.slow/f.grain+1e-6) + 1) * f.grain
	}
	return d + min(f.jitter, n*f.frame*maxJitter)
}

// durations are those of the first samples at hand.
func (c *cutter) durations(next timed) []media.Ticks {
	d := make([]media.Ticks, 0, maxPaced)
	for i := 0; i < len(c.pending) && len(d) < maxPaced-1; i++ {
		d = append(d, c.pending[i].duration)
	}
	if next.duration > 0 {
		d = append(d, next.duration)
	}
	for i := 0; c.t.queue.at(i+1) != nil && len(d) < maxPaced; i++ {
		d = append(d, c.t.queue.at(i+1).dts-c.t.queue.at(i).dts)
	}
	return d
}

// pace takes the track's pace from successive samples' durations: what its bitstream claims, where they agree with it; else the
// standard frame rate nearest to them, where they agree with one; else what they show.
func (t *track) pace(durations []media.Ticks) pace {
	f := pace{grain: max(float64(t.scale)/float64(t.source.Timescale), 1)}
	if len(durations) == 0 {
		f.frame = float64(t.lastDuration())
		if c := t.claims(); len(c) > 0 {
			f.frame = c[0]
		}
		f.slow, f.whole = f.frame, t.isWhole(f.frame)
		return f
	}
	n, stretches, sum := regular(durations)
	mean := float64(sum) / float64(n)
	f.jitter = spread(durations, mean)
	if f.jitter <= f.grain {
		f.jitter = 0
	}
	agreed := float64(stretches)*f.grain + f.jitter // how far sum may be from the truth
	best := agreed
	take := func(frame float64, claimed bool) {
		off := math.Abs(float64(n)*frame - float64(sum))
		if off > agreed {
			return
		}
		if f.frame == 0 || !claimed && off < best {
			f.frame, best = frame, off
		}
		if claimed {
			best = 0
		}
		f.slow = max(f.slow, frame)
	}
	for _, frame := range t.claims() {
		take(frame, true)
	}
	if t.Kind == media.Video {
		for _, r := range standardRates {
			take(t.frameOf(r), false)
		}
	}
	if f.frame == 0 {
		f.frame, f.slow, f.doubt = mean, mean, float64(stretches)*f.grain/float64(n)
	}
	f.whole = f.slow == f.frame && t.isWhole(f.frame) && spread(durations, f.frame) == 0
	return f
}

// claims are how long the track's frames are by its codec and by its bitstream, in ticks, as far as these say.
func (t *track) claims() (c []float64) {
	if t.frame > 0 {
		c = append(c, float64(t.frame))
	}
	if t.rate.Num != 0 {
		c = append(c, t.frameOf(t.rate))
	}
	return c
}

func (t *track) frameOf(rate media.Fraction) float64 {
	return float64(rate.Den) * float64(t.scale) / float64(rate.Num)
}

// isWhole tells whether both the source's clock and the track's count so many ticks exactly. Audio frames whose length is known keep
// their grid whatever the source's clock resolves.
func (t *track) isWhole(frame float64) bool {
	if t.frame > 0 && frame == float64(t.frame) {
		return true
	}
	source := frame * float64(t.source.Timescale) / float64(t.scale)
	return math.Abs(frame-math.Round(frame)) < 1e-6 && math.Abs(source-math.Round(source)) < 1e-6
}

// isOdd tells whether a duration is too far from the middle one.
func isOdd(d, middle media.Ticks) bool {
	return float64(d) > float64(middle)*maxOdd || float64(d)*maxOdd < float64(middle)
}

func middle(durations []media.Ticks) media.Ticks {
	sorted := slices.Clone(durations)
	slices.Sort(sorted)
	return sorted[(len(sorted)-1)/2]
}

// regular counts and sums the durations that are not odd, and counts the stretches that they stand in: each is rounded once.
func regular(durations []media.Ticks) (n, stretches int, sum media.Ticks) {
	m, before := middle(durations), false
	for _, d := range durations {
		if isOdd(d, m) {
			before = false
			continue
		}
		if !before {
			stretches++
		}
		n, sum, before = n+1, sum+d, true
	}
	return n, stretches, sum
}

// spread is how far the durations that are not odd stand from the mean at most.
func spread(durations []media.Ticks, mean float64) float64 {
	m, most := middle(durations), 0.
	for _, d := range durations {
		if !isOdd(d, m) {
			most = max(most, math.Abs(float64(d)-mean))
		}
	}
	return most
}

// setChunkings decides how the run's tracks are cut: the lead when its first chunk is about to go out, the others by what they have
// queued. Video tracks of the lead's frame rate are cut as it is, so that their chunks are too.
func (r *run) setChunkings() {
	lead := r.lead.cut
	if lead.chunking == (chunking{}) {
		lead.chunking = lead.chunkingBy(timed{})
	}
	for _, t := range r.members[1:] {
		if t.Kind == media.Text { // a segment is one chunk
			continue
		}
		t.cut.chunking = t.cut.chunkingBy(timed{})
		if t.Kind == media.Video && r.lead.Kind == media.Video && t.scale == r.lead.scale && t.cut.likely(lead) {
			t.cut.chunking = lead.chunking
		}
	}
}

// likely tells whether the track seems to have the frame rate of another one, as far as it is known.
func (c *cutter) likely(other *cutter) bool {
	a, b := c.durations(timed{}), other.durations(timed{})
	if len(a) == 0 || len(b) == 0 {
		return true
	}
	f, g := c.t.pace(a), other.t.pace(b)
	return math.Abs(f.frame-g.frame) <= f.frame/64+f.doubt+g.doubt
}
