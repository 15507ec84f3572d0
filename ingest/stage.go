package ingest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"weir/internal/media"
)

const (
	// renditionWait is how long those renditions are waited for that are to come, when a channel goes on air.
	renditionWait = 5 * time.Second
	// renditionSettle is how long another rendition is waited for where nobody has said how many there are.
	renditionSettle = time.Second
	// backlogSpare is by how much more is kept of a feed that stands by than it takes to find out that it is needed.
	backlogSpare = time.Second
)

// Errors of Switch.
var (
	ErrNoInput = errors.New("the channel has no input of that name")
	ErrNotWell = errors.New("the input has no feed, or it does not move")
	ErrOffAir  = errors.New("the channel has no feed")
)

// stage is which of the session's feeds are on air. Nothing here has a timer: as long as no feed brings anything there is nothing to go over to.
type stage struct {
	live       bool
	input      string    // that is on air, or was last
	pinned     string    // input that was chosen by hand; "": none
	taken      time.Time // when it came on air
	sent       time.Time // when the newest item arrived that went to the packager
	switches   uint64    // from one input to another
	problem    string    // what an operator may want to mend
	problemAt  time.Time
	rungs      map[string]int // renditions by their place, where the settings do not say it
	remembered map[string]int // those of the session before
}

func (s *session) tell(now time.Time, problem string) {
	if s.problem != problem {
		s.log.Warn(problem)
	}
	s.problem, s.problemAt = problem, now
}

// silence is how long a feed may bring nothing before another input takes its place.
func (s *session) silence() time.Duration { return s.channel.Switch.Silence }

// keep is how much is held of a feed that is not on air.
func (s *session) keep() time.Duration {
	if !s.live {
		return renditionWait + backlogSpare
	}
	return s.silence() + backlogSpare
}

// of are the members of an input that have announced their tracks.
func (s *session) of(input string) []*feed {
	var group []*feed
	for _, m := range s.members {
		if m.input == input && m.formats != nil {
			group = append(group, m)
		}
	}
	return group
}

// moves tells whether any feed of the input moves.
func (s *session) moves(input string, now time.Time) bool {
	return slices.ContainsFunc(s.of(input), func(f *feed) bool { return f.moves(now) })
}

// inputs are the names of the channel's inputs, the best first.
func (s *session) inputs() []string {
	if names := s.channel.Inputs.Names(); len(names) > 0 {
		return names
	}
	return []string{""}
}

// direct looks whether another input should be on air than is, or any at all.
func (s *session) direct(now time.Time) error {
	if s.broken != nil {
		return s.broken
	}
	if s.live && (now.Sub(s.taken) <= s.silence() || s.moves(s.input, now)) {
		return nil
	}
	for _, input := range s.inputs() {
		switch {
		case !s.live && s.complete(input, now):
			return s.put(input, s.sent, now, "it is there")
		case s.live && input != s.input && s.moves(input, now):
			return s.put(input, s.lastMove(), now, fmt.Sprintf("%s has brought nothing new for %v", s.input, s.silence()))
		}
	}
	return nil
}

// lastMove is when what is on air moved last.
func (s *session) lastMove() time.Time {
	var last time.Time
	for _, f := range s.of(s.input) {
		if f.progress.After(last) {
			last = f.progress
		}
	}
	if last.IsZero() {
		return s.sent
	}
	return last
}

// complete tells whether the input can go on air: all that should be there is, or was waited for long enough.
func (s *session) complete(input string, now time.Time) bool {
	group := s.of(input)
	if len(group) == 0 {
		return false
	}
	first, last := group[0].started, group[0].started
	for _, f := range group {
		if f.started.Before(first) {
			first = f.started
		}
		if f.started.After(last) {
			last = f.started
		}
	}
	if input != s.inputs()[0] && s.sent.IsZero() && now.Sub(first) < s.silence() {
		return false // the better one may be about to come
	}
	if !s.shows(group) {
		return false
	}
	laddered := s.channel.Ladder != ""
	if group[0].publish.Rendition == "" && !laddered || now.Sub(first) >= renditionWait {
		return true
	}
	if wanted := s.channel.Renditions.List(); len(wanted) > 0 {
		return len(group) >= len(wanted)
	}
	announced := 0
	for _, m := range s.members {
		if m.input == input {
			announced++
		}
	}
	return len(group) == announced && (laddered || now.Sub(last) >= renditionSettle)
}

