package cmaf

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/ingest/ingesttest"
	"weir/internal/media"
	"weir/packager"
)

// ffmpeg runs it to its end.
func ffmpeg(t *testing.T, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "ffmpeg", append([]string{"-v", "error", "-nostdin"}, args...)...).CombinedOutput()
	if err != nil && strings.Contains(string(out), "Unknown encoder") {
		t.Skipf("ffmpeg lacks an encoder: %s", out)
	}
	require.NoError(t, err, "%s", out)
}

const fragmented = "cmaf+empty_moov+default_base_moof+separate_moof+frag_keyframe"

// pushed is a file of pictures with B-frames and of sound, and its samples as mp4ff reads them.
func pushed(t *testing.T, dir string) (file string, pictures, sound []media.Sample) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed: `make test` sees to it")
	}
	file = filepath.Join(dir, "source.mp4")
	ffmpeg(t, "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", "5",
		"-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "25", "-x264-params", "scenecut=0", "-c:a", "aac", file)
	return file, read(t, dir, file, "v"), read(t, dir, file, "a")
}

func read(t *testing.T, dir, file, kind string) []media.Sample {
	t.Helper()
	out := filepath.Join(dir, kind+".mp4")
	ffmpeg(t, "-i", file, "-map", "0:"+kind, "-c", "copy", "-movflags", fragmented, "-f", "mp4", out)
	data, err := os.ReadFile(out)
	require.NoError(t, err)
	return expected(t, data)
}

// requireSent checks that the samples of a source came out, all of them and bit-exact, later by the same time each. That time is given
// back.
func requireSent(t *testing.T, want []media.Sample, wantScale uint32, got []media.Sample, f media.Format) time.Duration {
	t.Helper()
	require.Equal(t, len(want), len(got), "samples of %s", f)
	at := func(s []media.Sample, i int, scale uint32) (dts, pts time.Duration) {
		return s[i].DTS.Duration(scale), s[i].PTS.Duration(scale)
	}
	wantDTS, wantPTS := at(want, 0, wantScale)
	gotDTS, gotPTS := at(got, 0, f.Clock.Timescale)
	later := gotDTS - wantDTS // may be another one: with or without an edit list, the same presentation is decoded at different times
	offset := gotPTS - wantPTS
	for i := range want {
		require.True(t, bytes.Equal(want[i].Data, got[i].Data), "bytes of sample %d of %s", i, f)
		wantDTS, wantPTS := at(want, i, wantScale)
		gotDTS, gotPTS := at(got, i, f.Clock.Timescale)
		require.InDelta(t, wantDTS+later, gotDTS, float64(2*time.Millisecond), "DTS of sample %d of %s", i, f)
		require.InDelta(t, wantPTS+offset, gotPTS, float64(2*time.Millisecond), "PTS of sample %d of %s", i, f)
	}
	return offset
}

