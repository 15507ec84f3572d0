// Package check tells whether a live or finished service keeps the rules of HLS and DASH, as far as they can be seen from outside.
// It follows the manifests of a URL as players would, fetches what they name, and gives back one verdict a rule, with evidence.
//
// It shares no code with what writes manifests: the readers of playlists, MPDs and boxes are its own (packages playlist, mpd and
// mp4). Whatever a server answers is taken as hostile: sizes, times, counts and the number of requests are bounded.
//
// The clauses named in it: H is draft-pantos-hls-rfc8216bis, A is Apple's HLS authoring specification, T is DASH-IF's timing model,
// D is ISO/IEC 23009-1, C is ISO/IEC 23000-19 (CMAF).
package check
