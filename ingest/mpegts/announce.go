package mpegts

import (
	"cmp"
	"slices"
	"time"

	"weir/internal/media"
	"weir/packager"
)

const (
	timescale = 90000
	timeWrap  = media.Ticks(1) << 33
	timeMask  = timeWrap - 1
	second    = media.Ticks(timescale)
)

// How long samples are held until all tracks of a program have shown their parameters: of media time, where a picture is waited for
// and where only sound is; of what is held.
const (
	waitVideo   = 12 * second
	waitAudio   = 2 * second
	holdSamples = 8000
	holdBytes   = 16 << 20
	holdEvents  = 100
)

// sink is what a parser hands to.
type sink interface {
	// format tells the parameters of what follows; false: it cannot be packaged.
	format(f media.Format) bool
	sample(s media.Sample) error
	dropped(why string)
	// refuse tells why the stream, as it is at present, cannot be packaged.
	refuse(err error)
}

// lane is a track of the program on its way to the feed.
type lane struct {
	to     *announcer
	stream stream
	f      media.Format
	known  bool
	index  int   // in the formats announced; -1: it is not
	err    error // why it cannot be announced
}

func (l *lane) format(f media.Format) bool {
	f.Clock, f.Language = media.Clock{Timescale: timescale, Wrap: timeWrap}, l.stream.language
	if _, err := packager.Describe(f); err != nil {
		l.refuse(err)
		return false
	}
	if l.known && l.f.Equal(f) {
		return true
	}
	if l.known && !l.to.announced {
		// What is held of the track needs the parameters of before.
		l.to.forget(l, "the parameters of a track changed before the feed was announced")
	}
	l.f, l.known, l.err = f, true, nil
	l.to.changed = true
	return true
}

func (l *lane) refuse(err error) {
	if l.err == nil {
		l.to.feed.Dropped(l.stream.name + ": " + err.Error())
	}
	l.err = err
}

func (l *lane) dropped(why string) { l.to.feed.Dropped(why) }

func (l *lane) sample(s media.Sample) error {
	if l.to.announced && l.to.changed {
		if err := l.to.announce(); err != nil {
			return err
		}
	}
	if l.to.announced {
		s.Track = l.index
		return l.to.feed.Write(s)
	}
	if l.to.now != nil {
		s.Arrived = l.to.now()
	}
	l.to.held = append(l.to.held, held{lane: l, sample: s})
	l.to.bytes += len(s.Data)
	return l.to.tryAnnounce()
}

// held is a sample or an event that waits for the announcement.
type held struct {
	lane   *lane // nil: an event
	sample media.Sample
	event  media.Event
}

// announcer tells the feed of the tracks when they are known, and holds their samples until then.
type announcer struct {
	feed  Feed
	now   func() time.Time // nil: samples do not say when they came
	lanes []*lane          // of the program, in the order of its PMT
	order []*lane          // as announced last, or as they will be: places outlive a change of the PID

	announced bool // else samples are held
	changed   bool // formats differ from those that the feed was told
	told      []media.Format
	held      []held
	bytes     int
	events    int

	begun bool // a time was seen since the wait began
	begin media.Ticks
	span  media.Ticks // of media time since
}

// expect sets the tracks of a PMT. Those that go on are the same lanes as before.
func (a *announcer) expect(lanes []*lane) {
	gone := func(l *lane) bool { return !slices.Contains(lanes, l) }
	for _, l := range a.lanes {
		if !gone(l) {
			continue
		}
		a.forget(l, "a track that ended before the feed was announced")
		at := slices.Index(a.order, l)
		if at < 0 {
			continue
		}
		// Another of its kind takes its place, if possible of its language.
		if heir := a.heir(l, lanes); heir != nil {
			a.order[at] = heir
		} else {
			a.order = slices.Delete(a.order, at, at+1)
		}
	}
	a.lanes = lanes
	a.announced, a.changed = false, true
	a.begun, a.span = false, 0
}

