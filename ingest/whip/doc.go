// Package whip takes feeds in from browsers and other WebRTC senders over WHIP (RFC 9725): H.264 and Opus in SRTP, media.Sample out.
//
// A publisher posts an SDP offer to /whip/CHANNEL, its key as a Bearer token. The path of a feed is
//
//	ServeHTTP ─► offer (checked, or refused in plain words) ─► Opener.Open ─► answer (pion) ─► session
//	session: SRTP ─► reorder (and NACK) ─► frames ─► timing ─► Feed
//
// ICE is lite: the server listens at one UDP port for all sessions and waits for the publisher's checks, so candidates of the
// publisher are not needed. DTLS waits for the publisher too.
//
// # Loss
//
// Packets are put in order by their sequence numbers. What is missing is asked for again (NACK, RFC 4585) every 80 ms until it has been
// missing for 600 ms; then the frame counts as lost, a key frame is asked for (PLI), and frames that cannot be decoded are left out
// until it comes. The interceptor of pion for this is not used: it does not see what comes by RTX.
//
// # Key frames
//
// A browser makes a key frame only when it is asked to. Two are asked for at the start, to see whether the publisher answers: the packager
// is told. Then one is asked for after loss, and whenever a multiple of the
// channel's segment duration has gone by on the channel timeline, since there the packager cuts: so the IDR comes a round trip behind
// the border, once a segment, and begins the segment.
//
// # Time
//
// RTP clocks of two tracks have nothing in common but the sender reports (RFC 3550, 6.4.1), which tie both to one NTP clock. The video
// track's clock is the feed's; the audio track's is moved by a constant onto it, known when both tracks have sent a report: until then, at
// most 5 s, nothing is handed over. A sender without reports is placed by arrival. Sound cards drift: where the reports show that the tracks
// have moved apart by more than 30 ms, the sound is moved by whole frames of 20 ms.
//
// The 32-bit timestamps are unrolled here: those of two tracks wrap at different times, and would have no origin in common after that.
//
// Every session has one goroutine that owns it, which alone calls the feed, and two a track that read.
package whip
