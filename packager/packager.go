package packager

import (
	"errors"
	"fmt"
	"time"

	"weir/internal/media"
)

// Bounds on what is accepted and held.
const (
	maxFormats      = 16
	maxSample       = 16 << 20 // bytes of a sample
	maxQueueSamples = 4096     // of a track
	maxQueueBytes   = 96 << 20 // of all tracks together
	maxChunkSamples = 4096
	maxChunkBytes   = 32 << 20
)

// Config is what an operator sets.
type Config struct {
	Segment time.Duration // 100 ms … 1 min
	Chunk   time.Duration // 0: one chunk a segment
}

// Resume is what a predecessor left, for a writer that goes on from there.
type Resume struct {
	Segment uint64                // next segment number
	Run     uint64                // next run's ID
	End     time.Time             // end of the last run on the channel timeline; zero: there was none
	Shift   time.Duration         // media.Anchor.Shift there
	Target  time.Duration         // target duration of the channel; 0: not fixed yet
	Init    map[string]media.Init // last init segment of each track by name: equal bytes keep its version
	Rates   map[string]media.Rate // what was published of each track by name: rates only rise
	// Join is the run to go on with, nil to begin another one. Segment, Run, End and Shift follow from it then.
	Join *Join
}

// Output takes what a Packager makes. It is called synchronously, in order: Run before the first chunk of a run, Target once
// and before the first SegmentEnd, all Chunks of a segment before its SegmentEnd, all SegmentEnds of a run before the next Run.
type Output interface {
	Run(run media.Run, inits []media.Init) error // inits are those of all its tracks
	Target(d time.Duration) error
	Chunk(c media.Chunk) error
	End(e media.SegmentEnd) error
	// Signal comes while a run is open, before the lead's SegmentEnd of the row that it names if it says something new.
	Signal(s media.Signal) error
}

// Packager turns one feed after another into the segments of one channel.
type Packager struct {
	cfg   Config
	out   Output
	err   error // of the output; final
	stats Stats

	tracks   []*track // beside the feed's formats
	pushed   []*track // text that is pushed beside the feed
	feed     feedClock
	jump     []arrival // a sample that may be the first after a jump
	far      int       // samples in a row that were far from the feed's clock
	wall     delayFilter
	lastWall time.Time     // of the newest row
	settled  bool          // a run of the present clock has begun
	stretch  media.Anchor  // of the newest row
	shift    time.Duration // of that stretch; 0 for a new clock
	endShown media.Ticks   // ns: where its anchor puts the end of the last run's lead, 0: there was none
	shown    media.Ticks   // ns: where its anchor puts the newest row, 0: there was none
	inits    map[string]media.Init
	rates    map[string]*trackRate
	captions map[string]*captionScan // of video tracks
	target   time.Duration
	end      media.Ticks // ns: where all that was written ends
	next     media.Ticks // ns: where the last run's lead ended, and the next run may begin
	guessed  media.Ticks // ns: how much of that is how long its last sample was taken to be, 0: what follows it was known
	segment  uint64      // number of the next row
	runID    uint64
	run      *run // nil: waiting for one to begin
	// discordant: video tracks were found to have no sync samples at the same instants.
	discordant bool
	alignFrom  media.Ticks // ns: since when a common beginning of the video tracks is waited for, 0: it is not
	agenda     agenda
	// pressure: queues are over their bounds, nobody is waited for.
	pressure bool
	join     *Join // until the lead has come to where it goes on
}

// arrival is a sample with the time at which it came.
type arrival struct {
	media.Sample
	at time.Time
}

// New is a Packager that goes on from resume.
func New(cfg Config, resume Resume, out Output) (*Packager, error) {
	if cfg.Segment < 100*time.Millisecond || cfg.Segment > time.Minute {
		return nil, fmt.Errorf("new packager: segment duration of %v is not within 100ms…1m", cfg.Segment)
	}
	if cfg.Chunk < 0 || cfg.Chunk > cfg.Segment || cfg.Chunk > 0 && cfg.Chunk < 10*time.Millisecond {
		return nil, fmt.Errorf("new packager: chunk duration of %v is neither 0 nor within 10ms…%v", cfg.Chunk, cfg.Segment)
	}
	if resume.Target < 0 || resume.Target%time.Second != 0 || resume.Target > time.Hour {
		return nil, fmt.Errorf("new packager: target duration of %v is not a whole number of seconds", resume.Target)
	}
	if out == nil {
		return nil, errors.New("new packager: no output")
	}
	p := &Packager{
		cfg: cfg, out: out, target: resume.Target, segment: resume.Segment, runID: resume.Run,
		inits: make(map[string]media.Init, len(resume.Init)), rates: newRates(resume.Rates),
		captions: make(map[string]*captionScan),
	}
	if !resume.End.IsZero() {
		p.end = media.Ticks(resume.End.UnixNano())
		p.next, p.endShown = p.end, p.end+media.Ticks(resume.Shift)
	}
	for name, init := range resume.Init {
		p.inits[name] = init
	}
	p.stats.Dropped = make(map[Reason]uint64)
	if resume.Join != nil {
		if err := p.expect(resume.Join); err != nil {
			return nil, fmt.Errorf("new packager: %w", err)
		}
	}
	return p, nil
}

// Write takes the next sample in the order of the feed; now is when it arrived, which may be
// before the arrival of others that were written earlier. Samples that cannot be used are dropped and
// counted. The error is the output's.
func (p *Packager) Write(s media.Sample, now time.Time) error {
	if p.err != nil {
		return p.err
	}
	p.stats.Samples++
	if s.Track < 0 || s.Track >= len(p.tracks) || len(s.Data) == 0 || len(s.Data) > maxSample {
		p.drop(Malformed, 1)
		return nil
	}
	err := p.judge(arrival{s, now})
	if err == nil && len(p.agenda.early) > 0 && p.feed.anchored {
		err = p.catchUp()
	}
	return p.fail(err)
}

// Flush ends the feed: everything held goes out, open segments are closed, the run ends. The next feed takes a new anchor.
func (p *Packager) Flush(now time.Time) error {
	if p.err != nil {
		return p.err
	}
	err := p.finish(now)
	p.drop(Clock, len(p.jump))
	p.jump, p.far, p.tracks, p.feed = nil, 0, nil, feedClock{}
	return err
}

// finish brings out all that the queues hold and ends the run.
func (p *Packager) finish(now time.Time) error {
	if err := p.unjoined(); err != nil {
		return p.fail(err)
	}
	p.pressure = true
	defer func() { p.pressure = false }()
	for p.run != nil || p.canBegin() && p.tryBegin() {
		switching := p.run.ending // then a run waits behind this one
		if err := p.run.finish(now); err != nil {
			return p.fail(err)
		}
		if !switching {
			break
		}
	}
	for _, t := range p.tracks {
		p.drop(Unused, t.queue.len())
		t.queue.clear()
	}
	return nil
}

// canBegin tells whether what is held at the end of a feed may become a run of its own: not where only the audio of a feed
// with video would.
func (p *Packager) canBegin() bool {
	video := false
	for _, t := range p.tracks {
		if t.Kind == media.Video {
			video = true
			if p.trimToSync(t) {
				return true
			}
		}
	}
	return !video
}

// fail makes an error final.
func (p *Packager) fail(err error) error {
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("package feed: %w", err)
	}
	return p.err
}
