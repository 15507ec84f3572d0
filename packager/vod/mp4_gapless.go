package vod

import (
	"encoding/binary"
	"strconv"
	"strings"

	"weir/internal/isobmff"
	"weir/internal/media"
	"weir/packager"
)

// iTunSMPB is where an encoder of Apple's has noted, without an edit list, what of the only audio track is music: an item of the movie's iTunes
// metadata, of hexadecimal numbers. The second is the encoder's delay, the third its padding, the fourth the length of the music, in samples.
const iTunSMPB = "iTunSMPB"

// gapless gives the only audio track of a movie, if it has no edit list, the edit that the movie's metadata stands for.
func (m *movie) gapless(moov []byte) {
	var only *trak
	for _, t := range m.traks {
		if t.Kind == media.Audio && only != nil {
			return
		}
		if t.Kind == media.Audio {
			only = t
		}
	}
	if only == nil || only.Why != "" || only.edit.listed {
		return
	}
	described, err := packager.Describe(only.Format)
	scale := only.Format.Clock.Timescale
	if err != nil || uint32(described.SampleRate) != scale {
		return
	}
	if delay, length, ok := readSMPB(moov); ok {
		only.edit = edit{listed: true, start: delay, end: delay + length, loose: 1}
		if m.fragmented {
			only.edit.end = noEnd
		}
		only.Edits = only.edit.words(scale) + " (" + iTunSMPB + ")"
	}
}

// readSMPB finds the item, and what it says in samples.
func readSMPB(moov []byte) (delay, length int64, ok bool) {
	var items [][]byte
	for _, udta := range isobmff.Children(moov, "udta") {
		if meta := isobmff.Child(udta, "meta"); len(meta) >= 4 {
			items = append(items, isobmff.Children(isobmff.Child(meta[4:], "ilst"), "----")...)
		}
	}
	for _, item := range items {
		name, data := isobmff.Child(item, "name"), isobmff.Child(item, "data")
		if len(name) < 4 || string(name[4:]) != iTunSMPB || len(data) < 8 || binary.BigEndian.Uint32(data) != 1 {
			continue
		}
		numbers := strings.Fields(string(data[8:min(len(data), 8+256)]))
		if len(numbers) < 4 {
			continue
		}
		d, err := strconv.ParseUint(numbers[1], 16, 31)
		l, err2 := strconv.ParseUint(numbers[3], 16, 48)
		if err == nil && err2 == nil && l > 0 {
			return int64(d), int64(l), true
		}
	}
	return 0, 0, false
}
