// Package manifesttest makes up channels for the tests of manifests: what a packager and an edge would have made of a feed, without
// either. Times are exact and nothing is random but what a test draws.
package manifesttest

import (
	"maps"
	"slices"
	"time"

	"weir/internal/media"
)

// Epoch is when made-up channels go on air: an instant that is no whole number of any unit.
var Epoch = time.Date(2026, 11, 21, 20, 15, 30, 123456789, time.UTC)

const (
	audioFrame = 1024 // samples in an audio frame
	audioShare = 20   // audio beside video has one so-many-th of its bits
	textShare  = 500  // and text
)

// Channel plays packager and window: it begins runs, appends rows and trims them. Not safe for concurrent use.
type Channel struct {
	Name    string
	Title   string
	Segment time.Duration
	Target  time.Duration
	DVR     time.Duration
	PPM     int64 // how much faster the source's clock is than the wall's, in millionths

	Captions   []media.Caption // of the windows
	LowLatency bool            // of the windows
	Ended      bool            // of the windows

	rows    []*media.Row
	open    []*openRow // behind rows
	anchor  media.Anchor
	next    uint64
	run     *media.Run
	runs    uint64
	end     time.Time              // of the last run on the timeline
	ends    map[string]media.Ticks // of each track in the run
	ended   map[string]bool        // tracks that have no more media in the run
	rates   map[string]media.Rate  // up to the newest row that is complete
	planned map[string]media.Rate  // up to the newest that is planned
	cutIDR  bool
	now     time.Time
}

// New is a channel of two-second segments that has sent nothing yet. first is the number of its first segment.
func New(first uint64) *Channel {
	return &Channel{
		Name: "news", Segment: 2 * time.Second, Target: 2 * time.Second, DVR: 10 * time.Minute,
		next: first, end: Epoch, now: Epoch, rates: make(map[string]media.Rate), planned: make(map[string]media.Rate),
	}
}

// Run begins a run of those tracks, hole after the end of the last.
func (c *Channel) Run(hole time.Duration, tracks ...media.Track) {
	lead := tracks[0].Timescale
	start := media.FromTime(c.end.Add(hole), lead)
	if start.Time(lead).Before(c.end) { // rounded to the past, into the last run
		start++
	}
	c.run = &media.Run{ID: c.runs, First: c.next, Start: start.Time(lead), Tracks: tracks}
	c.runs++
	c.anchor = media.Anchor{Segment: c.run.First, Start: c.run.Start}
	c.ends, c.ended = make(map[string]media.Ticks), make(map[string]bool)
	for i, t := range tracks {
		at := start
		if i > 0 { // the others begin with their first sample at or after the lead's
			at = media.RescaleUp(start, lead, t.Timescale)
		}
		c.ends[t.Name] = at
	}
}

// End lets a track have no more media in the run.
func (c *Channel) End(track string) { c.ended[track] = true }

// CutWithoutIDR lets the next row begin without an IDR.
func (c *Channel) CutWithoutIDR() { c.cutIDR = true }

// Shift lets another stretch of the run begin with the next row, at that distance from the wall clock.
func (c *Channel) Shift(shift time.Duration) {
	lead := c.run.Lead()
	c.anchor = media.Anchor{Segment: c.next, Start: c.ends[lead.Name].Time(lead.Timescale), Shift: shift}
}

// Row appends a row of about that duration, with segments of about so many bits a second. Rows that were open are complete then.
func (c *Channel) Row(d time.Duration, bitrate int) {
	c.Plan(d, bitrate)
	c.Complete()
}

