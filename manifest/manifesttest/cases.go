package manifesttest

import (
	"time"

	"weir/internal/media"
)

// Cases are typical windows, by name, for golden manifests.
func Cases() map[string]*media.Window {
	const (
		seg  = 2 * time.Second
		rate = 3_000_000
		high = "avc1.64001f"
	)
	video, audio := AVC(1, 1280, 720, high), AAC("a1", 1, 48000, "")
	cases := make(map[string]*media.Window)

	c := New(0)
	c.Title = "News & <Weather>"
	c.Run(0, video, audio)
	c.Rows(6, seg, rate)
	cases["video-audio"] = c.Window()

	c = New(4711)
	c.Run(0, video, audio)
	c.Rows(3, seg, rate)
	c.Run(7300*time.Millisecond, AVC(2, 1920, 1080, "avc1.640028"), audio)
	c.Rows(3, seg, rate)
	cases["changed-resolution"] = c.Window()

	c = New(0)
	c.Run(0, video, audio)
	c.Rows(2, seg, rate)
	c.Run(0, video)
	c.Rows(2, seg, rate)
	c.Run(time.Second, video, audio)
	c.Rows(2, seg, rate)
	cases["run-without-audio"] = c.Window()

	c = New(0)
	c.Run(0, AAC("a1", 1, 44100, "en"))
	c.Rows(6, seg, rate/20)
	cases["audio-only"] = c.Window()

	c = New(0)
	ntsc := AVC(1, 1920, 1080, "avc1.640028")
	ntsc.FrameRate = media.Fraction{Num: 30000, Den: 1001}
	c.Run(0, ntsc, AAC("a1", 1, 48000, "en"), AAC("a2", 1, 48000, "de-AT"), AC3("a3", 1, "en"))
	c.Rows(6, 2002*time.Millisecond, rate)
	cases["two-languages"] = c.Window()

	c = New(0)
	low, high48 := AAC("a1", 1, 48000, "en"), AAC("a2", 1, 48000, "en")
	high48.Codecs = "mp4a.40.5"
	c.Run(0, low, high48)
	c.Rows(6, seg, rate/20)
	cases["radio-bitrates"] = c.Window()

	c = New(0)
	atmos := AC3("a3", 1, "en")
	atmos.Codec, atmos.Codecs, atmos.Objects = media.EAC3, "ec-3", 16
	c.Captions = []media.Caption{{ID: "CC1", Language: "en"}, {ID: "CC3"}, {ID: "SERVICE1", Language: "en"}}
	c.Run(0, video, AAC("a1", 1, 48000, "en"), AAC("a2", 1, 48000, "en"), atmos, WebVTT("t1", 1, "en"), IMSC("t2", 1, "sv"))
	c.Rows(6, seg, rate)
	cases["subtitles"] = c.Window()

	c = New(0)
	c.Run(0, video, audio)
	c.Rows(4, seg, rate)
	c.End("a1")
	c.Rows(2, seg, rate)
	cases["audio-ends-early"] = c.Window()

	c = New(0)
	c.PPM = 100
	c.Run(0, video, audio)
	c.Rows(4, seg, rate)
	c.Run(90*time.Second, video, audio)
	c.Rows(6, seg, rate)
	c.Trim(6)
	cases["slid-past-run-start"] = c.Window()

	c = New(9)
	c.Run(0, video, audio)
	c.Rows(2, seg, rate)
	c.Run(90*time.Second, video, audio)
	c.Rows(6, seg, rate)
	c.Trim(2)
	cases["slid-to-run-start"] = c.Window()
	c = New(0)
	c.Run(0, ladder(AAC("a1", 1, 48000, "en"), AAC("a2", 1, 48000, "de"))...)
	c.Rows(6, seg, rate)
	cases["renditions"] = c.Window()

	c = New(0)
	c.Run(0, ladder(audio)...)
	c.Rows(3, seg, rate)
	c.Run(0, ladder(audio)[1:]...) // the first one stopped
	c.Rows(3, seg, rate)
	c.Run(0, ladder(audio)...)
	c.Rows(3, seg, rate)
	cases["rendition-away"] = c.Window()
	return cases
}

