// Package file plays MP4 files as feeds: looped, in real time, with timestamps that go on over the loop.
//
//	source.Supervisor ─► source (a file) ─► clip (its index) ─► player (loop, pace) ─► Feed
//
// The index of a clip has where each sample lies and when it is; media bytes are read one sample at a time. Progressive and
// fragmented files (ISO/IEC 14496-12) make the same index. Nothing that a file says is believed before it was held against the
// file's length: mp4ff, which takes the boxes apart, gets them whole and bounded.
package file
