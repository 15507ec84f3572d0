// Package window is the rolling DVR window of one channel: chunks and segment ends come in from the bus, an immutable
// media.Window goes out to the manifests, and bytes go out to players.
//
// One goroutine calls the handler's methods (Target, Run, Chunk, End, Signal, CaughtUp); Set, Expire and Close may come from others.
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
// A number that does not come is given up when a later row is complete, or when what is held open is over a bound. What is
// there of it is listed, the missing tracks as gaps. If nothing is there, rows of gaps take its place, provided that the
// time between its neighbours is what the missing rows may have lasted; otherwise the listing begins anew behind the hole. At the start of a
// window there is nothing to keep: incomplete rows before the first complete one are left out.
//
// Rows that are being made are shown behind the listing as far as it is certain that they will be listed there: a chunk makes a new
// snapshot, which shares all but a few words with the one before.
//
// # What is kept
//
// The listing is the fewest rows that cover the DVR duration, yet never less than three target durations of media (RFC 8216bis,
// 6.2.2) nor fewer than six rows, where they exist. A row that left it can be fetched until its own duration and that of the longest
// listing with it have passed; where the DVR duration was shortened, the listings before that do not count. A row that is dropped is
// referred to by nothing that later snapshots hold, so its bytes can be collected.
//
// # The same on every edge
//
// What a snapshot says follows from the messages and the settings alone, not from when they came or what this edge saw before: two edges
// that have the same rows say the same of them. Three things are left. The listing of an edge that joins after the DVR duration was
// lengthened may begin earlier than that of one that was there, for rows that left a listing do not come back. An
// edge that joins a minute or more after a feed has ended finds only what the bus still has of it. And an edge empties a window whose media the bus
// has dropped by its own clock.
package window
