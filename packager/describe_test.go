package packager

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

const hevcMain = "0101600000009000000000005af000fcfdf8f800000f03200001001840010c01ffff01600000030090000003000003005a959809210001002942010101600000030090000003000003005aa006b201e1d796566924cae68080000003008000000f0422000100074401c172b46240"

// flacInfo is a dfLa body with one STREAMINFO: 4096 samples a frame, 44100 Hz, 2 channels, 16 bits.
const flacInfo = "80000022" + "10001000" + "000000000000" + "0ac442f0" + "00000000" + "00000000000000000000000000000000"

func TestDescribe(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		codec    media.Codec
		config   string
		rate     int // of the format
		channels int
		want     media.Track
		frame    media.Ticks
		err      error
	}{
		{
			name: "AVC High 640×360", codec: media.AVC, config: "0164001effe100196764001eacd940a02ff9610000030001000003003c8f162d9601000568ebecb22cfdf8f800",
			want: media.Track{Codecs: "avc1.64001E", Width: 640, Height: 360, Timescale: 90000, VideoRange: "SDR", FrameRate: media.Fraction{Num: 30, Den: 1}},
		},
		{
			name: "HEVC Main", codec: media.HEVC, config: hevcMain,
			want: media.Track{Codecs: "hvc1.1.6.L90.90", Width: 854, Height: 480, Timescale: 90000, VideoRange: "SDR", FrameRate: media.Fraction{Num: 30, Den: 1}},
		},
		{
			name: "AV1", codec: media.AV1, config: "81090d000a0b0000004aabbfc3700be009",
			want: media.Track{Codecs: "av01.0.09M.08.0.111.02.02.02.0", Width: 1920, Height: 1080, Timescale: 90000, VideoRange: "SDR"},
		},
		{name: "AV1 without sequence header", codec: media.AV1, config: "81090d00", err: ErrConfig},
		{name: "AVC cut off", codec: media.AVC, config: "0164001effe1001967", err: ErrConfig},
		{name: "AVC with lengths of 2 bytes", codec: media.AVC, config: "0164001efde100196764001eacd940a02ff9610000030001000003003c8f162d9601000568ebecb22c", err: ErrUnsupported},
		{
			name: "AAC-LC stereo", codec: media.AAC, config: "1190", frame: 1024,
			want: media.Track{Codecs: "mp4a.40.2", Timescale: 48000, SampleRate: 48000, Channels: 2},
		},
		{
			name: "AAC-LC mono 44100", codec: media.AAC, config: "1208", frame: 1024,
			want: media.Track{Codecs: "mp4a.40.2", Timescale: 44100, SampleRate: 44100, Channels: 1},
		},
		{
			name: "AAC-LC 5.1", codec: media.AAC, config: "11b0", frame: 1024,
			want: media.Track{Codecs: "mp4a.40.2", Timescale: 48000, SampleRate: 48000, Channels: 6},
		},
		{
			name: "AAC-LC with 960 samples", codec: media.AAC, config: "1194", frame: 960,
			want: media.Track{Codecs: "mp4a.40.2", Timescale: 48000, SampleRate: 48000, Channels: 2},
		},
		{name: "HE-AAC, hierarchical", codec: media.AAC, config: "2b118800", frame: 2048, // SBR, 24000 → 48000, stereo, LC
			want: media.Track{Codecs: "mp4a.40.5", Timescale: 48000, SampleRate: 48000, Channels: 2}},
		{
			name: "HE-AAC, backward compatible", codec: media.AAC, config: "131056e598", frame: 2048,
			want: media.Track{Codecs: "mp4a.40.5", Timescale: 48000, SampleRate: 48000, Channels: 2},
		},
		{name: "HE-AAC v2, hierarchical", codec: media.AAC, config: "eb098800", frame: 2048, // PS, mono in, stereo out
			want: media.Track{Codecs: "mp4a.40.29", Timescale: 48000, SampleRate: 48000, Channels: 2}},
		{name: "AAC with a program config element", codec: media.AAC, config: "1180", err: ErrUnsupported},
		{name: "AAC scalable", codec: media.AAC, config: "3190", err: ErrUnsupported},
		{name: "AAC, reserved rate", codec: media.AAC, config: "1690", err: ErrConfig},
		{name: "AAC, nothing", codec: media.AAC, config: "", err: ErrUnsupported},
		{
			name: "Opus", codec: media.Opus, config: "000201380000bb80000000",
			want: media.Track{Codecs: "opus", Timescale: 48000, SampleRate: 48000, Channels: 2},
		},
		{
			name: "AC-3 5.1", codec: media.AC3, config: "0c3dc0", frame: 1536,
			want: media.Track{Codecs: "ac-3", Timescale: 48000, SampleRate: 48000, Channels: 6},
		},
		{
			name: "E-AC-3 5.1", codec: media.EAC3, config: "1f40200f00", frame: 1536,
			want: media.Track{Codecs: "ec-3", Timescale: 48000, SampleRate: 48000, Channels: 6},
		},
		{
			name: "FLAC", codec: media.FLAC, config: flacInfo, frame: 4096,
			want: media.Track{Codecs: "fLaC", Timescale: 44100, SampleRate: 44100, Channels: 2},
		},
		{
			name: "MP3", codec: media.MP3, rate: 44100, channels: 2, frame: 1152,
			want: media.Track{Codecs: "mp4a.6B", Timescale: 44100, SampleRate: 44100, Channels: 2},
		},
		{
			name: "MP3 of MPEG-2", codec: media.MP3, rate: 22050, channels: 1, frame: 576,
			want: media.Track{Codecs: "mp4a.69", Timescale: 22050, SampleRate: 22050, Channels: 1},
		},
		{
			name: "MP2", codec: media.MP2, rate: 48000, channels: 2, frame: 1152,
			want: media.Track{Codecs: "mp4a.40.33", Timescale: 48000, SampleRate: 48000, Channels: 2},
		},
		{name: "MP3 of unknown rate", codec: media.MP3, err: ErrConfig},
		{name: "something else", codec: "vp9", err: ErrUnsupported},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := media.Format{
				Codec: tt.codec, Config: unhex(tt.config), Clock: media.Clock{Timescale: 90000},
				SampleRate: tt.rate, Channels: tt.channels, Language: "de",
			}
			got, err := Describe(f)
			if tt.err != nil {
				if !errors.Is(err, tt.err) {
					t.Fatalf("error %v, want %v", err, tt.err)
				}
				return
			}
			must(t, err)
			want := tt.want
			want.Kind, want.Codec, want.Language = tt.codec.Kind(), tt.codec, "de"
			if got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			tr, err := newTrack(f)
			must(t, err)
			if tr.perFrame != tt.frame {
				t.Errorf("frame of %d samples, want %d", tr.perFrame, tt.frame)
			}
			checkHeader(t, tr, f)
		})
	}
}

