package mpegts

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"weir/internal/elementary"
	"weir/internal/media"
)

// probed is a sample as ffprobe shows it, of a file that ffmpeg made of the stream.
type probed struct {
	hash     string
	pts, dts string
}

// ffmpeg has it make a file of one track of the stream, whose samples have the form of MP4 then.
func ffmpeg(t *testing.T, file, selected, made string) string {
	t.Helper()
	for _, program := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed")
		}
	}
	made = filepath.Join(t.TempDir(), made)
	args := []string{"-v", "error", "-copyts", "-i", file, "-map", "0:" + selected, "-c", "copy", "-avoid_negative_ts", "disabled", made}
	if out, err := exec.Command("ffmpeg", args...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	return made
}

func probe(t *testing.T, file, selected string) []probed {
	t.Helper()
	remuxed := ffmpeg(t, file, selected, "remuxed.mp4")
	out, err := exec.Command("ffprobe", "-v", "error", "-ignore_editlist", "1", "-show_data_hash", "md5",
		"-show_entries", "packet=pts_time,dts_time,data_hash", "-show_packets", "-of", "json", remuxed).Output()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Packets []struct {
			PTS  string `json:"pts_time"`
			DTS  string `json:"dts_time"`
			Hash string `json:"data_hash"`
		}
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	all := make([]probed, len(got.Packets))
	for i, p := range got.Packets {
		all[i] = probed{strings.TrimPrefix(p.Hash, "MD5:"), p.PTS, p.DTS}
	}
	return all
}

// requireSame checks bytes and times of samples against ffmpeg's, but for an offset that all have.
func requireSame(t *testing.T, want []probed, got []media.Sample) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d samples, ffmpeg has %d", len(got), len(want))
	}
	number := func(s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	offset := got[0].DTS.Seconds(timescale) - number(want[0].dts)
	for i, s := range got {
		sum := md5.Sum(s.Data)
		if hex.EncodeToString(sum[:]) != want[i].hash {
			t.Fatalf("sample %d has other bytes", i)
		}
		const near = 0.0003
		if d := s.DTS.Seconds(timescale) - number(want[i].dts) - offset; d > near || d < -near {
			t.Fatalf("DTS of sample %d is off by %f s", i, d)
		}
		if d := s.PTS.Seconds(timescale) - number(want[i].pts) - offset; d > near || d < -near {
			t.Fatalf("PTS of sample %d is off by %f s", i, d)
		}
	}
}

// requireBytes checks that samples in a row are the elementary stream, but for what is cut off at both of its ends, and that they follow
// each other at the length of a frame.
func requireBytes(t *testing.T, stream string, got []media.Sample, length media.Ticks) {
	t.Helper()
	want, err := os.ReadFile(stream)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for i, s := range got {
		all = append(all, s.Data...)
		if i > 0 && (s.DTS-got[i-1].DTS-length > 1 || s.DTS-got[i-1].DTS-length < -1) {
			t.Errorf("sample %d comes %d ticks after the one before, a frame has %d", i, s.DTS-got[i-1].DTS, length)
		}
	}
	at := bytes.Index(want, all)
	if at < 0 || at > 2000 || len(want)-at-len(all) > 2000 {
		t.Errorf("%d bytes of samples stand at %d of the stream's %d", len(all), at, len(want))
	}
}

// requireNALUnits checks that samples have the NAL units of the byte stream, but for zero bytes behind them: ffmpeg's parser of HEVC puts
// the first byte of a start code to the frame before.
func requireNALUnits(t *testing.T, stream string, got []media.Sample) {
	t.Helper()
	want, err := os.ReadFile(stream)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, s := range got {
		for d := s.Data; len(d) > 4; {
			n := 4 + int(binary.BigEndian.Uint32(d))
			all = append(append(all, 0, 0, 1), d[4:n]...)
			d = d[n:]
		}
	}
	next, stop := iter.Pull(elementary.NALUnits(all))
	defer stop()
	i := 0
	for nal := range elementary.NALUnits(want) {
		ours, _ := next()
		if !bytes.Equal(bytes.TrimRight(nal, "\x00"), bytes.TrimRight(ours, "\x00")) {
			t.Fatalf("NAL unit %d has %d bytes, or other ones; ffmpeg's has %d", i, len(ours), len(nal))
		}
		i++
	}
	if _, more := next(); more || i < 2*len(got) {
		t.Fatalf("more than the %d NAL units of ffmpeg, or too few", i)
	}
}

// bare is a track whose samples are compared with its elementary stream: MP4 has them in another form.
type bare struct {
	file  string // its name says the format
	frame media.Ticks
}

// sharedStreams says of each shared file what becomes of it, or why it is refused.
var sharedStreams = map[string]struct {
	codecs  []media.Codec
	bare    map[int]bare
	refused string
	events  int
}{
	"bbb_2500ms.ts":          {refused: `video is MPEG-2 video; send H\.264 or HEVC`},
	"h264_aac_scte35_80s.ts": {codecs: []media.Codec{media.AVC, media.AAC}, events: 1},
	"sample_ac3.ts":          {codecs: []media.Codec{media.AC3}, bare: map[int]bare{0: {"a.ac3", 2880}}},
	"sample_eac3.ts":         {codecs: []media.Codec{media.EAC3}, bare: map[int]bare{0: {"a.eac3", 2880}}},
	"sample_h264_mpeg_audio.ts": {
		codecs: []media.Codec{media.AVC, media.MP2},
		bare:   map[int]bare{1: {"a.mp2", 2351}},
	},
	"sample_h264_no_access_unit_delimiters.ts": {codecs: []media.Codec{media.AVC}},
	"sample_h265.ts":   {codecs: []media.Codec{media.HEVC}, bare: map[int]bare{0: {file: "v.hevc"}}},
	"sample_latm.ts":   {codecs: []media.Codec{media.AAC}, bare: map[int]bare{0: {}}},
	"sample_scte35.ts": {refused: `video is MPEG-2 video; send H\.264 or HEVC`},
}

// Each shared stream gives the samples that ffmpeg finds in it, bit-exact and at their times, however it is cut; or it is refused.
func TestSharedStreams(t *testing.T) {
	t.Parallel()
	for name, want := range sharedStreams {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, data := shared(t, filepath.Join("ts", name))
			for _, piece := range []int{1316, 4001} {
				r, err := demux(data, piece, Config{})
				if want.refused != "" {
					if !errors.Is(err, ErrUnsupported) || !regexp.MustCompile(want.refused).MatchString(err.Error()) {
						t.Fatalf("refused with %v", err)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if len(r.Starts) != 1 || !slices.Equal(codecs(r), want.codecs) {
					t.Fatalf("%d starts, last %v", len(r.Starts), r.Starts)
				}
				if len(r.Events) != want.events {
					t.Errorf("%d events", len(r.Events))
				}
				t.Logf("%d samples, dropped %v", len(r.Samples), r.Drops)
				count := map[media.Kind]int{}
				for i, codec := range want.codecs {
					selected := fmt.Sprintf("%c:%d", codec.Kind()[0], count[codec.Kind()])
					count[codec.Kind()]++
					switch b, ok := want.bare[i]; {
					case ok && b.file == "v.hevc":
						requireNALUnits(t, ffmpeg(t, path, selected, b.file), r.Of(i))
					case ok && b.file != "":
						requireBytes(t, ffmpeg(t, path, selected, b.file), r.Of(i), b.frame)
					case !ok:
						requireSame(t, probe(t, path, selected), r.Of(i))
					}
				}
			}
		})
	}
}