// Each way in which ffmpeg pushes CMAF works as it is: all samples come out, pictures and sound keep their distance.
func TestFFmpegPushes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, pictures, sound := pushed(t, dir)
	for way, output := range map[string]func(url string) []string{
		"dash": func(url string) []string {
			return []string{"-f", "dash", "-seg_duration", "2", "-method", "PUT", url + "/cmaf/live/manifest.mpd"}
		},
		"dash, low latency": func(url string) []string {
			return []string{
				"-f", "dash", "-seg_duration", "2", "-streaming", "1", "-ldash", "1", "-write_prft", "1", "-utc_timing_url", "http://127.0.0.1:9/",
				"-window_size", "2", "-extra_window_size", "0", "-method", "PUT", url + "/cmaf/live/manifest.mpd",
			}
		},
		"dash, names of its own": func(url string) []string {
			return []string{
				"-f", "dash", "-seg_duration", "1", "-init_seg_name", "$RepresentationID$/init.m4s", "-media_seg_name", "$RepresentationID$/$Time$.m4s",
				"-hls_playlist", "1", "-method", "PUT", url + "/cmaf/live/manifest.mpd",
			}
		},
		"hls, a directory a rendition": func(url string) []string {
			return []string{
				"-map", "0:v", "-map", "0:a", "-f", "hls", "-hls_segment_type", "fmp4", "-hls_time", "2", "-var_stream_map", "v:0,agroup:a a:0,agroup:a",
				"-master_pl_name", "main.m3u8", "-method", "PUT", url + "/cmaf/live/%v/index.m3u8",
			}
		},
		"streams": func(url string) []string {
			return []string{
				"-map", "0:v", "-c", "copy", "-movflags", fragmented, "-f", "mp4", url + "/cmaf/live//Streams(video.cmfv)",
				"-map", "0:a", "-c", "copy", "-movflags", fragmented, "-frag_duration", "500000", "-f", "mp4", url + "/cmaf/live//Streams(audio.cmfa)",
			}
		},
		"both in one": func(url string) []string {
			return []string{"-movflags", fragmented, "-f", "mp4", url + "/cmaf/live/both.mp4"}
		},
		"chunks": func(url string) []string {
			return []string{
				"-movflags", fragmented, "-frag_duration", "100000", "-write_prft", "wallclock", "-method", "PUT", "-f", "mp4", url + "/cmaf/live/both.mp4",
			}
		},
	} {
		t.Run(way, func(t *testing.T) { // one after the other: senders in real time need the processors
			b := newBench(t, func(c *Config) { c.Gather, c.GatherMost = 3*time.Second, 15*time.Second })
			ffmpeg(t, append([]string{"-re", "-i", file, "-c", "copy"}, output(b.server.URL)...)...)
			f := b.feed(0)
			f.Wait(t, "all samples", func(r ingesttest.Record) bool { return len(r.Samples)+r.Dropped() >= len(pictures)+len(sound) })
			require.Len(t, b.opener.Feeds(), 1)
			require.Len(t, f.Got().Formats(), 2)
			r := f.Got()
			require.Equal(t, []int{1, 0}, []int{len(r.Starts), r.Dropped()}, "starts, dropped: %q", r.Drops)
			offsets := make(map[media.Kind]time.Duration)
			for i, format := range f.Got().Formats() {
				switch kind := format.Codec.Kind(); kind {
				case media.Video:
					offsets[kind] = requireSent(t, pictures, 12800, f.Got().Of(i), format)
				case media.Audio:
					offsets[kind] = requireSent(t, sound, 48000, f.Got().Of(i), format)
				}
			}
			// Within a frame of sound: without an edit list, ffmpeg shows the encoder's priming too.
			require.InDelta(t, offsets[media.Video], offsets[media.Audio], float64(22*time.Millisecond), "sound against pictures")
		})
	}
}

