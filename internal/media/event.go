package media

import "time"

// Schemes of events that Weir knows. Events of others are passed on as they are.
const (
	// SchemeSCTE35: Data is a splice_info_section, from table_id to CRC_32 (ANSI/SCTE 35, 9.6), in the terms of ANSI/SCTE 214-3, 7.
	SchemeSCTE35 = "urn:scte:scte35:2013:bin"
	// SchemeID3: Data is one ID3v2 tag from "ID3" on (Carriage of ID3 Timed Metadata in CMAF, AOM).
	SchemeID3 = "https://aomedia.org/emsg/ID3"
)

// Event is something timed of a feed that is no media: a splice, an ID3 tag, an event message (`emsg`, ISO/IEC 23009-1, 5.10.3.3).
type Event struct {
	Scheme string // scheme_id_uri
	Value  string // value of the scheme; often ""
	// ID is the event's own, by which a repeated one is known: the same Scheme, Value and ID. 0: the source gives none.
	ID uint32
	// PTS is when the event takes effect, on the feed's clock: that of its samples, though in ticks of Clock.
	PTS Ticks
	// Near: PTS is that of the media beside which the event arrived, as transport streams have it. An SCTE-35 section then says
	// itself when it takes effect, on a 33-bit clock of 90 kHz that is the feed's; all else takes effect at PTS.
	Near bool
	// Clock is what PTS and Duration count, and where PTS wraps: it need not be that of a track.
	Clock Clock
	// Duration is how long the event lasts, in ticks of Clock; 0: it is a point in time, below 0: it is not known.
	Duration Ticks
	// Splices is what an SCTE-35 section says: whoever takes the event over from an adapter fills it in.
	Splices []Splice
	// Data is as the scheme has it. The receiver may keep it, the sender must not change it.
	Data []byte
}

// SpliceKind is what a splice does.
type SpliceKind uint8

// The kinds of splice (RFC 8216bis, 4.4.5.1.1).
const (
	SpliceCommand SpliceKind = iota // neither of the others: a programme or a chapter begins or ends, …
	SpliceOut                       // a break begins
	SpliceIn                        // it ends
)

// Splice is one of the things that an SCTE-35 section says about the instant of its event.
type Splice struct {
	Kind SpliceKind
	ID   uint32 // splice_event_id or segmentation_event_id
	// Type is the segmentation_type_id (ANSI/SCTE 35, table 23); 0: it is of a splice_insert or of a bare time_signal.
	Type uint8
	// Cancel takes back what was said of that ID, as far as it has not begun. Nothing else holds.
	Cancel     bool
	Immediate  bool          // at the next sync sample
	Duration   time.Duration // planned length of the break or programme; 0: it is not told
	AutoReturn bool          // the break ends after Duration by itself
	Loose      bool          // the encoder knows nothing of it: no sync sample is at the very instant
}