// shows tells whether the feeds have any track that players are to see.
func (s *session) shows(group []*feed) bool {
	return slices.ContainsFunc(group, func(f *feed) bool {
		return slices.ContainsFunc(f.formats, func(format media.Format) bool { return !s.hides(f, format) })
	})
}

// put makes the input the one on air, with what its feeds brought after that time. What was on air before stands by.
func (s *session) put(input string, after, now time.Time, why string) error {
	if err := s.pack(); err != nil {
		return err
	}
	if !s.sent.IsZero() { // a run ends here
		if err := s.packager.Flush(now); err != nil {
			return &shared{fmt.Errorf("channel %s: package: %w", s.channel.ID, err)}
		}
	}
	if s.input != input && !s.sent.IsZero() {
		s.switches++
		s.log.Warn("the channel goes over to another input", "from", s.input, "to", input, "reason", why)
		if s.pinned != input {
			s.pinned = ""
		}
	}
	var items []from
	for _, m := range s.members {
		if m.onAir {
			m.clock.restart(len(m.formats))
		}
		m.onAir = m.input == input && m.formats != nil
		if m.onAir {
			for _, it := range m.backlog.since(after, func(it item) bool { return it.event == nil && it.sample.Track == m.main }) {
				items = append(items, from{m, it})
			}
			m.clock.restart(len(m.formats))
		}
		m.backlog.clear()
	}
	s.live, s.input, s.taken = true, input, now
	if err := s.arrange(now); err != nil {
		return err
	}
	slices.SortStableFunc(items, func(a, b from) int { return a.at.Compare(b.at) })
	for _, it := range items {
		if err := s.deliver(it.feed, it.item); err != nil {
			return err
		}
	}
	return nil
}

// from is an item with the feed that brought it.
type from struct {
	feed *feed
	item
}

// switchAt goes over to the input of a feed that stands by, at its key frame, where that was asked for, or where it is the better one and has been
// well for long enough.
func (s *session) switchAt(f *feed, it item) error {
	if !s.live || f.input == s.input || !f.isKey(it) {
		return nil
	}
	why := "it was chosen by hand"
	if s.pinned != f.input {
		names := s.inputs()
		if s.pinned != "" || slices.Index(names, f.input) > slices.Index(names, s.input) {
			return nil
		}
		for _, m := range s.of(f.input) {
			if !m.moves(it.at) || it.at.Sub(m.well) < s.channel.Switch.Back {
				return nil
			}
		}
		why = fmt.Sprintf("it has been well for %v", s.channel.Switch.Back)
	}
	after := it.at.Add(-1)
	if len(s.of(f.input)) > 1 { // key frames of other renditions have come a moment before
		after = it.at.Add(-early)
	}
	return s.put(f.input, after, it.at, why)
}

// gone is what follows from the departure of a member.
func (s *session) gone(f *feed, now time.Time) error {
	if !f.onAir {
		return nil
	}
	if len(s.group()) > 0 {
		return s.arrange(now)
	}
	for _, input := range s.inputs() {
		if input != f.input && s.moves(input, now) {
			return s.put(input, s.sent, now, fmt.Sprintf("%s has ended", f.input))
		}
	}
	s.live = false
	if err := s.packager.Flush(now); err != nil {
		return fmt.Errorf("channel %s: package: %w", s.channel.ID, err)
	}
	return nil
}

// pin makes an input the one on air until it fails; "" leaves the choice to the settings again. It happens at the input's next key frame.
func (s *session) pin(input string, now time.Time) error {
	s.work.Lock()
	defer s.work.Unlock()
	if input != "" && !s.channel.Inputs.Has(input) {
		return ErrNoInput
	}
	if input != "" && !s.moves(input, now) {
		return ErrNotWell
	}
	s.pinned = input
	return nil
}
