package media

import "time"

// Subtitles are WebVTT cues of one language that somebody pushes beside a feed.
type Subtitles struct {
	Language string // BCP 47
	Lines    []Line
	// Origin is what the lines' times count from, by the wall clock. Where Stamped is set it is Stamp instead: a point of the feed's own
	// clock, in 1/90000 s modulo 2^33, as X-TIMESTAMP-MAP has it (rfc8216bis, 3.1.4).
	Origin  time.Time
	Stamped bool
	Stamp   Ticks
}

// Line is a cue of WebVTT (W3C WebVTT, 3.1).
type Line struct {
	Start, End time.Duration // from the origin of its Subtitles; End is after Start
	ID         string        // "" for none
	Settings   string        // as WebVTT writes them, such as "line:0 align:left"
	Text       string        // WebVTT cue text
}
