// Package clip keeps stretches of channels' windows as assets that outlive them: live to VoD.
//
//	window ─► Maker ─► directory of the clip ─► Store ─► Asset: rows for manifests, media, one MP4
//
// A clip is whole rows of a window, their media byte by byte as it was served. It lies in a directory of its own, named after its ID:
//
//	clip.json   what it is, its runs, tracks and init segments
//	rows        its rows, segments and parts, compact
//	v1.m4s      a file a track: its segments back to back
//	movie.head  the beginning of the MP4 that can be downloaded, and
//	movie.map   where the rest of it lies in the tracks' files (package movie)
//
// The directory is made under another name, synced, and renamed last: whatever happens, there is a whole clip or none. What a crash
// leaves behind is removed by the next Open.
//
// # Bounds
//
// A clip is at most 24 hours long and has at most 262,144 rows. Making one needs memory for its index (about 9 bytes a part: 12 MB
// for 24 hours of three tracks in chunks of 200 ms) and keeps the window's segments alive until they are copied; two are made at a
// time. An opened clip holds its index, never media; few are kept open.
package clip
