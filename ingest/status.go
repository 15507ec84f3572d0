package ingest

import (
	"cmp"
	"fmt"
	"time"

	"weir/internal/bus"
	"weir/internal/media"
	"weir/packager"
)

// State is how a channel's feed is.
type State string

// The states.
const (
	OnAir   State = "on-air"  // samples come
	Waiting State = "waiting" // a publisher is there, but no sample came for a while, or none yet
	OffAir  State = "off-air" // there is no feed
)

// stalled is after what time without a sample a feed is Waiting.
const stalled = 5 * time.Second

// Status is how a channel's feed does. What is not the meter's is at most a second old.
type Status struct {
	State          State           `json:"state"`
	Protocol       string          `json:"protocol"`
	Remote         string          `json:"remote"`
	Since          time.Time       `json:"since"`
	Ended          time.Time       `json:"ended,omitzero"`
	Tracks         []media.Track   `json:"tracks"`         // as announced last
	BitrateIn      int64           `json:"bitrateIn"`      // bit/s over the last 5 s
	Speed          float64         `json:"speed"`          // media time to our time over the last 5 s; 0: not known
	FrameRate      float64         `json:"frameRate"`      // of the leading video track
	GOP            time.Duration   `json:"gop"`            // the last one
	LongestGOP     time.Duration   `json:"longestGop"`     // since the feed began
	ForcedCuts     uint64          `json:"forcedCuts"`     // segments that do not begin with a sync sample
	UnevenChunks   uint64          `json:"unevenChunks"`   // shorter or longer than players of low latency are told
	LateFrames     uint64          `json:"lateFrames"`     // that came later than the one before was said to last: gaps
	LateLines      uint64          `json:"lateLines"`      // of subtitles that were pushed when their time was past
	Runs           uint64          `json:"runs"`           // since the feed began; more than one: discontinuities
	Samples        int64           `json:"samples"`        // received
	Bytes          int64           `json:"bytes"`          // received, media only
	DroppedSamples uint64          `json:"droppedSamples"` // by adapter and packager, since the feed began
	LostSegments   int64           `json:"lostSegments"`   // given up by the bus, since the feed began
	LastError      string          `json:"lastError"`      // what an operator may want to mend, "" for nothing
	LastErrorAt    time.Time       `json:"lastErrorAt,omitzero"`
	Writer         bus.WriterStats `json:"writer"`
	Transport      *Transport      `json:"transport,omitempty"` // nil: the protocol does not know
	ApartCuts      uint64          `json:"apartCuts"`           // segments at whose beginning not all renditions have a sync sample

	Inputs   []InputStatus `json:"inputs"`   // the feeds, in the order in which they came
	Input    string        `json:"input"`    // which of the channel's inputs is on air; "" where it has one only
	Pinned   string        `json:"pinned"`   // the input that was chosen by hand, ""
	Switches uint64        `json:"switches"` // from one input to another, since the session began

	Redundant bool          `json:"redundant"` // other servers may have feeds of the channel, of which one writes it
	Role      Role          `json:"role"`      // what this server does
	Instance  string        `json:"instance"`  // that writes the channel, where this one stands by
	Ready     bool          `json:"ready"`     // standing by, it holds enough to go on in the middle of a segment
	Held      time.Duration `json:"held"`      // how long a part of the feed it holds, to go on with
	Cut       uint64        `json:"cut"`       // samples of that that it let go for the bytes, since the session began: it could go on with less
	Takeovers uint64        `json:"takeovers"` // by this server, since the session began
	Seamless  uint64        `json:"seamless"`  // of these, those without a discontinuity
}

// InputState is how one of a channel's feeds is.
type InputState string

// The states of a feed.
const (
	InputActive  InputState = "active"  // it is on air
	InputStandby InputState = "standby" // it is there, and another input is on air
	InputWaiting InputState = "waiting" // nothing comes from it, or the channel waits for other feeds before it goes on air
	InputEnded   InputState = "ended"
)

// InputStatus is how one of a channel's feeds does.
type InputStatus struct {
	Input        string     `json:"input"`     // of the channel's inputs; "" where it has one only
	Rendition    string     `json:"rendition"` // "" for the only one
	State        InputState `json:"state"`
	Protocol     string     `json:"protocol"`
	Remote       string     `json:"remote"`
	Since        time.Time  `json:"since"`
	Ended        time.Time  `json:"ended,omitzero"`
	BitrateIn    int64      `json:"bitrateIn"`    // bit/s over the last 5 s
	Samples      int64      `json:"samples"`      // received
	Bytes        int64      `json:"bytes"`        // received, media only
	Dropped      uint64     `json:"dropped"`      // by the adapter
	SharedTracks int        `json:"sharedTracks"` // tracks that are left out, as another rendition brings the same
	LastError    string     `json:"lastError"`
	LastErrorAt  time.Time  `json:"lastErrorAt,omitzero"`
	Transport    *Transport `json:"transport,omitempty"`
}

// showEvery is how old a snapshot may be.
const showEvery = time.Second

// shown is a snapshot for Status. It is replaced, never changed.
type shown struct {
	tracks   []media.Track
	packager packager.Stats
	writer   bus.WriterStats
	members  []shownMember
	stage    stage
	past     past
	duty     duty
	ready    bool
	held     time.Duration
	at       time.Time
}

// shownMember is a feed as it was.
type shownMember struct {
	feed    *feed
	input   string
	onAir   bool
	started bool
	spared  int
	speed   float64
	told    string // of its pace
	toldAt  time.Time
}

