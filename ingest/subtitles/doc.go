// Package subtitles takes WebVTT that is pushed beside a feed:
//
//	POST, PUT /subtitles/CHANNEL/LANGUAGE    a WebVTT document as the body, with the cues that are new
//
// The channel must be on air; its subtitles in that language go on with these cues. Documents are small and many: one for each line that is said,
// or one for a whole programme. A cue that came before is not taken twice, and one that has the ID of another replaces it, as far as that
// has not gone out. What is in the past when it comes is not shown.
//
// Where cues stand in time, in this order:
//
//	X-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000   in the document's header: on the feed's own clock of 1/90000 s (rfc8216bis, 3.1.4)
//	?start=2026-11-22T20:15:00Z, or Unix seconds       the time of day that 00:00:00.000 stands for
//	neither                                            00:00:00.000 is the moment at which the document comes
//
// Answers are 204, or a line that says what to mend: 400 for what is no WebVTT, 403, 404, 409 for a channel that is not on air, 413 for limits.
package subtitles
