package file

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"weir/internal/media"
	"weir/internal/testmedia"
	"weir/testdata"
)

type probed struct {
	Stream int    `json:"stream_index"`
	PTS    int64  `json:"pts"`
	DTS    int64  `json:"dts"`
	Hash   string `json:"data_hash"`
}

// ffprobe gives the packets of each stream, as the media has them, without edit lists.
func ffprobe(t *testing.T, path string) map[int][]probed {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-ignore_editlist", "1", "-show_packets", "-show_data_hash", "md5",
		"-show_entries", "packet=stream_index,pts,dts,data_hash", "-of", "json", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var p struct {
		Packets []probed `json:"packets"`
	}
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatal(err)
	}
	streams := make(map[int][]probed)
	for _, packet := range p.Packets {
		streams[packet.Stream] = append(streams[packet.Stream], packet)
	}
	return streams
}

func openTest(t *testing.T, path string) (*clip, error) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return indexFile(t.Context(), f)
}

// Every sample of every file comes out bit-exact, in order, with its PTS and DTS, but for one shift a track.
func TestClipHasWhatFFprobeSees(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ffprobe"); err != nil {
		t.Skip("ffprobe is not installed")
	}
	for _, path := range testmedia.Find(t, "mp4/*.mp4") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			c, err := openTest(t, path)
			if err != nil {
				t.Fatal(err)
			}
			t.Log(c)
			streams := ffprobe(t, path)
			for i, track := range c.tracks {
				want, at := find(t, c, i, streams)
				cur := &cursor{track: track, index: i}
				for n := range track.len() {
					s, err := c.read(cur)
					if err != nil {
						t.Fatal(err)
					}
					if n == 0 {
						at.PTS, at.DTS = int64(s.PTS)-want[0].PTS, int64(s.DTS)-want[0].DTS
					}
					got := probed{PTS: int64(s.PTS) - at.PTS, DTS: int64(s.DTS) - at.DTS, Hash: hash(s.Data), Stream: want[n].Stream}
					if got != want[n] {
						t.Fatalf("track %d, sample %d: got %+v, want %+v", i, n, got, want[n])
					}
					cur.at++
				}
				if left := len(want) - track.len(); left != 0 && (track.Format.Codec.Kind() == media.Video || left > 4) {
					t.Errorf("track %d: %d samples of %d", i, track.len(), len(want))
				}
			}
		})
	}
}

// find is the stream that track i is, from its first sample on.
func find(t *testing.T, c *clip, i int, streams map[int][]probed) ([]probed, probed) {
	t.Helper()
	cur := &cursor{track: c.tracks[i], index: i}
	var hashes []string
	for range cur.len() {
		s, err := c.read(cur)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, hash(s.Data))
		cur.at++
	}
	for _, packets := range streams {
		for n := range packets {
			rest := packets[n:]
			if len(rest) >= len(hashes) && !slices.ContainsFunc(hashes, func(h string) bool {
				p := rest[0]
				rest = rest[1:]
				return p.Hash != h
			}) {
				return packets[n:], probed{}
			}
		}
	}
	t.Fatalf("track %d is none of ffprobe's", i)
	return nil, probed{}
}

func hash(b []byte) string {
	sum := md5.Sum(b)
	return "MD5:" + hex.EncodeToString(sum[:])
}

// What edit lists say of where tracks begin against each other is kept: as ffprobe has it, in seconds.
func TestEditListsAreHonoured(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"edit_list_positive_shift.mp4": "avc 1.0000, aac 0.0000",
		"prog_8s.mp4":                  "aac 0.0000, avc 0.0667",
		"long_1080p_lowbitrate.mp4":    "avc 0.0000, aac 0.0000",
		// Its video has 0.44 s before the edit, which are decoded, and so shown, here: audio begins where ffprobe says 0.
		"sample_edit_list.mp4": "hevc 0.0000, aac 0.4397",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := openTest(t, testmedia.File(t, "mp4/"+name))
			if err != nil {
				t.Fatal(err)
			}
			var starts []string
			for _, track := range c.tracks {
				starts = append(starts, fmt.Sprintf("%s %.4f", track.Format.Codec, media.Ticks(track.start).Seconds(track.Format.Clock.Timescale)))
			}
			if got := strings.Join(starts, ", "); got != want {
				t.Errorf("tracks begin at %s, want %s", got, want)
			}
		})
	}
}

// Broken files are refused with words, or played as far as they go.
func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"sample_empty_track.mp4":          "",
		"sample_malformed_free_box.mp4":   `box "free" at 32 has a size of 3`,
		"sample_mdat_too_long.mp4":        "",
		"sample_missing_stsd.mp4":         "no sample description",
		"sample_partially_fragmented.mp4": "",
		"sample_with_invalid_nalu.mp4":    "",
		"sample_without_stss.mp4":         "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := openTest(t, testmedia.File(t, "mp4/broken/"+name))
			switch {
			case want == "" && err != nil:
				t.Errorf("error %v, want it played", err)
			case want == "":
				t.Log(c)
			case err == nil || !strings.Contains(err.Error(), want):
				t.Errorf("error %v, want %q", err, want)
			case !errors.Is(err, ErrFile):
				t.Errorf("error %v is no ErrFile", err)
			}
		})
	}
}

// However short a file was cut, opening it gives a clip or an error.
func TestTruncatedFiles(t *testing.T) {
	t.Parallel()
	whole := []byte(testdata.Demo)[:64<<10]
	for n := 0; n < len(whole); n += 997 {
		if _, err := newClip(t.Context(), bytes.NewReader(whole[:n]), int64(n)); err == nil {
			t.Fatalf("a clip from %d bytes", n)
		}
	}
}

func FuzzClip(f *testing.F) {
	demo := []byte(testdata.Demo)
	f.Add(demo[:min(len(demo), 40<<10)])
	f.Add([]byte("\x00\x00\x00\x08moov"))
	f.Add([]byte("\x00\x00\x00\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff"))
	for _, name := range []string{"sample_ac3.mp4", "sample_opus.mp4", "sample_audio_only_15s.mp4", "h265_bframes.mp4"} {
		if path, ok := testmedia.Path("mp4/" + name); ok {
			b, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := newClip(t.Context(), bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for i, track := range c.tracks {
			cur := &cursor{track: track, index: i}
			for range min(track.len(), 100) {
				if _, err := c.read(cur); err != nil {
					t.Fatalf("a sample of an indexed file cannot be read: %v", err)
				}
				cur.advance(c.length, c.clock)
			}
		}
	})
}
