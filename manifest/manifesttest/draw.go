package manifesttest

import (
	"time"

	"pgregory.net/rapid"

	"weir/internal/media"
)

// Draw makes up a channel's life: successive windows of it, each with what happened to the one before. Rows are appended and
// trimmed, runs begin with other parameters, tracks are lost and come back, segments are of any length up to the target.
func Draw(t *rapid.T) []*media.Window {
	c := New(rapid.Uint64Range(0, 1<<20).Draw(t, "first"))
	c.Target = time.Duration(rapid.IntRange(1, 10).Draw(t, "target")) * time.Second
	c.Segment = min(c.Target, time.Duration(rapid.IntRange(500, 10_000).Draw(t, "segment"))*time.Millisecond)
	c.DVR = 6*c.Segment + time.Duration(rapid.IntRange(0, 3600).Draw(t, "dvr"))*time.Second
	c.PPM = rapid.Int64Range(-100, 100).Draw(t, "ppm")
	runs := 0
	begin := func() {
		hole := time.Duration(rapid.Int64Range(0, int64(100*time.Second)).Draw(t, "hole"))
		if rapid.Bool().Draw(t, "no hole") {
			hole = 0
		}
		c.Run(hole, tracks(t)...)
		runs++
		row(t, c) // a run exists only once it has media
	}
	begin()
	windows := []*media.Window{c.Window()}
	for range rapid.IntRange(1, 12).Draw(t, "updates") {
		listed := c.Len()
		for range rapid.IntRange(1, 4).Draw(t, "events") {
			switch rapid.IntRange(0, 9).Draw(t, "event") {
			case 0:
				begin()
			case 1:
				if names := c.run.Tracks; len(names) > 1 {
					c.End(names[len(names)-1].Name)
				}
			default:
				row(t, c)
			}
		}
		c.Trim(rapid.IntRange(0, min(4, listed, c.Len()-1)).Draw(t, "trimmed"))
		windows = append(windows, c.Window())
	}
	return windows
}

func row(t *rapid.T, c *Channel) {
	if rapid.IntRange(0, 19).Draw(t, "long GOP") == 0 {
		c.CutWithoutIDR()
	}
	d := c.Segment
	if rapid.Bool().Draw(t, "uneven") {
		d = time.Duration(rapid.Int64Range(int64(100*time.Millisecond), int64(c.Target)).Draw(t, "duration"))
	}
	c.Row(d, rapid.IntRange(32_000, 20_000_000).Draw(t, "bitrate"))
}

// tracks draws what a run has. Parameters come with their own init version, as they would from a packager.
func tracks(t *rapid.T) []media.Track {
	var all []media.Track
	video := rapid.IntRange(0, 3).Draw(t, "video")
	switch video {
	case 1:
		all = append(all, AVC(1, 1280, 720, "avc1.64001f"))
	case 2:
		all = append(all, AVC(2, 1920, 1080, "avc1.640028"))
	case 3:
		uhd := AVC(3, 3840, 2160, "hvc1.2.4.L153.B0")
		uhd.Codec, uhd.VideoRange, uhd.FrameRate = media.HEVC, "PQ", media.Fraction{Num: 60000, Den: 1001}
		all = append(all, uhd)
	}
	languages := []string{"", "en", "de-AT", "und", `no"t a tag`}
	least := 0
	if video == 0 {
		least = 1
	}
	for i := range rapid.IntRange(least, 3).Draw(t, "audio") {
		name := "a" + string(rune('1'+i))
		language := rapid.SampledFrom(languages).Draw(t, "language")
		switch rapid.IntRange(0, 2).Draw(t, "codec") {
		case 0:
			all = append(all, AAC(name, 1, 48000, language))
		case 1:
			all = append(all, AAC(name, 2, 44100, language))
		case 2:
			all = append(all, AC3(name, 3, language))
		}
	}
	return all
}
