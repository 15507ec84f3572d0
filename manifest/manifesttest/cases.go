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
	return cases
}
