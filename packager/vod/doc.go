// Package vod packages files on demand: it finds out where a file's samples lie, plans how a title is cut, and writes the very segments
// that a packager would have written had the same samples come from a feed.
//
//	File ─► Read ─► Index ─┐
//	File ─► Read ─► Index ─┴► New ─► Title ─► Window (for manifests), Init, Segment, Keys
//
// An Index is small, a few bytes a sample, and holds no media. A Segment is a head that is made from the index alone, and spans of the files
// behind it: who serves it reads those and sends them as they come. Nothing is transcoded, and no time is bent.
//
// A file of subtitles (WebVTT, SubRip) is kept whole: its Index has the cues, and segments of it are made of them, without a span of the file.
//
// # Time
//
// A Track says when its samples are presented: what edit lists say is in Track.Shift, Start and End. Presentation time 0 of a title is
// where the first of its tracks begins to be presented, pictures with the sync sample from which they are decoded. It lies at Title.Origin
// on the timeline of the segments: at 0 for music, and an hour behind it where there are pictures, so that what is decoded before it (an
// encoder's priming) has times above 0 too. Timescales are those of live: 90000 for video and text, the sample rate for audio; every time is
// converted for itself.
//
// # Music
//
// Encoders put samples before the music, and behind it to fill up the last frame. Both are told apart by what files say of them: edit lists,
// the metadata of Apple's encoders, LAME's tag. What is presented is the music, to the sample: Row.Start and Row.End are its ends. Of the frames
// before it only those are kept without which a decoder does not get it right, and the init segment's edit list has them before 0; of those
// behind it, none that begin behind it. Join makes an album of titles that way: a run each, on one timeline, without a hole.
//
// The package reads no clock, and has no goroutines but those that wait for ranges of a file of large fragments. All its values are
// immutable once they have been handed out, and safe for concurrent use. What files say is believed only as far as it was held against their
// size; memory is bounded by the bytes that were read.
package vod