// made is the next row, complete.
func (c *Channel) made(d time.Duration, bitrate int) *media.Row {
	lead := c.run.Lead()
	start := c.ends[lead.Name]
	length := max(1, media.FromDuration(d, lead.Timescale))
	if lead.Kind == media.Audio { // whole frames
		length = max(1, length/audioFrame) * audioFrame
	}
	end := start + length
	row := &media.Row{Number: c.next, Run: c.run, Start: start.Time(lead.Timescale), Anchor: c.anchor}
	row.Duration = end.Time(lead.Timescale).Sub(row.Start)
	elapsed := row.Start.Sub(Epoch)
	row.Wall = row.Start.Add(30*time.Millisecond - elapsed*time.Duration(c.PPM)/1e6)
	c.end = row.End()
	for i, t := range c.run.Tracks {
		seg := c.segment(t, i == 0, start, end, lead.Timescale, bitrate)
		seg.Wall, seg.Anchor, seg.Rate = row.Wall, row.Anchor, c.planned[t.Name]
		row.Segments = append(row.Segments, seg)
		if last := (seg.Start + seg.Duration).Time(t.Timescale); !seg.Gap() && last.After(c.end) {
			c.end = last
		}
	}
	c.cutIDR = false
	c.next++
	return row
}

// segment is the track's part of the row that is start to end of the lead track.
func (c *Channel) segment(t media.Track, lead bool, start, end media.Ticks, timescale uint32, bitrate int) *media.Segment {
	seg := &media.Segment{SegmentEnd: media.SegmentEnd{
		Track: t.Name, Segment: c.next, Run: c.run.ID, Init: t.Init, Timescale: t.Timescale, Start: c.ends[t.Name],
	}}
	switch {
	case lead:
		seg.Start, seg.Duration = start, end-start
	case t.Kind != media.Audio:
		seg.Duration = media.RescaleUp(end, timescale, t.Timescale) - seg.Start
	default: // whole frames, up to the first boundary at or after the lead's end
		frames := (media.RescaleUp(end, timescale, t.Timescale) - seg.Start + audioFrame - 1) / audioFrame
		seg.Duration = frames * audioFrame
	}
	if c.ended[t.Name] || seg.Duration <= 0 {
		c.ended[t.Name] = true
		seg.Duration = media.Rescale(end-start, timescale, t.Timescale)
		return seg
	}
	c.ends[t.Name] = seg.Start + seg.Duration
	if t.Kind == media.Audio && !lead {
		bitrate /= audioShare
	}
	if t.Kind == media.Video && !lead { // the lower a rendition, the less it needs
		bitrate /= 1 + int(t.Name[1]-'0')
	}
	if t.Kind == media.Text {
		bitrate /= textShare
	}
	seg.Parts = chunks(t, seg.Duration, bitrate, c.cutIDR)
	seg.Chunks = len(seg.Parts)
	for _, p := range seg.Parts {
		seg.Bytes += int64(p.Size)
	}
	seg.Data = []byte{}
	r := c.planned[t.Name]
	r.Peak = max(r.Peak, bitrate)
	r.Average = max(r.Average, (r.Average+bitrate)/2)
	c.planned[t.Name] = r
	return seg
}

// Rows appends n rows.
func (c *Channel) Rows(n int, d time.Duration, bitrate int) {
	for range n {
		c.Row(d, bitrate)
	}
}

// Len is how many rows are listed.
func (c *Channel) Len() int { return len(c.rows) }

// Trim takes the n oldest rows away.
func (c *Channel) Trim(n int) {
	c.rows = c.rows[n:]
	if n > 0 { // what is listed has changed
		c.now = c.now.Add(time.Millisecond)
	}
}

// Window is the channel as it is now.
func (c *Channel) Window() *media.Window {
	w := &media.Window{
		Channel: c.Name, Title: c.Title, Segment: c.Segment, Target: c.Target, DVR: c.DVR,
		Rows: rows(slices.Clone(c.rows)), Rates: maps.Clone(c.rates), Published: c.now,
		LowLatency: c.LowLatency, Ended: c.Ended, Captions: c.Captions,
	}
	if !c.Ended {
		w.Open = c.openRows()
	}
	newest := make(map[string]media.Track)
	for _, r := range c.rows {
		for _, t := range r.Run.Tracks {
			newest[t.Name] = t
		}
	}
	w.Tracks = slices.SortedFunc(maps.Values(newest), func(a, b media.Track) int {
		if a.Kind != b.Kind {
			kinds := []media.Kind{media.Video, media.Audio, media.Text}
			return slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind)
		}
		return int(a.Name[1]) - int(b.Name[1])
	})
	return w
}

type rows []*media.Row

func (r rows) Len() int            { return len(r) }
func (r rows) At(i int) *media.Row { return r[i] }