// checkHeader decodes an init segment by mp4ff and compares it with its format.
func checkHeader(t *testing.T, tr *track, f media.Format) {
	t.Helper()
	file, err := mp4.DecodeFileSR(bits.NewFixedSliceReader(tr.header))
	must(t, err)
	if len(file.Moov.Traks) != 1 || file.Moov.Mvex == nil || len(file.Moov.Mvex.Trexs) != 1 || file.Moov.Trak.Edts != nil {
		t.Fatal("not the header of one fragmented track without edit list")
	}
	trak := file.Moov.Trak
	if trak.Mdia.Mdhd.Timescale != tr.Timescale || trak.Mdia.Elng == nil || trak.Mdia.Elng.Language != "de" {
		t.Errorf("timescale %d, language box %+v", trak.Mdia.Mdhd.Timescale, trak.Mdia.Elng)
	}
	stsd := trak.Mdia.Minf.Stbl.Stsd
	if stsd.Children[0].Type() != tr.entry {
		t.Errorf("sample entry %s, want %s", stsd.Children[0].Type(), tr.entry)
	}
	switch f.Codec {
	case media.AVC, media.HEVC, media.AV1:
		e := stsd.Children[0].(*mp4.VisualSampleEntryBox)
		if int(e.Width) != tr.codedWidth || int(e.Height) != tr.codedHeight || int(trak.Tkhd.Width>>16) != tr.Width {
			t.Errorf("size %d×%d, display width %d", e.Width, e.Height, trak.Tkhd.Width>>16)
		}
	case media.AAC:
		d := stsd.Mp4a.Esds.DecConfigDescriptor
		if !bytes.Equal(d.DecSpecificInfo.DecConfig, f.Config) || d.ObjectType != 0x40 || int(stsd.Mp4a.ChannelCount) != tr.Channels {
			t.Errorf("esds %+v, %d channels", d, stsd.Mp4a.ChannelCount)
		}
	case media.MP3:
		if d := stsd.Mp4a.Esds.DecConfigDescriptor; fmt.Sprintf("mp4a.%X", d.ObjectType) != tr.Codecs || d.DecSpecificInfo != nil {
			t.Errorf("esds %+v", d)
		}
	}
	if f.Config != nil && !bytes.Contains(tr.header, f.Config) {
		t.Error("the configuration is not in the header as it was given")
	}
}

