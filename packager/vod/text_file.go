package vod

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"weir/internal/media"
	"weir/internal/subtitle"
	"weir/packager"
)

// Bounds on files of subtitles.
const (
	maxText     = 16 << 20 // bytes
	maxTextCues = 200_000
	sniffed     = 4 << 10 // bytes that tell what a file of text is
)

// isText tells whether a file begins as WebVTT or SubRip does.
func isText(head []byte) bool {
	text, _ := subtitle.Decode(head[:min(len(head), sniffed)])
	return subtitle.IsWebVTT(text) || subtitle.IsSubRip(text)
}

// readText indexes a file of subtitles: it is read whole, and all that it says is kept.
func readText(w *window) (*Index, error) {
	size := w.f.Size()
	if size > maxText {
		return nil, fmt.Errorf("%w: subtitles of %d bytes, %d are taken", ErrFile, size, maxText)
	}
	raw, err := w.bytes(0, size, 0)
	if err != nil {
		return nil, err
	}
	text, encoding := subtitle.Decode(raw)
	x := &Index{Container: "WebVTT", sum: sha256.Sum256(raw)}
	read := subtitle.WebVTT
	if !subtitle.IsWebVTT(text) {
		x.Container, read = "SubRip", subtitle.SubRip
	}
	d, err := read(text, subtitle.Rules{Cues: maxTextCues, Loose: true})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	t := &Track{ID: 1, Kind: media.Text, Format: media.Format{Codec: media.WVTT, Clock: media.Clock{Timescale: textScale}, Language: d.Language}}
	if d.Header != "WEBVTT" {
		t.Format.Config = []byte(d.Header)
	}
	if _, err := packager.Describe(t.Format); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	var notes []string
	shift := media.Ticks(0)
	if d.Stamped {
		if shift = d.Stamp; shift >= 1<<32 { // LOCAL is before MPEGTS
			shift -= 1 << 33
		}
		if shift != 0 {
			notes = append(notes, fmt.Sprintf("its X-TIMESTAMP-MAP moves all cues by %v", shift.Duration(textScale).Round(time.Millisecond)))
		}
	}
	var crowded int
	t.Cues, crowded = newCues(d.Cues, shift)
	t.End = int64(t.Cues.end())
	if t.Cues.Len() == 0 {
		t.Why = "it has no cues"
	}
	x.Tracks = []*Track{t}
	if encoding == subtitle.Windows1252 {
		notes = append(notes, "it is not UTF-8: it is read as Windows-1252")
	}
	if n := d.Backward; n > 0 {
		notes = append(notes, leftOut(n, "last")+" no time, or less")
	}
	if n := len(d.Cues) - t.Cues.Len() - crowded; n > 0 {
		notes = append(notes, leftOut(n, "end")+" before the beginning")
	}
	if crowded > 0 {
		notes = append(notes, fmt.Sprintf("%s while %d others are shown", leftOut(crowded, "begin"), packager.MaxTogether))
	}
	x.Problem = strings.Join(notes, "; ")
	return x, nil
}

// leftOut says that n cues are left out that do something.
func leftOut(n int, do string) string {
	if n == 1 {
		return "1 cue is left out that " + do + "s"
	}
	return fmt.Sprintf("%d cues are left out that %s", n, do)
}
