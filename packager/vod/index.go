package vod

import (
	"time"

	"weir/internal/media"
)

// Index is where a file's samples lie and when they are presented. It is immutable.
type Index struct {
	Container string // what the file is, for people: "MP4", "fragmented MP4", "FLAC", "WebVTT", …
	Size      int64  // of the file, in bytes
	Tracks    []*Track
	// Problem says in words what is wrong with a file that plays all the same, as far as it goes; "": nothing.
	Problem string
	sum     [32]byte
}

// Bytes is how much memory the index takes, as near as makes no difference.
func (x *Index) Bytes() int {
	n := 256
	for _, t := range x.Tracks {
		n += 512 + len(t.Format.Config) + t.Samples.Memory() + t.Cues.Memory()
	}
	return n
}

// Sum is the SHA-256 of what the index was read from, of the file's size, and of its first 64 KiB, which have some of the media in most files:
// tracks of equal length at a constant bit rate may have equal tables. Files that are equal have equal ones. It names a version of the file as far
// as the index sees it; media that was overwritten in place further on is the File's to notice.
func (x *Index) Sum() [32]byte { return x.sum }

// Duration is that of the presentation: up to where the last of the tracks that play ends, from the time that all of them count from.
func (x *Index) Duration() time.Duration {
	d := time.Duration(0)
	for _, t := range x.Tracks {
		if t.Why == "" {
			d = max(d, media.Ticks(t.End).Duration(t.Format.Clock.Timescale))
		}
	}
	return d
}

// Track is one track of a file. It is immutable.
type Track struct {
	ID     uint32 // that the file has for it, else its place from 1 on
	Kind   media.Kind
	Format media.Format // Clock.Timescale is ticks a second of all times of the track; only Codec and Language may be known where Why is set
	// Why says, in words for operators, why the track does not play; "": it plays, and has samples.
	Why string
	// Edits says in words what the file's edit list does, or what stands for one; "": nothing.
	Edits   string
	Samples Table
	// Cues are what a file of subtitles has in place of samples; else nil.
	Cues *Cues
	// Shift is what to add to a sample's times to have them on the timeline that all tracks of the file share.
	Shift int64
	// Start and End are what is presented, on that timeline: samples before Start are there to be decoded only, the first that is presented
	// may begin before it, and the last may end behind End.
	Start, End int64
}

// Duration is how long the track is presented.
func (t *Track) Duration() time.Duration {
	if t.Format.Clock.Timescale == 0 {
		return 0
	}
	return media.Ticks(t.End - t.Start).Duration(t.Format.Clock.Timescale)
}
