// Package rtmp takes feeds in over RTMP and Enhanced RTMP (Adobe's RTMP 1.0; Veovera's Enhanced RTMP v2): bytes in,
// media.Sample out.
//
// A publisher names the channel by rtmp://HOST/live/CHANNEL?key=KEY. The path of a connection is
//
//	serve ─► handshake ─► negotiate (connect … publish: admitted or refused) ─► stream (messages ─► packets ─► discovery ─► Feed)
//
// Handshake, AMF0 and the messages that go out are those of gortmplib. Its reader of messages is not used: it re-marshals the decoder
// configurations, gives up the whole connection at an unknown codec, knows no E-AC-3, sends Publish.Start before a server can
// refuse, and counts a type 3 chunk that follows a type 0 chunk with a delta of 0, where the standard and ffmpeg mean the timestamp
// itself. Media bytes are read once, into the slice that the packager gets.
//
// A connection brings one feed at a time, of several pictures and sounds where Enhanced RTMP names them; it may stop and publish again. Messages
// that are malformed are counted and left out, tracks beside the first that cannot be packaged too. Timestamps are handed on as they
// come; only a feed that has none gets the times of its arrival (arrival.go).
//
// Every connection is one goroutine that reads, and one that waits for the server's wish to end it.
package rtmp
