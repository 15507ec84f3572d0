package vod

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
	"weir/internal/testmedia"
)

// needTools skips a test where ffmpeg is not there.
func needTools(t testing.TB) {
	t.Helper()
	for _, name := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("no %s", name)
		}
	}
}

// makeMusic has ffmpeg make a file: by default of five seconds of two tones, in stereo at 44.1 kHz.
func makeMusic(t testing.TB, name string, args ...string) string {
	t.Helper()
	needTools(t)
	path := filepath.Join(t.TempDir(), name)
	all := []string{"-v", "error", "-nostdin", "-f", "lavfi", "-i", "aevalsrc=0.4*sin(440*2*PI*t)|0.4*sin(660*2*PI*t)+0.05*random(0):s=44100:d=5"}
	out, err := exec.Command("ffmpeg", append(append(all, args...), path)...).CombinedOutput()
	require.NoError(t, err, string(out))
	return path
}

// readPath indexes a file.
func readPath(t testing.TB, path string) (*Index, []byte) {
	t.Helper()
	f := load(t, path)
	x, err := Read(t.Context(), f)
	require.NoError(t, err)
	require.LessOrEqual(t, f.opens.Load(), int64(2), "ranges read")
	require.Len(t, x.Tracks, 1)
	require.Empty(t, x.Tracks[0].Why)
	require.EqualValues(t, f.size, x.Size)
	return x, f.data
}

// hashes are those of a track's samples.
func hashes(x *Index, data []byte) []string {
	var all []string
	t := x.Tracks[0]
	for _, s := range t.Samples.Samples(0, t.Samples.Len()) {
		h := sha256.Sum256(data[s.Offset:s.End()])
		all = append(all, hex.EncodeToString(h[:]))
	}
	return all
}

// probeHashes are those of the packets that ffprobe finds, as a bitstream filter of ffmpeg has them.
func probeHashes(t testing.TB, path, filter string) []string {
	t.Helper()
	needTools(t)
	input := path
	if filter != "" {
		input = filepath.Join(t.TempDir(), "filtered.mp4")
		out, err := exec.Command("ffmpeg", "-v", "error", "-nostdin", "-i", path, "-map", "a", "-c", "copy", "-bsf:a", filter, input).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	out, err := exec.Command("ffprobe", "-v", "fatal", "-select_streams", "a", "-show_packets", "-show_data_hash", "sha256", "-of", "json", input).Output()
	require.NoError(t, err)
	var found struct {
		Packets []struct {
			Hash string `json:"data_hash"`
		} `json:"packets"`
	}
	require.NoError(t, json.Unmarshal(out, &found))
	var all []string
	for _, p := range found.Packets {
		all = append(all, strings.ToLower(strings.TrimPrefix(p.Hash, "SHA256:")))
	}
	return all
}

// Every frame is found once, where it is, and nothing else; and what is presented is as long as what was encoded.
func TestMusicFilesHaveTheFramesThatProbesFind(t *testing.T) {
	t.Parallel()
	const length = 5 * 44100
	for _, c := range []struct {
		name      string
		args      []string
		container string
		codec     media.Codec
		filter    string
		priming   int64 // -1: is not looked at
		length    int64
	}{
		{"fixed.flac", nil, "FLAC", media.FLAC, "", 0, length},
		{"small.flac", []string{"-frame_size", "256", "-ar", "48000", "-ac", "1", "-sample_fmt", "s32"}, "FLAC", media.FLAC, "", 0, 5 * 48000},
		{"verbatim.flac", []string{"-af", "volume=20,aformat=sample_rates=96000", "-compression_level", "0"}, "FLAC", media.FLAC, "", 0, 5 * 96000},
		{"cbr.mp3", []string{"-b:a", "128k"}, "MPEG audio", media.MP3, "", 576 + 529, length},
		{"vbr.mp3", []string{"-q:a", "2"}, "MPEG audio", media.MP3, "", 576 + 529, length},
		{"mono.mp3", []string{"-ac", "1", "-ar", "22050", "-b:a", "32k"}, "MPEG audio", media.MP3, "", 576 + 529, length / 2},
		{"low.mp3", []string{"-ac", "1", "-ar", "8000", "-b:a", "8k"}, "MPEG audio", media.MP3, "", 576 + 529, 5 * 8000},
		{"bare.mp3", []string{"-write_xing", "0", "-id3v2_version", "0"}, "MPEG audio", media.MP3, "", 0, -1},
		{"tagged.mp3", []string{"-write_id3v1", "1", "-metadata", "title=x"}, "MPEG audio", media.MP3, "", 576 + 529, length},
		{"two.mp2", []string{"-b:a", "192k"}, "MPEG audio", media.MP2, "", 0, -1},
		{"plain.aac", []string{"-b:a", "96k"}, "ADTS", media.AAC, "aac_adtstoasc", 0, -1},
		{"mono.aac", []string{"-ac", "1", "-ar", "24000"}, "ADTS", media.AAC, "aac_adtstoasc", 0, -1},
		{"six.aac", []string{"-ac", "6", "-ar", "48000"}, "ADTS", media.AAC, "aac_adtstoasc", 0, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := makeMusic(t, c.name, c.args...)
			x, data := readPath(t, path)
			track := x.Tracks[0]
			require.Equal(t, c.container, x.Container)
			require.Equal(t, c.codec, track.Format.Codec)
			require.Equal(t, probeHashes(t, path, c.filter), hashes(x, data))
			require.Equal(t, -c.priming, track.Shift)
			if c.length >= 0 {
				require.Equal(t, c.length, track.End)
			} else {
				require.Equal(t, track.Samples.Stats().End, track.End)
			}
		})
	}
}

func TestSharedMusicFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		frames  int // 0: as many as a probe finds
		priming int64
		end     int64
	}{
		{"bear.flac", 0, 0, 131568},
		{"bear_no_seek_table.flac", 0, 0, 131568},
		{"bear-id3.mp3", 117, 1105, 133632}, // a probe takes the last byte, which is none of a frame, for one more
		{"bear-vbr-xing-header.mp3", 0, 1105, 133632},
		{"test-cbr-info-header-trailing-garbage.mp3", 40, 1105, 44100}, // and all of the garbage
		{"200kB-garbage-prefix.mp3", 0, 1105, 44100},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := testmedia.File(t, "audio/"+c.name)
			x, data := readPath(t, path)
			track := x.Tracks[0]
			if c.name == "200kB-garbage-prefix.mp3" { // which probes take for something else
				path = filepath.Join(t.TempDir(), "cut.mp3")
				require.NoError(t, os.WriteFile(path, data[200_000:], 0o600))
			}
			want := probeHashes(t, path, "")
			if c.frames != 0 {
				want = want[:c.frames]
			}
			require.Equal(t, want, hashes(x, data))
			require.Equal(t, c.priming, -track.Shift)
			require.Equal(t, c.end, track.End)
		})
	}
}