func TestFrameRate(t *testing.T) {
	t.Parallel()
	f := func(n, d uint32) media.Fraction { return media.Fraction{Num: n, Den: d} }
	tests := []struct {
		claimed media.Fraction
		frames  int
		span    media.Ticks
		want    media.Fraction
	}{
		{f(0, 0), 6, 18018, f(30000, 1001)},
		{f(0, 0), 6, 18000, f(30, 1)},
		{f(0, 0), 5, 18000, f(25, 1)},
		{f(0, 0), 4, 15015, f(24000, 1001)},
		{f(0, 0), 12, 18018, f(60000, 1001)},
		{f(0, 0), 1, 90000, f(1, 1)},
		{f(30000, 1001), 6, 18090, f(30000, 1001)}, // a clock of 1 ms
		{f(60, 1), 6, 18000, f(30, 1)},             // the bitstream lies
		{f(25, 1), 0, 0, f(25, 1)},
		{f(0, 0), 10, 50000, f(18, 1)},
	}
	for _, tt := range tests {
		if got := FrameRate(tt.claimed, tt.frames, tt.span, 90000); got != tt.want {
			t.Errorf("%d frames in %d ticks, claimed %v: %v, want %v", tt.frames, tt.span, tt.claimed, got, tt.want)
		}
	}
}

func FuzzDescribe(f *testing.F) {
	for i, c := range []media.Codec{media.AVC, media.HEVC, media.AV1, media.AAC, media.Opus, media.AC3, media.EAC3, media.FLAC, media.MP3} {
		f.Add(uint8(i), unhex([]string{
			"0164001effe100196764001eacd940a02ff9610000030001000003003c8f162d9601000568ebecb22cfdf8f800",
			hevcMain, "81090d000a0b0000004aabbfc3700be009", "131056e598", "000201380000bb80000000", "0c3dc0", "1f40200f00", flacInfo, "",
		}[i]), string(c), 44100, 2)
	}
	codecs := []media.Codec{media.AVC, media.HEVC, media.AV1, media.AAC, media.Opus, media.AC3, media.EAC3, media.FLAC, media.MP3}
	f.Fuzz(func(t *testing.T, codec uint8, config []byte, language string, rate, channels int) {
		format := media.Format{
			Codec: codecs[int(codec)%len(codecs)], Config: config, Language: language, SampleRate: rate, Channels: channels,
			Clock: media.Clock{Timescale: 90000},
		}
		tr, err := Describe(format)
		if err != nil {
			if !errors.Is(err, ErrConfig) && !errors.Is(err, ErrUnsupported) {
				t.Fatalf("error without a cause: %v", err)
			}
			return
		}
		if tr.Codecs == "" || tr.Timescale == 0 || (tr.Kind == media.Video) != (tr.Width > 0 && tr.Height > 0) || (tr.Kind == media.Audio) != (tr.Channels > 0) {
			t.Fatalf("described as %+v", tr)
		}
		if _, err := newTrack(format); err != nil {
			t.Fatalf("no header for what was described: %v", err)
		}
	})
}

// The sample entry of FLAC says how many bits a sample has, as STREAMINFO does: Chromium plays no other.
func TestFLACSaysItsBits(t *testing.T) {
	t.Parallel()
	for bits := uint16(4); bits <= 32; bits++ {
		info := unhex(flacInfo)
		info[4+12] = info[4+12]&^1 | byte((bits-1)>>4)
		info[4+13] = info[4+13]&^0xf0 | byte(bits-1)<<4
		init, err := Header(media.Format{Codec: media.FLAC, Config: info, Clock: media.Clock{Timescale: 44100}})
		require.NoError(t, err)
		at := bytes.Index(init, []byte("fLaC"))
		require.Positive(t, at)
		require.Equal(t, bits, binary.BigEndian.Uint16(init[at+4+18:]))
	}
}