func (a *announcer) heir(of *lane, lanes []*lane) *lane {
	var best *lane
	for _, l := range lanes {
		if l.stream.kind != of.stream.kind || slices.Contains(a.lanes, l) || slices.Contains(a.order, l) {
			continue
		}
		if l.stream.language == of.stream.language {
			return l
		}
		if best == nil {
			best = l
		}
	}
	return best
}

// forget drops what is held of a lane.
func (a *announcer) forget(l *lane, why string) {
	a.held = slices.DeleteFunc(a.held, func(h held) bool {
		if h.lane != l {
			return false
		}
		a.bytes -= len(h.sample.Data)
		a.feed.Dropped(why)
		return true
	})
}

// see notes a time of the program's media.
func (a *announcer) see(dts media.Ticks) error {
	if a.announced {
		return nil
	}
	if !a.begun {
		a.begun, a.begin = true, dts
		return nil
	}
	// Modulo 2^33: a span, or a time a little before the first. What is neither tells nothing.
	if d := (dts - a.begin) & timeMask; d < timeWrap/2 {
		a.span = max(a.span, d)
	}
	return a.tryAnnounce()
}

// tryAnnounce announces where there is nothing more to wait for.
func (a *announcer) tryAnnounce() error {
	if a.announced || !a.ready() {
		return nil
	}
	return a.release()
}

// release announces what is known and hands over what was held.
func (a *announcer) release() error {
	if !slices.ContainsFunc(a.lanes, func(l *lane) bool { return l.known }) {
		return a.nothing()
	}
	for _, l := range a.lanes {
		if !l.known && l.err == nil {
			a.feed.Dropped("the program announces " + l.stream.name + " but sends nothing of it that can be used yet")
		}
	}
	if err := a.announce(); err != nil {
		return err
	}
	all := a.held
	a.held, a.bytes, a.events = nil, 0, 0
	for _, h := range all {
		var err error
		if h.lane != nil {
			h.sample.Track = h.lane.index
			err = a.feed.Write(h.sample)
		} else {
			err = a.feed.Event(h.event)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ready tells whether to wait no longer.
func (a *announcer) ready() bool {
	video, audio := false, false
	for _, l := range a.lanes {
		waits := !l.known && l.err == nil
		video = video || waits && l.stream.kind == media.Video
		audio = audio || waits && l.stream.kind == media.Audio
	}
	switch {
	case len(a.held) >= holdSamples, a.bytes >= holdBytes, a.span >= waitVideo:
		return true
	case video:
		return false
	}
	return !audio || a.span >= waitAudio
}

// announce tells the feed the formats that are known, if they are others than before. Those that were announced keep their order,
// new ones follow: pictures first, then in the order of the PMT.
func (a *announcer) announce() error {
	var fresh []*lane
	for _, l := range a.lanes {
		l.index = -1
		if l.known && !slices.Contains(a.order, l) {
			fresh = append(fresh, l)
		}
	}
	slices.SortStableFunc(fresh, func(x, y *lane) int { return cmp.Compare(rank(x), rank(y)) })
	a.order = slices.DeleteFunc(append(a.order, fresh...), func(l *lane) bool { return !l.known })
	formats := make([]media.Format, len(a.order))
	for i, l := range a.order {
		l.index, formats[i] = i, l.f
	}
	a.announced, a.changed = true, false
	if slices.EqualFunc(a.told, formats, media.Format.Equal) {
		return nil
	}
	a.told = formats
	return a.feed.Start(slices.Clone(formats))
}

func rank(l *lane) int {
	if l.stream.kind == media.Video {
		return 0
	}
	return 1
}

// event hands over an event in its place.
func (a *announcer) event(e media.Event) error {
	if a.announced && a.changed {
		if err := a.announce(); err != nil {
			return err
		}
	}
	if a.announced {
		return a.feed.Event(e)
	}
	if a.events >= holdEvents {
		a.feed.Dropped("too many events before the feed was announced")
		return nil
	}
	a.events++
	a.held = append(a.held, held{event: e})
	return nil
}
