package ladder

import (
	"time"
)

// State is how a ladder is.
type State string

// The states.
const (
	Running State = "running" // a child is there
	Waiting State = "waiting" // for pictures, for a key frame, or to try again
	Blocked State = "blocked" // something has to be done about it: LastError says what
)

// Status is how the ladder of a feed does.
type Status struct {
	Input    string // which of the channel's inputs the feed is; "" where it has one only
	State    State
	PID      int       // of the child; 0: there is none
	Since    time.Time // of the child, or of the feed where there is none
	Restarts uint64    // of the child, since the feed began
	// DroppedGOPs are those that the child was too slow for, DroppedFrames the pictures in them.
	DroppedGOPs, DroppedFrames uint64
	Rungs                      []RungStatus
	LastError                  string // why there is no child, why there is another one, or what is the matter with it; "" for nothing
	LastErrorAt                time.Time
	LastWords                  []string // of the child that ended last, or of the one that is there
}

// RungStatus is how one rung does.
type RungStatus struct {
	Name    string
	Height  int
	Bitrate int64 // bit/s that is aimed at
	Codec   string
	Frames  uint64 // that this child has made
	Error   string // why the server does not take it; ""
}

// Status is how the ladders of the channel's feeds do; none where it has no feed, or no ladder.
func (l *Ladders) Status(channel string) []Status {
	l.mu.Lock()
	var of []*feed
	for _, f := range l.feeds {
		if f.publish.Channel == channel {
			of = append(of, f)
		}
	}
	l.mu.Unlock()
	var all []Status
	for _, f := range of {
		all = append(all, f.status())
	}
	return all
}

func (f *feed) status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	st := Status{
		Input: f.publish.Input, State: Waiting, Since: f.since, Restarts: f.restarts,
		DroppedGOPs: f.droppedGOPs, DroppedFrames: f.droppedFrames,
		LastError: f.problem, LastErrorAt: f.problemAt, LastWords: f.words,
	}
	rungs := f.rungs
	if c := f.child; c != nil {
		st.State, st.PID, st.Since, rungs = Running, c.pid(), c.since, c.rungs
		gops, frames := c.queue.dropped()
		st.DroppedGOPs += gops
		st.DroppedFrames += frames
		if words := c.words.lines(); len(words) > 0 {
			st.LastWords = words
		}
	} else if f.problem != "" {
		st.State = Blocked
	}
	for _, r := range rungs {
		st.Rungs = append(st.Rungs, r.status())
	}
	return st
}
