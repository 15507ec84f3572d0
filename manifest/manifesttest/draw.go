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

// DrawLive is Draw for a channel in low latency, seen between its parts too: rows are open, tracks run ahead of one another, chunks are of any
// length or there are none, the clock drifts, and at its end the channel may have ended.
func DrawLive(t *rapid.T) []*media.Window {
	c := New(rapid.Uint64Range(0, 1<<20).Draw(t, "first"))
	c.Target = time.Duration(rapid.IntRange(1, 6).Draw(t, "target")) * time.Second
	c.Segment = min(c.Target, time.Duration(rapid.IntRange(500, 6_000).Draw(t, "segment"))*time.Millisecond)
	c.DVR = 6*c.Segment + time.Duration(rapid.IntRange(0, 3600).Draw(t, "dvr"))*time.Second
	c.PPM = rapid.Int64Range(-100, 100).Draw(t, "ppm")
	c.LowLatency = rapid.IntRange(0, 9).Draw(t, "ordinary") > 0
	begin := func() {
		c.Complete()
		var all []media.Track
		chunk := time.Duration(rapid.SampledFrom([]int{0, 50, 200, 333, 500, 1000, 1500}).Draw(t, "chunk")) * time.Millisecond
		for _, track := range tracks(t) {
			if chunk > 0 {
				track = Chunked(track, chunk)
			}
			all = append(all, track)
		}
		hole := time.Duration(rapid.Int64Range(0, int64(10*time.Second)).Draw(t, "hole"))
		c.Run(hole, all...)
		plan(t, c)
	}
	begin()
	c.Complete()
	for range rapid.IntRange(0, 20).Draw(t, "rows before") {
		row(t, c)
	}
	windows := []*media.Window{c.Window()}
	for range rapid.IntRange(1, 30).Draw(t, "updates") {
		listed := c.Len()
		for range rapid.IntRange(1, 4).Draw(t, "events") {
			names := c.run.Tracks
			name := names[rapid.IntRange(0, len(names)-1).Draw(t, "track")].Name
			switch rapid.IntRange(0, 24).Draw(t, "event") {
			case 0:
				begin()
			case 1:
				if len(names) > 1 {
					c.End(names[len(names)-1].Name)
				}
			case 2:
				// Less than any row lasts, so that each stretch begins after the one before.
				c.Shift(time.Duration(rapid.Int64Range(-int64(40*time.Millisecond), int64(40*time.Millisecond)).Draw(t, "shift")))
			case 3:
				c.Complete()
			case 4, 5, 6, 7, 8:
				if !c.Close(name) && c.Planned() < 2 {
					plan(t, c)
				}
			default:
				if !c.Part(name) && c.Planned() < 2 {
					plan(t, c)
				}
			}
		}
		c.Trim(rapid.IntRange(0, min(4, listed, c.Len()-1)).Draw(t, "trimmed"))
		windows = append(windows, c.Window())
	}
	if rapid.Bool().Draw(t, "ended") {
		c.Complete()
		c.Ended = true
		windows = append(windows, c.Window())
	}
	return windows
}

func row(t *rapid.T, c *Channel) {
	plan(t, c)
	c.Complete()
}

// plan draws the next row.
func plan(t *rapid.T, c *Channel) {
	if rapid.IntRange(0, 19).Draw(t, "long GOP") == 0 {
		c.CutWithoutIDR()
	}
	d := c.Segment
	if rapid.Bool().Draw(t, "uneven") {
		d = time.Duration(rapid.Int64Range(int64(100*time.Millisecond), int64(c.Target)).Draw(t, "duration"))
	}
	c.Plan(d, rapid.IntRange(32_000, 20_000_000).Draw(t, "bitrate"))
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
	for i := range rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "renditions") {
		if video == 0 {
			break
		}
		all = append(all, Rendition(2+i, AVC(1, 640>>i, 360>>i, "avc1.64001e")))
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
	for i := range rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "text") {
		name, language := "t"+string(rune('1'+i)), rapid.SampledFrom(languages).Draw(t, "language")
		if rapid.Bool().Draw(t, "document") {
			all = append(all, IMSC(name, 2, language))
		} else {
			all = append(all, WebVTT(name, 1, language))
		}
	}
	return all
}
