// Package ladder makes renditions of a channel's feed: ffmpeg, as a child process, decodes the feed's pictures once and encodes them for
// each rung that the channel's settings name.
//
//	adapter ─► Ladders.Open ─► feed ─┬─► ingest.Server: the feed itself
//	                                 └─► queue ─► Matroska ─► ffmpeg ─► fragmented MP4, one a rung ─► ingest.Server: CHANNEL/RUNG
//
// Ladders stands between the adapters and the server, as an Opener itself. A feed of a channel with a ladder goes on to the server as it
// is, and its pictures to the child too. What comes back are feeds of their own, with the timestamps of the pictures that they were made
// of and key frames where these have some. The feed never waits for its child: what that is too slow for is dropped, whole GOPs of it. A child
// that dies, or takes pictures and gives none, is replaced.
package ladder
