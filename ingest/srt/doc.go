// Package srt takes feeds in by SRT (draft-sharabayko-srt): a transport stream in each connection.
//
//	Listener ─► Server ─► request (streamid, passphrase, Opener) ─► connection ─► mpegts.Demuxer ─► Feed
//	source.Supervisor ─► call (srt://HOST:PORT) ─► connection ─► …
//
// A publisher says in its streamid what it wants, in one of two notations:
//
//	publish:CHANNEL[/RENDITION][:KEY]
//	#!::m=publish,r=CHANNEL[/RENDITION],input=INPUT,key=KEY
//
// Who is refused gets SRT's code for the reason, as its library shows it. Nothing is opened on the server before the passphrase fits.
//
// gosrt does the protocol. What it leaves to be done is here: packets are read at once and wait in a queue of our own, for it drops
// what is not fetched; packets that were not encrypted where they should be are left out; a connection that buffers without end is
// closed; bytes that it cannot parse are survived.
//
// What it cannot do shows in the feed's Transport: it does not follow the drift between the sender's clock and ours, so over hours the time
// that there is to make losses good (Buffered) moves away from the latency that was agreed on, until the sender connects anew. And
// what is less than the latency from the end of a stream is lost when its sender hangs up at once.
package srt