// LowLatencyCases are typical windows of channels that offer parts, by name, for golden manifests.
func LowLatencyCases() map[string]*media.Window {
	const (
		seg   = 2 * time.Second
		chunk = 500 * time.Millisecond
		rate  = 3_000_000
		high  = "avc1.64001f"
	)
	video, audio := Chunked(AVC(1, 1280, 720, high), chunk), Chunked(AAC("a1", 1, 48000, ""), chunk)
	cases := make(map[string]*media.Window)
	begin := func(rows int) *Channel {
		c := New(100)
		c.LowLatency = true
		c.Run(0, video, audio)
		c.Rows(rows, seg, rate)
		return c
	}
	parts := func(c *Channel, video, audio int) {
		for range video {
			c.Part("v1")
		}
		for range audio {
			c.Part("a1")
		}
	}

	c := begin(10)
	c.Plan(seg, rate)
	parts(c, 2, 3)
	cases["low-latency"] = c.Window()

	cases["low-latency-border"] = begin(10).Window()

	c = begin(10)
	c.Plan(seg, rate)
	c.Plan(seg, rate)
	parts(c, 3, 0)
	c.Close("a1")
	parts(c, 0, 1)
	cases["low-latency-audio-ahead"] = c.Window()

	c = begin(8)
	c.Run(7300*time.Millisecond, Chunked(AVC(2, 1920, 1080, "avc1.640028"), chunk), audio)
	c.Rows(1, seg, rate)
	c.Plan(seg, rate)
	parts(c, 1, 1)
	cases["low-latency-discontinuity"] = c.Window()

	c = begin(8)
	c.Run(time.Second, video, audio)
	c.Plan(seg, rate)
	parts(c, 1, 1)
	cases["low-latency-new-run"] = c.Window()

	c = begin(6)
	c.End("a1")
	c.Rows(3, seg, rate)
	c.Plan(seg, rate)
	parts(c, 2, 0)
	cases["low-latency-audio-ends"] = c.Window()

	c = New(100)
	c.LowLatency = true
	c.Run(0, AVC(1, 1280, 720, high), AAC("a1", 1, 48000, ""))
	c.Rows(10, seg, rate)
	cases["unchunked"] = c.Window()

	c = begin(10)
	c.Shift(-120 * time.Millisecond)
	c.Rows(2, seg, rate)
	c.Plan(seg, rate)
	parts(c, 2, 2)
	cases["low-latency-drift"] = c.Window()

	c = New(100)
	c.LowLatency = true
	c.Run(0, video, audio, WebVTT("t1", 1, "en"))
	c.Rows(10, seg, rate)
	c.Plan(seg, rate)
	parts(c, 2, 3)
	cases["low-latency-subtitles"] = c.Window()

	c = New(100)
	c.LowLatency = true
	all := ladder(audio)
	for i := range all[:3] {
		all[i] = Chunked(all[i], chunk)
	}
	c.Run(0, all...)
	c.Rows(10, seg, rate)
	c.Plan(seg, rate)
	for _, t := range []string{"v1", "v1", "v2", "v3", "v3", "v3", "a1"} {
		c.Part(t)
	}
	cases["low-latency-renditions"] = c.Window()

	c = begin(6)
	c.Ended = true
	cases["ended"] = c.Window()
	return cases
}

// ladder is three renditions of the same pictures, and sound.
func ladder(sound ...media.Track) []media.Track {
	return append([]media.Track{
		AVC(1, 1920, 1080, "avc1.640028"), Rendition(2, AVC(1, 1280, 720, "avc1.64001f")), Rendition(3, AVC(2, 640, 360, "avc1.64001e")),
	}, sound...)
}
