package ingest

import (
	"time"

	"weir/internal/media"
	"weir/internal/scte35"
)

// spliceClock is that of SCTE-35.
var spliceClock = media.Clock{Timescale: scte35.Timescale, Wrap: scte35.Wrap}

// interpret fills in what an SCTE-35 section says, and when it takes effect where the event does not tell. It is false for one that says nothing: a
// sign of life, or a command that is not about splices. Errors: those of scte35.Parse.
func interpret(e *media.Event) (says bool, err error) {
	s, size, err := scte35.Parse(e.Data)
	if err != nil {
		return false, err
	}
	e.Data = e.Data[:size:size]
	at := s.Signal
	switch s.Command {
	case scte35.SpliceInsert:
		at = s.Insert.Time
		e.Splices = []media.Splice{ofInsert(&s.Insert)}
	case scte35.TimeSignal:
		for i := range s.Segmentations {
			e.Splices = append(e.Splices, ofSegmentation(&s.Segmentations[i], !at.Known))
		}
		if len(e.Splices) == 0 {
			e.Splices = []media.Splice{{Immediate: !at.Known}}
		}
	case scte35.PrivateCommand:
		e.Splices = []media.Splice{{Immediate: true}}
	default:
		return false, nil
	}
	if !e.Near { // it is when its event message says
		for i := range e.Splices {
			e.Splices[i].Immediate = false
		}
		return true, nil
	}
	if e.Near = !at.Known; at.Known {
		e.PTS, e.Clock = media.Ticks(at.Ticks), spliceClock
	}
	return true, nil
}

func ofInsert(in *scte35.Insert) media.Splice {
	s := media.Splice{
		Kind: media.SpliceIn, ID: in.EventID, Cancel: in.Cancel, Immediate: in.Immediate || !in.Time.Known,
		Duration: lasting(in.Duration), AutoReturn: in.AutoReturn,
	}
	if in.Out {
		s.Kind = media.SpliceOut
	}
	return s
}

func ofSegmentation(g *scte35.Segmentation, immediate bool) media.Splice {
	return media.Splice{
		Kind: kindOf(g.Type), ID: g.EventID, Type: max(g.Type, 1), Cancel: g.Cancel, Immediate: immediate, Duration: lasting(g.Duration),
	}
}

// kindOf is what a segmentation_type_id does (ANSI/SCTE 35, table 23): types that leave the programme and come back to it go in pairs of an
// even number and the odd one behind it.
func kindOf(segmentationType uint8) media.SpliceKind {
	switch segmentationType &^ 1 {
	case 0x22, // break
		0x30, 0x32, // provider's and distributor's advertisement
		0x34, 0x36, 0x38, 0x3a, // placement opportunities, and overlays of them
		0x44, 0x46: // advertisement blocks
		return media.SpliceOut + media.SpliceKind(segmentationType&1)
	}
	return media.SpliceCommand
}

func lasting(ticks uint64) time.Duration { return media.Ticks(ticks).Duration(scte35.Timescale) }
