package mpegts

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"weir/ingest/mpegts/tstest"
	"weir/internal/media"
)

// A PID and a table that change without a change of formats change nothing for the feed.
func TestPIDsChange(t *testing.T) {
	t.Parallel()
	m := &tstest.Muxer{}
	tstest.Feed{Frames: 50}.Write(m)
	moved := stream25(tstest.Feed{Frames: 50, Start: 50 * 3600})
	for p := range slices.Chunk(moved, packetSize) {
		if pid := uint16(p[1]&0x1f)<<8 | uint16(p[2]); pid == tstest.VideoPID || pid == tstest.AudioPID {
			p[2] += 0x40
		}
	}
	program := tstest.Program{Number: 1, PCR: 0x140, Streams: []tstest.Stream{
		{PID: 0x141, Type: 0x0f, Descriptors: tstest.Language("deu")}, {PID: 0x140, Type: 0x1b},
	}}
	m.Tables(true, program)
	out := m.Bytes()
	for p := range slices.Chunk(moved, packetSize) {
		if pid := uint16(p[1]&0x1f)<<8 | uint16(p[2]); pid != 0 && pid != tstest.PMTPID {
			out = append(out, p...)
		}
	}
	r, err := demux(out, 1316, Config{})
	if err != nil || r.Dropped() != 0 || len(r.Starts) != 1 {
		t.Fatal(err, r.Drops, r.Starts)
	}
	if v, a := len(r.Of(0)), len(r.Of(1)); v != 100 || a != 2*95-2 && a != 2*94 && a != 190 && a != 192 {
		t.Errorf("%d pictures, %d audio frames", v, a)
	}
}

// Other parameter sets are a new start, with the sample that they come with.
func TestParameterSetsChange(t *testing.T) {
	t.Parallel()
	m := &tstest.Muxer{}
	tstest.Feed{Frames: 30}.Write(m)
	m.PES(tstest.VideoPID, 0xe0, 30*3600+7200, 30*3600, false, tstest.AnnexB(tstest.SPS128, tstest.PPS, tstest.Slice(true, 1, 500)))
	m.PES(tstest.VideoPID, 0xe0, 31*3600+7200, 31*3600, false, tstest.AnnexB(tstest.Slice(false, 2, 500)))
	r, err := demux(m.Bytes(), 1316, Config{})
	if err != nil || r.Dropped() != 0 || len(r.Starts) != 2 {
		t.Fatal(err, r.Drops, r.Starts)
	}
	pictures := 0
	for i, s := range r.Samples {
		if s.Track == 0 {
			if want := 0; pictures >= 30 {
				want = 1
				if r.At[i] != want {
					t.Errorf("picture %d follows start %d", pictures, r.At[i])
				}
			}
			pictures++
		}
	}
	if pictures != 32 || bytes.Equal(r.Starts[0][0].Config, r.Starts[1][0].Config) {
		t.Errorf("%d pictures", pictures)
	}
}

// A stream type that changes under one PID is a new track.
func TestStreamTypeChanges(t *testing.T) {
	t.Parallel()
	m := &tstest.Muxer{}
	tstest.Feed{Frames: 30}.Write(m)
	m.Tables(true, tstest.Program{Number: 1, PCR: tstest.VideoPID, Streams: []tstest.Stream{
		{PID: tstest.VideoPID, Type: 0x1b}, {PID: tstest.AudioPID, Type: 0x03, Descriptors: tstest.Language("eng")},
	}})
	frame := append([]byte{0xff, 0xfd, 0xa4, 0x00}, make([]byte, 572)...) // layer II, 192 kbit/s, 48 kHz
	for i := range int64(20) {
		m.PES(tstest.VideoPID, 0xe0, (30+i)*3600+7200, (30+i)*3600, false, tstest.AnnexB(tstest.Slice(false, int(i), 300)))
		m.PES(tstest.AudioPID, 0xc0, (30+i)*3600, -1, true, append(bytes.Clone(frame), frame...))
	}
	r, err := demux(m.Bytes(), 1316, Config{})
	if err != nil || r.Dropped() != 0 || len(r.Starts) != 2 {
		t.Fatal(err, r.Drops, r.Starts)
	}
	if f := r.Starts[1][1]; f.Codec != media.MP2 || f.SampleRate != 48000 || f.Channels != 2 || f.Language != "en" {
		t.Errorf("%+v", f)
	}
	if n := len(r.Of(0)); n != 50 {
		t.Errorf("%d pictures", n)
	}
	second := 0
	for i, s := range r.Samples {
		if s.Track == 1 && r.At[i] == 1 {
			second++
		}
	}
	if second != 40 {
		t.Errorf("%d frames of layer II", second)
	}
}

// Of several programs the one that was asked for is taken, or the first with video.
func TestProgramsAreChosen(t *testing.T) {
	t.Parallel()
	m := &tstest.Muxer{}
	radio := tstest.Program{Number: 7, PCR: 0x200, Streams: []tstest.Stream{{PID: 0x201, Type: 0x0f}}}
	first := tstest.Program{Number: 8, PCR: 0x300, Streams: []tstest.Stream{{PID: 0x300, Type: 0x1b}}}
	second := tstest.Program{Number: 9, PCR: 0x400, Streams: []tstest.Stream{{PID: 0x400, Type: 0x1b}, {PID: 0x201, Type: 0x0f}}}
	for i := range int64(50) {
		if i%20 == 0 {
			m.Tables(false, radio, first, second)
		}
		m.PES(0x201, 0xc0, i*1920, -1, true, tstest.ADTS(int(i), 100))
		m.PES(0x300, 0xe0, i*3600, -1, false, tstest.AnnexB(tstest.SPS64, tstest.PPS, tstest.Slice(true, int(i), 100)))
		m.PES(0x400, 0xe0, i*3600, -1, false, tstest.AnnexB(tstest.SPS128, tstest.PPS, tstest.Slice(true, int(i), 200)))
	}
	for program, want := range map[uint16][]media.Codec{
		0: {media.AVC}, 7: {media.AAC}, 8: {media.AVC}, 9: {media.AVC, media.AAC},
	} {
		r, err := demux(m.Bytes(), 1316, Config{Program: program})
		if err != nil || !slices.Equal(codecs(r), want) || len(r.Of(0)) != 50 {
			t.Errorf("program %d: %v, %v, %d samples", program, err, codecs(r), len(r.Samples))
		}
	}
	_, err := demux(m.Bytes(), 1316, Config{Program: 5})
	if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "it has 7, 8, 9") {
		t.Error(err)
	}
}
