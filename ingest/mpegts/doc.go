// Package mpegts takes feeds in as MPEG transport streams (ISO/IEC 13818-1): bytes in, media.Sample out.
//
//	bytes ─► packets (188, 192 or 204 bytes, resynchronized) ─► PAT, PMT ─► PES, sections ─► access units ─► announcement ─► Feed
//
// It reads no network itself. Whoever has the bytes (HTTP, SRT, UDP, a file) opens a feed and pushes them:
//
//	d := mpegts.NewDemuxer(feed, mpegts.Config{Program: 0, Log: log}) // feed: what an ingest.Opener gave
//	_, err := d.Write(datagram)                                      // any number of bytes, cut anywhere; never kept
//	err = d.Flush()                                                  // at the end of the stream: what is held goes out
//
// or, where there is an io.Reader, mpegts.Copy(feed, reader, cfg) does the three. Every error of Write and Flush is final: it is the
// feed's, or wraps ErrNoTS (these bytes are no transport stream) or ErrUnsupported (nothing in it can be packaged), with words for
// the broadcaster. Damage is no error: what is lost or broken is left out and counted with Feed.Dropped, and the stream goes on.
// The caller closes the feed, watches its Done, and sets the time-outs. A Demuxer belongs to one goroutine.
//
// Timestamps are handed over as they came: media.Clock{Timescale: 90000, Wrap: 1 << 33}.
//
// # Tracks
//
// One program is taken: the one that Config names, or the first with video, or the first. Its PMT says which tracks to expect. They are
// announced once each has shown its parameters; that is waited for within bounds of media time and bytes. A track that stays silent is
// left out, and joins with a new Start when it comes. After a change of the PMT it is the same; a PID or a table that changes without a
// change of formats changes nothing for the feed. Changed parameter sets are a new Start.
package mpegts
