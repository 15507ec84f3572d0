// Package file plays media files as feeds: looped, in real time, with timestamps that go on over the loop.
//
//	source.Supervisor ─► source (a file) ─► clip (its index) ─► player (loop, pace) ─► Feed
//
// The index of a clip is that of packager/vod, which knows where each sample lies and when it is; media bytes are read one sample at a
// time.
package file