// Every codec that is packaged comes in, in the sample entries that encoders write.
func TestCodecs(t *testing.T) {
	t.Parallel()
	picture := []string{"-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=2", "-g", "25"}
	tone := []string{"-f", "lavfi", "-i", "sine=sample_rate=48000:duration=2"}
	for _, c := range []struct {
		name   string
		codec  media.Codec
		input  []string
		encode []string
	}{
		{"avc1", media.AVC, picture, []string{"-c:v", "libx264", "-preset", "ultrafast"}},
		{"avc3", media.AVC, picture, []string{"-c:v", "libx264", "-preset", "ultrafast", "-bsf:v", "dump_extra", "-tag:v", "avc3"}},
		{"hvc1", media.HEVC, picture, []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-tag:v", "hvc1"}},
		{"hev1", media.HEVC, picture, []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:repeat-headers=1", "-tag:v", "hev1"}},
		{"av01", media.AV1, picture, []string{"-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime"}},
		{"aac", media.AAC, tone, []string{"-c:a", "aac"}},
		{"ac-3", media.AC3, tone, []string{"-c:a", "ac3"}},
		{"ec-3", media.EAC3, tone, []string{"-c:a", "eac3"}},
		{"opus", media.Opus, tone, []string{"-c:a", "libopus"}},
		{"flac", media.FLAC, tone, []string{"-c:a", "flac", "-strict", "-2"}},
		{"mp3", media.MP3, tone, []string{"-c:a", "libmp3lame"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			data := made(t, "one.mp4", append(append(c.input, c.encode...), "-metadata:s:0", "language=deu", "-frag_duration", "500000")...)
			want := expected(t, data)
			b := newBench(t, nil)
			b.put("/cmaf/live/one.cmfv", data)
			f := b.feed(0)
			f.Wait(t, "samples", func(r ingesttest.Record) bool { return len(r.Samples)+r.Dropped() >= len(want) })
			require.Len(t, f.Got().Formats(), 1)
			require.Equal(t, c.codec, f.Got().Formats()[0].Codec)
			require.Equal(t, "deu", f.Got().Formats()[0].Language)
			got := f.Got().Of(0)
			require.True(t, got[0].Sync)
			requireSame(t, want, got)
		})
	}
}

// Parameter sets that stand in samples alone are found there, and their change is a change of the track.
func TestParametersInSamples(t *testing.T) {
	t.Parallel()
	for _, codec := range []struct{ entry, config string }{{"avc3", "avcC"}, {"hev1", "hvcC"}} {
		t.Run(codec.entry, func(t *testing.T) {
			t.Parallel()
			encode := []string{"-c:v", "libx264", "-preset", "ultrafast", "-bsf:v", "dump_extra", "-tag:v", "avc3"}
			if codec.entry == "hev1" {
				encode = []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:repeat-headers=1", "-tag:v", "hev1"}
			}
			pictures := func(size string) []byte {
				return made(t, "one.mp4", append([]string{"-f", "lavfi", "-i", "testsrc2=rate=25:duration=1:size=" + size, "-g", "25"}, encode...)...)
			}
			small, large := pictures("320x180"), pictures("640x360")
			b := newBench(t, nil)
			b.put("/cmaf/live/v.cmfv", withoutSets(t, small, codec.config))
			// The segments of the other size, as if they went on.
			at := bytes.Index(large, []byte("moof")) - 4
			b.put("/cmaf/live/v.cmfv", later(large[at:]))
			f := b.feed(0)
			f.Wait(t, "samples", func(r ingesttest.Record) bool { return len(r.Samples)+r.Dropped() >= 50 })
			r := f.Got()
			require.Equal(t, []int{2, 50}, []int{len(r.Starts), len(r.Samples)})
			require.NotEqual(t, f.Got().Starts[0][0].Config, f.Got().Starts[1][0].Config)
			for i, size := range []string{"320x180", "640x360"} {
				require.Equal(t, size, sizeOf(t, f.Got().Starts[i][0]))
			}
		})
	}
}

// withoutSets empties the decoder configuration of a header of its parameter sets: the samples have them.
func withoutSets(t *testing.T, data []byte, box string) []byte {
	t.Helper()
	data = bytes.Clone(data)
	at := bytes.Index(data, []byte(box))
	require.Positive(t, at)
	size := int(uintOf(data[at-4:])) - 8
	config := data[at+4 : at+4+size]
	if box == "avcC" {
		config[5], config[6] = 0xe0, 0
	} else {
		config[22] = 0
	}
	return data
}

// later moves segments by a second of a clock of 12800.
func later(segments []byte) []byte {
	segments = bytes.Clone(segments)
	for rest := segments; ; {
		at := bytes.Index(rest, []byte("tfdt"))
		if at < 0 {
			return segments
		}
		word := rest[at+8:]
		if rest[at+4] == 1 {
			word = rest[at+12:]
		}
		copy(word, be(4, uintOf(word)+12800))
		rest = word
	}
}

func uintOf(b []byte) uint64 {
	f := fields{b: b}
	return f.uint(4)
}

func sizeOf(t *testing.T, f media.Format) string {
	t.Helper()
	d, err := packager.Describe(f)
	require.NoError(t, err)
	return fmt.Sprintf("%dx%d", d.Width, d.Height)
}
