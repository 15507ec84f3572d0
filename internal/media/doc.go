// Package media is Weir's vocabulary: the small types that travel from a feed to a player.
//
//	feed ─► Format, Sample ─► packager ─► Run, Chunk, SegmentEnd ─► bus ─► Window ─► manifest
//
// A feed announces its tracks as Formats and then hands over Samples on its own clock. The packager maps them to the channel
// timeline (ticks since the Unix epoch), cuts them, and emits a Run, then Chunks and one SegmentEnd for each segment of each
// track. An edge collects those into a Window: an immutable table of Rows, one row a segment number, one column a track.
//
// The package imports nothing else of Weir. All its values are immutable once they have been handed on.
package media
