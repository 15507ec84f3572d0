package vod

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"weir/internal/media"
)

// maxTitles is how many titles an album has at most.
const maxTitles = 4096

// Join makes one title of several that are presented one behind the other without a gap: an album, or a playlist. Each is a run of its own, with
// its own version of the init segments; segment numbers and the timeline go on from one to the next, to the sample: a title begins where what is
// presented of the one before ends, and what its encoder put before the music lies before that, for decoders alone. Row.Wall is the position in
// the album. The inputs of all titles must name their files by different numbers. The error tells which titles have other tracks than the first.
func Join(titles []*Title) (*Title, error) {
	if len(titles) == 0 || len(titles) > maxTitles {
		return nil, fmt.Errorf("an album of %d titles: it has 1 to %d", len(titles), maxTitles)
	}
	album := &Title{plan: plan{scale: titles[0].plan.scale, origin: titles[0].plan.origin}}
	sum := sha256.New()
	var at time.Duration
	var first uint64
	for i, t := range titles {
		if t.parts != nil {
			return nil, fmt.Errorf("title %d is an album itself", i+1)
		}
		if got, want := t.kinds(), titles[0].kinds(); got != want {
			return nil, fmt.Errorf("title %d has the tracks %s, the first has %s: they cannot be one album", i+1, got, want)
		}
		part := t.moved(at, uint64(i), first)
		album.parts = append(album.parts, part)
		album.plan.forced += t.plan.forced
		album.plan.apart += t.plan.apart
		first += uint64(part.rows())
		if at = part.end().Sub(album.Origin()); at > maxDuration {
			return nil, fmt.Errorf("%w: an album of more than %v", ErrFile, maxDuration)
		}
		sum.Write([]byte(t.version))
	}
	album.version = hex.EncodeToString(sum.Sum(nil)[:8])
	album.window = album.joined(at)
	return album, nil
}

// kinds are a title's tracks, for errors.
func (t *Title) kinds() string {
	names := make([]string, 0, len(t.columns))
	for _, c := range t.columns {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

// moved is the title, presented from at on, as that run of an album, with that number for its first row.
func (t *Title) moved(at time.Duration, run, first uint64) *Title {
	m := &Title{plan: t.plan, version: t.version, window: t.window}
	m.plan.borders = slices.Clone(t.plan.borders)
	by := func(timescale uint32) media.Ticks {
		return media.FromTime(t.Origin().Add(at), timescale) - media.FromTime(t.Origin(), timescale)
	}
	for i := range m.plan.borders {
		m.plan.borders[i] += by(m.plan.scale)
	}
	m.run = &media.Run{ID: run, First: first, Start: m.plan.borders[0].Time(m.plan.scale)}
	for _, old := range t.columns {
		c := *old
		c.zero += by(c.Timescale)
		c.end += by(c.Timescale)
		c.Init = uint32(run) + 1
		c.cuts = slices.Clone(c.cuts)
		for i := range c.cuts {
			c.cuts[i].start += by(c.Timescale)
		}
		m.columns = append(m.columns, &c)
		m.run.Tracks = append(m.run.Tracks, c.Track)
	}
	return m
}

// rows is how many there are.
func (t *Title) rows() int { return len(t.plan.borders) - 1 }

// end is where the title ends on the timeline of its segments.
func (t *Title) end() time.Time { return t.plan.borders[t.rows()].Time(t.plan.scale) }

// joined is the window of an album that lasts so long.
func (t *Title) joined(length time.Duration) *media.Window {
	w := &media.Window{Rows: albumRows{t}, Ended: true, Undated: true, DVR: length, Rates: make(map[string]media.Rate)}
	for _, part := range t.parts {
		w.Target = max(w.Target, part.window.Target)
		w.Segment = max(w.Segment, part.window.Segment)
	}
	newest := t.parts[len(t.parts)-1]
	w.Tracks = newest.run.Tracks
	for _, track := range w.Tracks {
		var rate media.Rate
		bits := 0.0
		for _, part := range t.parts {
			r := part.column(track.Name).rate(w.Target)
			rate.Peak = max(rate.Peak, r.Peak)
			bits += float64(r.Average) * part.end().Sub(part.run.Start).Seconds()
		}
		rate.Average = min(int(bits/length.Seconds())+1, rate.Peak)
		w.Rates[track.Name] = rate
	}
	return w
}

// albumRows are the rows of all titles of an album.
type albumRows struct{ t *Title }

// Len implements media.Rows.
func (r albumRows) Len() int {
	last := r.t.parts[len(r.t.parts)-1]
	return int(last.run.First) + last.rows()
}

// At implements media.Rows.
func (r albumRows) At(i int) *media.Row {
	part := r.t.part(uint64(i))
	return titleRows{part}.At(i - int(part.run.First))
}

// part is the title of an album that has the row of that number, or the last.
func (t *Title) part(number uint64) *Title {
	if t.parts == nil {
		return t
	}
	return t.parts[sort.Search(len(t.parts)-1, func(i int) bool { return t.parts[i+1].run.First > number })]
}

// segment is the column of a track and the place of its segment of that number, which has media; ok is false where there is none.
func (t *Title) segment(track string, number uint64) (c *column, row int, ok bool) {
	part := t.part(number)
	if c = part.column(track); c == nil || number < part.run.First || number-part.run.First >= uint64(len(c.cuts)) {
		return nil, 0, false
	}
	row = int(number - part.run.First)
	return c, row, c.cuts[row].size > 0
}

// Offsets are where in the presentation the titles of an album begin; of a title that is none, it is 0 alone.
func (t *Title) Offsets() []time.Duration {
	if t.parts == nil {
		return []time.Duration{0}
	}
	all := make([]time.Duration, 0, len(t.parts))
	for _, part := range t.parts {
		all = append(all, part.run.Start.Sub(t.Origin()))
	}
	return all
}
