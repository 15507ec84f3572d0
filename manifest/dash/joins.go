package dash

import (
	"github.com/Eyevinn/dash-mpd/mpd"

	"weir/internal/media"
)

// The schemes of ISO/IEC 23009-1, 5.3.2.4: what a player may take for granted at the change from one Period to the next.
const (
	schemeConnectivity = "urn:mpeg:dash:period-connectivity:2015" // decoding goes on with the same init segment
	schemeContinuity   = "urn:mpeg:dash:period-continuity:2015"   // and the media's timestamps go on without a hole
)

// joins tells how the track goes on from the Period before: nothing where its init segment is another. start is that of its
// first segment in the stretch.
func (b *builder) joins(before, s *stretch, column int, start media.Ticks) []*mpd.DescriptorType {
	now := s.run.Tracks[column]
	then := before.column(now.Name)
	if then < 0 || before.from == before.to || before.run.Tracks[switching(before.run, then)[0]].Name != s.run.Tracks[switching(s.run, column)[0]].Name {
		return nil
	}
	was := before.run.Tracks[then]
	if was.Init != now.Init || was.Codecs != now.Codecs || was.Timescale != now.Timescale {
		return nil
	}
	scheme := mpd.AnyURI(schemeConnectivity)
	last := b.window.Rows.At(before.to - 1).Segments[then]
	if last == nil || last.Gap() {
		return nil
	}
	// Where an anchor has moved the Period, its place on the MPD's timeline does not go on from the one before.
	if last.Start+last.Duration == start && (b.window.Ended || before.anchor.Shift == s.anchor.Shift) {
		scheme = schemeContinuity
	}
	return []*mpd.DescriptorType{{SchemeIdUri: scheme, Value: before.id()}}
}
