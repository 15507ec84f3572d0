package manifesttest

import (
	"strconv"
	"time"

	"weir/internal/media"
)

// AVC is a video track v1 of 25 frames a second.
func AVC(init uint32, width, height int, codecs string) media.Track {
	return media.Track{
		Name: "v1", Kind: media.Video, Codec: media.AVC, Codecs: codecs, Timescale: 90000, Init: init,
		Width: width, Height: height, FrameRate: media.Fraction{Num: 25, Den: 1}, VideoRange: "SDR",
	}
}

// Rendition is the video track under the name of the n-th rendition: v2, v3, ….
func Rendition(n int, t media.Track) media.Track {
	t.Name = "v" + strconv.Itoa(n)
	return t
}

// AAC is a stereo track.
func AAC(name string, init uint32, rate int, language string) media.Track {
	return media.Track{
		Name: name, Kind: media.Audio, Codec: media.AAC, Codecs: "mp4a.40.2", Timescale: uint32(rate), Init: init,
		Language: language, SampleRate: rate, Channels: 2,
	}
}

// AC3 is a 5.1 track.
func AC3(name string, init uint32, language string) media.Track {
	return media.Track{
		Name: name, Kind: media.Audio, Codec: media.AC3, Codecs: "ac-3", Timescale: 48000, Init: init,
		Language: language, SampleRate: 48000, Channels: 6,
	}
}

// WebVTT is a track of subtitles.
func WebVTT(name string, init uint32, language string) media.Track {
	return media.Track{
		Name: name, Kind: media.Text, Codec: media.WVTT, Codecs: "wvtt", Timescale: 90000, Init: init, Language: language,
	}
}

// IMSC is a track of subtitles as documents of XML.
func IMSC(name string, init uint32, language string) media.Track {
	return media.Track{
		Name: name, Kind: media.Text, Codec: media.STPP, Codecs: "stpp.ttml.im1t", Timescale: 90000, Init: init, Language: language,
	}
}

// Chunked is the track cut into chunks of about that duration: as many whole frames as come nearest to it.
func Chunked(t media.Track, chunk time.Duration) media.Track {
	if t.Kind == media.Text {
		return t
	}
	num, den := int64(t.FrameRate.Num), int64(t.FrameRate.Den)
	if t.Kind == media.Audio {
		num, den = int64(t.SampleRate), audioFrame
	}
	frames := max(1, (int64(chunk)*num/den+int64(time.Second)/2)/int64(time.Second))
	t.Part = time.Duration((frames*den*int64(time.Second) + num/2) / num)
	return t
}
