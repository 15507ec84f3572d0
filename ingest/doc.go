// Package ingest takes feeds in and hands their samples to a packager each.
//
// Adapters, one a folder, speak a protocol each: bytes in, media.Sample out. They know the server only as an Opener: Open asks for
// a channel (and tells why not), Start announces the tracks, Write hands over the samples, Done says when the feed must go.
//
//	adapter ─► Opener.Open ─► Feed.Start, Feed.Write ─► packager ─► Writer (the bus)
//
// The Server owns the feeds: one a channel. A Feed owns its packager and its writer; it may be used by one goroutine at a time,
// while Done, Err and Close are for all. A new segment or chunk duration of a channel holds from its next feed on.
package ingest
