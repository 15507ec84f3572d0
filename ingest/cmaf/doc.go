// Package cmaf takes feeds in by DASH-IF's Live Media Ingest, interface 1 (CMAF Ingest, version 1.2): HTTP requests in, media.Sample out.
//
//	request ─► path (channel, source) ─► boxes ─► header, fragments, event messages ─► session (one a channel) ─► Feed
//
// A sender posts each track under a path of its own: a header (ftyp, moov), then segments, each in a request, or chunks in one request
// that goes on for as long as the track. The path says which track it is, and which channel:
//
//	/cmaf/CHANNEL/Streams(TRACK.cmfv)   /cmaf/CHANNEL/TRACK/SEGMENT.m4s   /cmaf/CHANNEL/TRACK.cmfv   /cmaf/CHANNEL/chunk-TRACK-NUMBER.m4s
//
// All requests of a channel make one feed, owned by a session: it is opened with the first header, waits a moment until all tracks have
// shown media, hands their samples over in the order of time, and ends when all tracks have said that they are over (`lmsg`), or when
// nothing has come for a while. A sender that comes back in the meantime goes on in it; what it sends again is dropped.
//
// Samples go on as their bytes arrive, before their chunk is complete. Segments are cut anew by the packager, on borders where the
// sender has key frames: its own, where its segments are as long as the channel's. Bytes of samples stay what they are; boxes do not.
//
// Nothing that a box claims is believed before it was held against what has come: sizes and counts are bounded before anything is
// allocated. Every request is a goroutine of the HTTP server; a session has one more, for what time decides.
package cmaf
