package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"weir/internal/media"
)

// inBrowsers says what is known of a track in players that use Media Source Extensions; "": they have it.
func inBrowsers(t *media.Track) string {
	switch t.Codec {
	case media.AVC:
		for _, deep := range []string{"avc1.6e", "avc1.7a", "avc1.f4", "avc1.44"} {
			if strings.HasPrefix(strings.ToLower(t.Codecs), deep) {
				return "no browser plays this profile of H.264: it has more than 8 bits, or more colour than 4:2:0"
			}
		}
	case media.HEVC:
		return "browsers play HEVC only where the machine decodes it: Safari does, Chrome, Edge and Firefox often, Chromium does not"
	case media.AV1:
		return "Safari plays AV1 only where the machine decodes it"
	case media.AC3, media.EAC3:
		return "of browsers only Safari and Edge play AC-3 and E-AC-3: AAC beside it serves the others"
	case media.MP2:
		return "no browser plays MPEG layer II"
	case media.MP3:
		return "Firefox plays MP3 in MP4, Chrome and Safari do not: AAC serves them all"
	case media.FLAC:
		return "Safari plays FLAC from HLS only"
	case media.STPP:
		return "players need a library for TTML: dash.js and Shaka have it, hls.js partly"
	}
	if t.Kind == media.Audio && t.Channels > 8 {
		return "browsers play up to 8 channels"
	}
	return ""
}

// writeText prints the report for people.
func (r *vodReport) writeText(w io.Writer) error {
	var b strings.Builder
	for i := range r.Files {
		r.Files[i].writeText(&b)
	}
	if p := r.Plan; p != nil {
		fmt.Fprintf(&b, "Plan: %d segments in %s, of %s to %s (target duration %.0f s)\n",
			p.Segments, clockTime(p.Duration), plainSeconds(p.Shortest), plainSeconds(p.Longest), p.Target)
		if p.Forced > 0 {
			fmt.Fprintf(&b, "  %d of them begin without a key frame, as none came for a minute: players cannot seek to them\n", p.Forced)
		}
		if p.Apart > 0 {
			fmt.Fprintf(&b, "  %d of them begin where not all video tracks have a key frame: players cannot switch there without a break\n", p.Apart)
		}
		for _, problem := range p.Problems {
			fmt.Fprintf(&b, "  ! %s\n", problem)
		}
		for _, t := range p.Tracks {
			fmt.Fprintf(&b, "  %-4s %d segments, largest %s, average %s, peak %s", t.Name, t.Segments, byteCount(t.Largest), bitRate(int64(t.Average)), bitRate(int64(t.Peak)))
			if t.Gaps > 0 {
				fmt.Fprintf(&b, ", %d without media", t.Gaps)
			}
			b.WriteByte('\n')
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (f *vodFile) writeText(b *strings.Builder) {
	fmt.Fprintf(b, "%s: %s, %s, %s; its index takes %s, read in %d ranges\n",
		f.Path, f.Container, byteCount(f.Bytes), clockTime(f.Duration), byteCount(int64(f.IndexBytes)), f.Ranges)
	if f.Problem != "" {
		fmt.Fprintf(b, "  ! %s\n", f.Problem)
	}
	for i := range f.Tracks {
		f.Tracks[i].writeText(b)
	}
}

func (t *vodTrack) writeText(b *strings.Builder) {
	name := t.Name
	if name == "" {
		name = "-"
	}
	fmt.Fprintf(b, "  %-4s track %d", name, t.ID)
	if s := describeTrack(t.Description); s != "" {
		fmt.Fprintf(b, ": %s", s)
	}
	b.WriteByte('\n')
	line := func(format string, args ...any) { fmt.Fprintf(b, "       "+format+"\n", args...) }
	if t.Why != "" {
		line("does not play: %s", t.Why)
	}
	if t.Samples > 0 {
		line("%d samples, %s, %s, %s", t.Samples, plainSeconds(t.Duration), byteCount(t.Bytes), bitRate(t.Bitrate))
	}
	if t.Cues > 0 {
		line("%d cues, the last ends at %s", t.Cues, clockTime(t.Duration))
	}
	if g := t.GOPs; g != nil {
		line("%d key frames, %s to %s apart, %s on average", g.Count, plainSeconds(g.Shortest), plainSeconds(g.Longest), plainSeconds(g.Average))
		if g.Unclean > 0 {
			line("! %d of them are called key frames, but are none that players can begin at (no IDR picture): they may show broken pictures there", g.Unclean)
		}
	}
	if t.Edits != "" {
		line("edit list: %s", t.Edits)
	}
	if t.Browsers != "" {
		line("in browsers: %s", t.Browsers)
	}
}

// describeTrack is a track in a few words.
func describeTrack(t *media.Track) string {
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if t.Kind != "" {
		add("%s", t.Kind)
	}
	if t.Codecs != "" {
		add("%s", t.Codecs)
	} else if t.Codec != "" {
		add("%s", t.Codec)
	}
	if t.Width > 0 {
		add("%d×%d", t.Width, t.Height)
	}
	if t.Rotation != 0 {
		add("turned by %d° clockwise", t.Rotation)
	}
	if r := t.FrameRate.Float(); r > 0 {
		add("%.4g/s", r)
	}
	if t.VideoRange != "" && t.VideoRange != "SDR" {
		add("%s", t.VideoRange)
	}
	if t.SampleRate > 0 {
		add("%d Hz", t.SampleRate)
		add("%d channels", t.Channels)
	}
	if t.Language != "" {
		add("%s", t.Language)
	}
	return strings.Join(all, ", ")
}

// byteCount is a size for people.
func byteCount(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e4:
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d bytes", n)
}

// bitRate is a rate for people.
func bitRate(n int64) string {
	if n >= 1e6 {
		return fmt.Sprintf("%.2f Mbit/s", float64(n)/1e6)
	}
	return fmt.Sprintf("%.0f kbit/s", float64(n)/1e3)
}

// plainSeconds is a duration for people.
func plainSeconds(s float64) string { return fmt.Sprintf("%.3g s", s) }

// clockTime is a longer one.
func clockTime(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(time.Millisecond).String()
}
