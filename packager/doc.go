// Package packager cuts the samples of one feed into CMAF chunks and segments (ISO/IEC 23000-19) on the channel timeline.
//
//	Write ─► clock (unrolled, anchored, checked) ─► a queue a track ─► cutter (the lead decides borders) ─► chunks ─► Output
//
// The first video track leads, or the first audio track where there is no video. Followers are cut where the lead is, rounded
// up to their own sample. A run has fixed tracks; whatever breaks that ends it, and the next begins at a sync sample.
//
// # Time
//
// The first sample of a feed is placed at its arrival, or where the channel ends if that is later. All tracks share that
// anchor, and each timestamp is mapped from its absolute value, so offsets between tracks are the source's for ever. A track's
// sample lasts until the next one's decoding time: no sample is bent, and tfdt is continuous within a run.
//
// Timestamps that go wrong are judged sample by sample. One that does not rise, by half a second at most, is dropped (a video frame by 2 ms at most is
// decoded a tick after the one before it instead). Anything
// else that goes back, or forward by more than 10 s, is held until a second sample agrees with it: then the run ends and a new
// anchor is taken, else it is dropped. Samples of other tracks that still come from before the jump are dropped.
//
// The wall clock of a row is its place on the timeline and the least delay at which samples came lately, so it follows the drift of the
// encoder's clock against ours. Where it has left what players are told by more than 100 ms, a row begins another stretch of the same
// run (media.Anchor). None of this touches the media.
//
// # Tracks that come and go
//
// A track whose samples are further behind the newest of the feed than one segment (1 s at least, 4 s at most, and never less
// than 2.5 of its own frames) is lost. A follower's rows go on as gaps until the lead's next border, where a run without it
// begins. A lost lead ends the run at once. A track that is back joins a new run at the next border: that of the lead, or its
// own next sync sample where a video track comes back to lead.
//
// # Chunks
//
// At the start of a run each track gets a Part: so many of its frames as come nearest to what the operator asked for, and what rounding
// of timestamps may add. No chunk is longer, and none but a segment's last is shorter than 85 % of it, as long as frames come as
// they did then; what breaks that is counted.
//
// How long a frame lasts is known with the next one only. A chunk of the leading pictures that is full with a frame does not wait for that
// where frames are regular: the frame lasts as long as they do, and the next is decoded where it ends, at most a tick of the source's
// clock before its time. Presentation times stay exact.
//
// # Going on with a run
//
// Chunks follow from the feed's samples, in the order in which they came, the run's record, and the row: not from how long the packager
// lives. So another one that gets the same feed goes on with the run at any row but its first, and makes the same bytes (Join). What is not
// the same is what chunks and ends say of wall clock, anchors, rates and captions, what signals say of their dates, and where that is
// written: cues that are pushed beside the feed, and event messages that come later than their time, or more than a second before it.
//
// A Packager belongs to one goroutine. An error of its Output is final: every later call returns it.
package packager
