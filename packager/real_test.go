package packager

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"sort"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/mp4"

	"weir/internal/media"
	"weir/internal/testmedia"
	"weir/packager/moof"
)

// boxBody finds the body of the first box of that name by its bytes: configurations are wanted as they stand in the file.
func boxBody(file []byte, name string) []byte {
	for i := 4; i+4 <= len(file); i++ {
		if string(file[i:i+4]) == name {
			if n := int(binary.BigEndian.Uint32(file[i-4:])); n >= 8 && i-4+n <= len(file) {
				return file[i+4 : i-4+n]
			}
		}
	}
	return nil
}

// loadMP4 makes a feed of a file: progressive or fragmented (then an init segment and media segments one behind another).
func loadMP4(t testing.TB, file []byte) *synth {
	t.Helper()
	f, err := mp4.DecodeFileSR(bits.NewFixedSliceReader(file))
	must(t, err)
	y := &synth{}
	for _, trak := range f.Moov.Traks {
		scale := trak.Mdia.Mdhd.Timescale
		format, ok := formatOf(t, trak, file, scale)
		if !ok {
			continue
		}
		index := len(y.formats)
		y.formats = append(y.formats, format)
		var samples []mp4.FullSample
		if f.IsFragmented() {
			trex := f.Moov.Mvex.Trexs[0]
			for _, s := range f.Segments {
				for _, frag := range s.Fragments {
					if frag.Moof.Traf.Tfhd.TrackID != trak.Tkhd.TrackID {
						continue
					}
					full, err := frag.GetFullSamples(trex)
					must(t, err)
					samples = append(samples, full...)
				}
			}
		} else {
			stbl := trak.Mdia.Minf.Stbl
			for n := uint32(1); n <= stbl.Stsz.SampleNumber; n++ {
				chunk, first, err := stbl.Stsc.ChunkNrFromSampleNr(int(n))
				must(t, err)
				var offset uint64
				if stbl.Stco != nil {
					offset, err = stbl.Stco.GetOffset(chunk)
					must(t, err)
				}
				for i := first; i < int(n); i++ {
					offset += uint64(stbl.Stsz.GetSampleSize(i))
				}
				dts, dur := stbl.Stts.GetDecodeTime(n)
				s := mp4.FullSample{DecodeTime: dts, Data: file[offset : offset+uint64(stbl.Stsz.GetSampleSize(int(n)))]}
				s.Dur = dur
				if stbl.Ctts != nil {
					s.CompositionTimeOffset = stbl.Ctts.GetCompositionTimeOffset(n)
				}
				s.Flags = moof.NonSyncFlags
				if stbl.Stss == nil || stbl.Stss.IsSyncSample(n) {
					s.Flags = moof.SyncFlags
				}
				samples = append(samples, s)
			}
		}
		for _, s := range samples {
			dts := media.Ticks(s.DecodeTime)
			pts := dts + media.Ticks(s.CompositionTimeOffset)
			y.events = append(y.events, event{
				s:       media.Sample{Track: index, DTS: dts, PTS: pts, Sync: s.IsSync(), Data: s.Data},
				arrival: dts.Duration(scale), pts: pts.Duration(scale), dts: dts.Duration(scale),
			})
		}
	}
	return y
}

func formatOf(t testing.TB, trak *mp4.TrakBox, file []byte, scale uint32) (media.Format, bool) {
	t.Helper()
	f := media.Format{Clock: media.Clock{Timescale: scale}}
	entry := trak.Mdia.Minf.Stbl.Stsd.Children[0]
	switch entry.Type() {
	case "avc1", "avc3":
		f.Codec, f.Config = media.AVC, boxBody(file, "avcC")
	case "hvc1", "hev1":
		f.Codec, f.Config = media.HEVC, boxBody(file, "hvcC")
	case "av01":
		f.Codec, f.Config = media.AV1, boxBody(file, "av1C")
	case "mp4a":
		f.Codec, f.Config = media.AAC, trak.Mdia.Minf.Stbl.Stsd.Mp4a.Esds.DecConfigDescriptor.DecSpecificInfo.DecConfig
	case "Opus":
		f.Codec, f.Config = media.Opus, boxBody(file, "dOps")
	case "ac-3":
		f.Codec, f.Config = media.AC3, boxBody(file, "dac3")
	case "ec-3":
		f.Codec, f.Config = media.EAC3, boxBody(file, "dec3")
	default:
		return f, false
	}
	return f, true
}

// segments is an init segment and its media segments as one file.
func segments(t testing.TB, dir, init string, names ...string) []byte {
	t.Helper()
	all := append([]byte(nil), testmedia.Read(t, filepath.Join(dir, init))...)
	for _, n := range names {
		all = append(all, testmedia.Read(t, filepath.Join(dir, n))...)
	}
	return all
}

