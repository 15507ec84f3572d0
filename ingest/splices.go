package ingest

import (
	"errors"
	"fmt"
	"time"

	"weir/internal/media"
	"weir/internal/scte35"
	"weir/packager"
)

// ErrSplice says that a splice cannot be made as it was asked for.
var ErrSplice = errors.New("splice")

// How far from now a splice that is asked for may be.
const (
	maxSpliceAhead  = time.Hour
	maxSpliceBehind = 5 * time.Second
	maxSpliceBreak  = 24 * time.Hour
)

// Splice is what an operator asks for: that a break begins, or ends.
type Splice struct {
	At       time.Time     // by the wall clock, as players are told it; zero: at the next key frame
	Out      bool          // a break begins; else it ends
	Duration time.Duration // of the break, after which it ends by itself; 0: it is not known
	EventID  uint32        // splice_event_id, by which the end of a break is known to be its; 0: one is chosen
}

// Splice makes a splice_insert in a channel that is on air, as if the feed had brought it. It gives the splice_event_id and the section. Errors:
// ErrOffAir, ErrStandsBy, ErrChanging, ErrSplice, the session's.
func (s *Server) Splice(channel string, p Splice) (id uint32, section []byte, err error) {
	if p.Duration < 0 || p.Duration > maxSpliceBreak || p.Duration > 0 && !p.Out {
		return 0, nil, fmt.Errorf("%w: only a break that begins has a duration, of %v at most", ErrSplice, maxSpliceBreak)
	}
	err = s.beside(channel, func(pk *packager.Packager, now time.Time) error {
		if ahead := p.At.Sub(now); !p.At.IsZero() && (ahead > maxSpliceAhead || ahead < -maxSpliceBehind) {
			return fmt.Errorf("%w: %v from now is not within %v to %v", ErrSplice, ahead.Round(time.Second), -maxSpliceBehind, maxSpliceAhead)
		}
		if id = p.EventID; id == 0 {
			id = uint32(now.UnixMilli() / 100)
		}
		at := p.At
		if at.IsZero() {
			at = now
		}
		pts, ok := pk.SourceTime(at)
		if !ok {
			return ErrOffAir
		}
		e := media.Event{Scheme: media.SchemeSCTE35, Near: true, PTS: pts, Clock: media.Clock{Timescale: scte35.Timescale}}
		in := scte35.Insert{
			EventID: id, Out: p.Out, Immediate: p.At.IsZero(), Duration: uint64(media.FromDuration(p.Duration, scte35.Timescale)),
			AutoReturn: p.Duration > 0, ProgramID: 1,
		}
		if !in.Immediate {
			in.Time = scte35.Time{Known: true, Ticks: uint64(pts) & (scte35.Wrap - 1)}
		}
		var err error
		if section, err = (&scte35.Section{Command: scte35.SpliceInsert, Tier: 0xfff, Insert: in}).Encode(); err != nil {
			return fmt.Errorf("%w: %w", ErrSplice, err)
		}
		splice := ofInsert(&in)
		splice.Loose = true
		e.Data, e.Splices = section, []media.Splice{splice}
		return pk.Event(e, now)
	})
	if err != nil {
		return 0, nil, fmt.Errorf("channel %s: %w", channel, err)
	}
	return id, section, nil
}

// Splices are the newest signals of a channel that is on air, whoever has asked for them, oldest first. Errors: ErrOffAir, ErrStandsBy, ErrChanging.
func (s *Server) Splices(channel string) (recent []media.Signal, err error) {
	err = s.beside(channel, func(pk *packager.Packager, _ time.Time) error {
		recent = pk.Recent()
		return nil
	})
	return recent, err
}
