package media

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
	// Data is as the scheme has it. The receiver may keep it, the sender must not change it.
	Data []byte
}