func TestRealMedia(t *testing.T) {
	t.Parallel()
	quarter := []string{"1.m4s", "2.m4s", "3.m4s", "4.m4s"}
	tests := []struct {
		name  string
		load  func(t *testing.T) []byte
		want  string // codecs of the tracks
		rates string
	}{
		{"progressive with B-frames", file("mp4/bbb_prog_10s.mp4"), "avc1.64000D mp4a.40.2", "24/1"},
		{"progressive", file("mp4/prog_8s.mp4"), "avc1.64001E mp4a.40.2", "30/1"},
		{"B-pyramid", file("mp4/bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4"), "avc1.64001F", "30/1"},
		{"late first PTS", file("mp4/bbb_800x640_768kbps_30fps_avc_2b_firstpts_10_sec.mp4"), "avc1.64001F", "30/1"},
		{"HEVC", file("mp4/h265_bframes.mp4"), "hvc1.1.6.L90.90", "30/1"},
		{"AV1, 363 s", file("mp4/long_1080p_av1.mp4"), "av01.0.09M.08.0.111.02.02.02.0 mp4a.40.2", "60/1"},
		{"AVC, 363 s, long GOPs", file("mp4/long_1080p_lowbitrate.mp4"), "avc1.42C028 mp4a.40.2", "30/1"},
		{"Opus", file("mp4/sample_opus.mp4"), "opus", ""},
		{"AC-3", file("mp4/sample_ac3.mp4"), "ac-3", ""},
		{"E-AC-3", file("mp4/sample_eac3.mp4"), "ec-3", ""},
		{"audio ends early", file("mp4/sample_shorter_audio.mp4"), "avc1.42C015 mp4a.40.2", "60/1"},
		{"portrait", file("mp4/sample_portrait.mp4"), "avc1.64001F mp4a.40.2", "30000/1001"},
		{"CMAF video", func(t *testing.T) []byte {
			return segments(t, "cmaf/testpic_2s_low_delay/360", "init.mp4", quarter...)
		}, "avc1.64001E", "30/1"},
		{"chunked CMAF audio", func(t *testing.T) []byte {
			return segments(t, "cmaf/testpic_2s_low_delay/LD_A48", "init.mp4", quarter...)
		}, "mp4a.40.2", ""},
	}
	for _, tt := range tests {
		for _, chunk := range []time.Duration{0, 200 * time.Millisecond} {
			t.Run(fmt.Sprintf("%s, chunks of %v", tt.name, chunk), func(t *testing.T) {
				t.Parallel()
				y := loadMP4(t, tt.load(t))
				rec := newRecorder(t, Resume{})
				p, err := New(Config{2 * time.Second, chunk}, Resume{}, rec)
				must(t, err)
				must(t, y.run(p))
				rec.complete()
				st := p.Stats()
				codecs, rate := "", ""
				for i, tr := range rec.runs[0].Tracks {
					if i > 0 {
						codecs += " "
					}
					codecs += tr.Codecs
					if tr.Kind == media.Video {
						rate = fmt.Sprintf("%d/%d", tr.FrameRate.Num, tr.FrameRate.Den)
					}
				}
				if codecs != tt.want || rate != tt.rates {
					t.Errorf("codecs %q at %s, want %q at %s", codecs, rate, tt.want, tt.rates)
				}
				if chunk > 0 {
					must(t, checkChunks(rec, chunk))
				}
				for _, init := range rec.inits {
					if _, err := mp4.DecodeFileSR(bits.NewFixedSliceReader(init.Data)); err != nil {
						t.Errorf("init of %s: %v", init.Track, err)
					}
				}
				y.verifyReal(t, rec, st)
				t.Logf("%d runs, target %v, %+v", len(rec.runs), rec.target, st)
			})
		}
	}
}

func file(name string) func(t *testing.T) []byte {
	return func(t *testing.T) []byte { return testmedia.Read(t, name) }
}

// verifyReal checks that what came out is what went in, bit by bit and on time, less what was counted as dropped.
func (y *synth) verifyReal(t *testing.T, rec *recorder, st Stats) {
	t.Helper()
	dropped := uint64(0)
	for _, n := range st.Dropped {
		dropped += n
	}
	if st.Out+dropped != uint64(len(y.events)) || st.Out != uint64(len(rec.samples)) {
		t.Fatalf("%d samples in, %d out, dropped %v", len(y.events), len(rec.samples), st.Dropped)
	}
	if dropped > uint64(len(y.events)/20) {
		t.Errorf("%d of %d samples dropped: %v", dropped, len(y.events), st.Dropped)
	}
	byTrack := map[int][]event{}
	for _, e := range y.events {
		byTrack[e.s.Track] = append(byTrack[e.s.Track], e)
	}
	offset, first := time.Duration(0), true
	for index, f := range y.formats {
		events := byTrack[index]
		sort.SliceStable(events, func(i, j int) bool { return events[i].s.DTS < events[j].s.DTS })
		next := 0
		for _, s := range rec.samples {
			if (s.track[0] == 'v') != (f.Codec.Kind() == media.Video) {
				continue
			}
			for next < len(events) && string(events[next].s.Data) != string(s.data) {
				next++
			}
			if next == len(events) {
				t.Fatalf("track %s: a sample at %d is not of the file", s.track, s.pts)
			}
			e := events[next]
			next++
			if s.sync != (e.s.Sync || f.Codec.Kind() == media.Audio) {
				t.Fatalf("track %s: sample at %d is sync: %v", s.track, s.pts, s.sync)
			}
			off := s.pts.Time(s.scale).Sub(epoch) - e.pts
			if first {
				offset, first = off, false
			}
			if (off - offset).Abs() > 30*time.Microsecond {
				t.Fatalf("track %s: sample at %v is off by %v", s.track, e.pts, off-offset)
			}
		}
	}
}
