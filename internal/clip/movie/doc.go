// Package movie makes one progressive MP4 (ISO/IEC 14496-12) of CMAF segments that lie in files, without copying their media.
//
//	segments ─► Builder ─► head (ftyp, moov, mdat header) and layout ─► File ─► Reader
//
// A Builder is handed every segment once, while it is being stored anyway, and reads the samples' sizes and times out of its moof boxes.
// Finish writes two files: the head, which is the beginning of the MP4 byte by byte, and the layout, which says where each stretch
// of the mdat's payload lies in the segments' files. From then on the MP4 is a pure function of those: a Reader gives any range of
// it without looking at a sample.
//
// # Memory
//
// Neither grows with the length: sample tables are kept in temporary files while they grow (12 bytes a sample) and copied from there,
// and a Reader looks up its place in the layout on disk. 24 hours of 50 frames a second are 4.3 million samples: 52 MB on disk while
// the head is made, and a few hundred KB in memory.
//
// # Time
//
// Presentation times are exact. All tracks are on one timeline that begins with whatever is presented first; a track that begins
// later has an empty edit before it. Where media is missing, between runs, the last sample before it lasts longer.
package movie
