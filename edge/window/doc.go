// Package window is the rolling DVR window of one channel: chunks and segment ends come in from the bus, an immutable
// media.Window goes out to the manifests, and bytes go out to players.
//
// One goroutine calls the handler's methods (Target, Run, Chunk, End, CaughtUp); Set, Expire and Close may come from others.
// All of these take one mutex. Readers (Snapshot, Segment, Chunk, Init, Changed) take none: they load an immutable view
// from an atomic pointer.
//
// # How a row comes to be listed
//
// Chunks are collected by index, in whatever order they come. A segment closes when its end and all of its chunks are there; if size
// and CRC-32C agree, it becomes one contiguous slice with the chunks as sub-slices of it, else it is damaged and becomes a gap. A
// row is complete when all tracks of its run are closed. Rows are listed in the order of their numbers and without holes, once
// the target duration is known.
//
// A number that does not come is given up when three later rows are complete, or when what is held open is over a bound. What is
// there of it is listed, the missing tracks as gaps. If nothing is there, rows of gaps take its place, provided that the
// time between its neighbours is what the missing rows may have lasted; otherwise the listing begins anew behind the hole. At the start of a
// window there is nothing to keep: incomplete rows before the first complete one are left out.
//
// # What is kept
//
// The listing is the fewest rows that cover the DVR duration, yet never less than three target durations of media (RFC 8216bis,
// 6.2.2) nor fewer than six rows, where they exist. The two rows that left it last can still be fetched. A row that is dropped is referred to
// by nothing that later snapshots hold, so its bytes can be collected.
package window