// show takes a new snapshot for Status. work is held.
func (s *session) show() {
	next := &shown{at: s.server.cfg.Now(), stage: s.stage, past: s.past, duty: s.duty, ready: s.warm()}
	if s.writer != nil {
		next.writer = s.writer.Stats()
	}
	if held := s.held(); held != nil {
		next.held = held.held(next.at)
	}
	if s.packager != nil {
		next.packager = s.packager.Stats()
	}
	next.tracks = []media.Track{}
	for i, l := range s.slots {
		if l.from == nil && len(s.members) > 0 {
			continue
		}
		if t, err := packager.Describe(l.format); err == nil {
			t.Name = l.name(s.slots[:i])
			next.tracks = append(next.tracks, t)
		}
	}
	for _, m := range s.members {
		next.members = append(next.members, shownMember{m, m.input, m.onAir, m.formats != nil, m.spared, m.pace.speed(), m.pace.told, m.pace.toldAt})
	}
	s.shown.Store(next)
}

// name is what the packager calls the track: by its kind, in the order of the formats, where it has no name of its own.
func (l *slot) name(before []slot) string {
	kind, n := l.format.Codec.Kind(), 1
	for _, other := range before {
		if other.format.Codec.Kind() == kind {
			n++
		}
	}
	return cmp.Or(l.format.Name, fmt.Sprintf("%c%d", kind[0], n))
}

// Status is how the channel's feeds do, or how its last ones ended; false: there was none since the server started.
func (s *Server) Status(channel string) (Status, bool) {
	if ss := s.session(channel); ss != nil {
		if st, seen := ss.status(); seen {
			return st, true
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	last, ok := s.last[channel]
	return last, ok
}

// status is false for a session that never had a writer.
func (s *session) status() (Status, bool) {
	snap := s.shown.Load()
	if snap == nil {
		return Status{}, false
	}
	now := s.server.cfg.Now()
	p := snap.packager
	st := Status{
		State: OffAir, Since: s.since, Tracks: snap.tracks,
		FrameRate: p.FrameRate, GOP: p.GOP, LongestGOP: p.LongestGOP, ForcedCuts: p.ForcedCuts, ApartCuts: p.ApartCuts,
		UnevenChunks: p.ShortChunks + p.LongChunks, LateFrames: p.LateFrames, LateLines: p.LateLines,
		Runs: p.Runs, Samples: snap.past.samples, Bytes: snap.past.bytes, DroppedSamples: snap.past.dropped,
		LostSegments: snap.writer.DroppedSegments, LastError: p.Problem, LastErrorAt: p.ProblemAt, Writer: snap.writer,
		Input: snap.stage.input, Pinned: snap.stage.pinned, Switches: snap.stage.switches,
		Protocol: snap.past.publish.Protocol, Remote: snap.past.publish.Remote,
		Redundant: snap.duty.bus != nil, Role: snap.duty.role, Ready: snap.ready, Instance: snap.duty.holder, Held: snap.held, Cut: snap.duty.cut, Takeovers: snap.duty.takeovers, Seamless: snap.duty.seamless,
	}
	if snap.stage.problemAt.After(st.LastErrorAt) {
		st.LastError, st.LastErrorAt = snap.stage.problem, snap.stage.problemAt
	}
	for _, n := range p.Dropped {
		st.DroppedSamples += n
	}
	named, speaks := false, false // protocol and remote are those of the first feed on air, or of the first of all
	for _, m := range snap.members {
		in := m.status(now, snap.stage.live)
		st.DroppedSamples += in.Dropped
		if !m.feed.publish.Ladder { // that comes from inside
			st.Samples += in.Samples
			st.Bytes += in.Bytes
			if m.onAir || !snap.stage.live {
				st.BitrateIn += in.BitrateIn
			}
		}
		if in.State != InputEnded {
			if st.State == OffAir {
				st.State = Waiting
			}
			if last := m.feed.meter.lastSample(); (m.onAir || !snap.stage.live) && !last.IsZero() && now.Sub(last) < stalled {
				st.State, st.Speed = OnAir, cmp.Or(st.Speed, m.speed)
			}
		}
		if (!named || m.onAir && !speaks) && !m.feed.publish.Ladder {
			st.Protocol, st.Remote, st.Transport = in.Protocol, in.Remote, in.Transport
			named, speaks = true, m.onAir
		}
		if st.LastError == "" && m.told != "" {
			st.LastError, st.LastErrorAt = m.told, m.toldAt
		}
		if st.LastError == "" && in.LastError != "" {
			st.LastError, st.LastErrorAt = in.LastError, in.LastErrorAt
		}
		if in.State == InputEnded {
			st.Ended = in.Ended
			if err := m.feed.Err(); err != nil {
				st.LastError, st.LastErrorAt = err.Error(), in.Ended
			}
		}
		st.Inputs = append(st.Inputs, in)
	}
	if st.State != OffAir {
		st.Ended = time.Time{}
	} else {
		st.BitrateIn = 0
	}
	return st, true
}

// status is how one feed does.
func (m *shownMember) status(now time.Time, live bool) InputStatus {
	f := m.feed
	in := InputStatus{
		Input: m.input, Rendition: f.publish.Rendition, Protocol: f.publish.Protocol, Remote: f.publish.Remote, Since: f.since,
		State: InputStandby, BitrateIn: f.meter.rate(now), SharedTracks: m.spared,
	}
	in.Bytes, in.Samples = f.meter.total()
	in.Dropped, in.LastError, in.LastErrorAt = f.dropped.total()
	if f.publish.Transport != nil {
		t := f.publish.Transport()
		in.Transport = &t
	}
	switch last := f.meter.lastSample(); {
	case m.onAir:
		in.State = InputActive
	case !m.started || !live || last.IsZero() || now.Sub(last) >= stalled:
		in.State = InputWaiting
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.isDone {
		in.State, in.BitrateIn, in.Ended = InputEnded, 0, f.errAt
	}
	return in
}
