package cliptest

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/Eyevinn/mp4ff/mp4"

	"weir/internal/media"
)

// Scale is in how many parts a second times are told: one that all timescales of made-up tracks divide, so that they are exact.
const Scale = 35_280_000

// Played is a sample as a progressive MP4 has it.
type Played struct {
	DTS, PTS int64 // from the beginning of the movie, in Scale; the edit list is applied
	Sync     bool
	Entry    []byte // its sample entry
	Data     []byte
}

// Trak is a track of a progressive MP4.
type Trak struct {
	Timescale uint32
	Samples   []Played
	Length    int64 // of its edits, in Scale
}

// Parse reads a progressive MP4 that is in memory, sample by sample, and says what is wrong with it.
func Parse(data []byte) ([]Trak, error) {
	file, err := mp4.DecodeFile(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if file.Moov == nil || file.Mdat == nil || file.Moov.StartPos > file.Mdat.StartPos {
		return nil, fmt.Errorf("no moov in front of an mdat")
	}
	var traks []Trak
	taken := int64(0)
	for _, trak := range file.Moov.Traks {
		t, err := parseTrak(data, file.Moov.Mvhd.Timescale, trak)
		if err != nil {
			return nil, fmt.Errorf("track %d: %w", trak.Tkhd.TrackID, err)
		}
		for _, s := range t.Samples {
			taken += int64(len(s.Data))
		}
		traks = append(traks, t)
	}
	if payload := int64(len(file.Mdat.Data)); taken != payload {
		return nil, fmt.Errorf("samples have %d bytes, mdat has %d", taken, payload)
	}
	return traks, nil
}

func parseTrak(data []byte, scale uint32, trak *mp4.TrakBox) (Trak, error) {
	stbl := trak.Mdia.Minf.Stbl
	t := Trak{Timescale: trak.Mdia.Mdhd.Timescale}
	if Scale%t.Timescale != 0 || Scale%scale != 0 {
		return t, fmt.Errorf("timescales of %d and %d", t.Timescale, scale)
	}
	wait, from := int64(0), int64(-1)
	for _, e := range trak.Edts.Elst[0].Entries {
		d := int64(e.SegmentDuration) * int64(Scale/scale)
		if t.Length += d; e.MediaTime >= 0 {
			from = e.MediaTime
			break
		}
		wait += d
	}
	if from < 0 {
		return t, fmt.Errorf("no edit with media")
	}
	entries := make([][]byte, 0, 1)
	for _, e := range stbl.Stsd.Children {
		var b bytes.Buffer
		if err := e.Encode(&b); err != nil {
			return t, err
		}
		entries = append(entries, b.Bytes())
	}
	offsets := make([]uint64, 0, 16)
	if stbl.Co64 != nil {
		offsets = append(offsets, stbl.Co64.ChunkOffset...)
	} else {
		for _, o := range stbl.Stco.ChunkOffset {
			offsets = append(offsets, uint64(o))
		}
	}
	deltas, shifts := unfold(stbl)
	sync := make(map[int]bool)
	if stbl.Stss != nil {
		for _, n := range stbl.Stss.SampleNumber {
			sync[int(n)] = true
		}
	}
	at, i, group := int64(0), 0, -1
	for c, offset := range offsets {
		if g := group + 1; g < len(stbl.Stsc.Entries) && stbl.Stsc.Entries[g].FirstChunk == uint32(c+1) {
			group = g
		}
		for range stbl.Stsc.Entries[group].SamplesPerChunk {
			size := uint64(stbl.Stsz.SampleSize[i])
			if offset+size > uint64(len(data)) || i >= len(deltas) {
				return t, fmt.Errorf("sample %d is not there", i+1)
			}
			shift := int64(0)
			if shifts != nil {
				shift = shifts[i]
			}
			shown := func(ticks int64) int64 { return wait + (ticks-from)*int64(Scale/t.Timescale) }
			t.Samples = append(t.Samples, Played{
				DTS: shown(at), PTS: shown(at + shift), Sync: stbl.Stss == nil || sync[i+1],
				Entry: entries[stbl.Stsc.GetSampleDescriptionID(group+1)-1], Data: data[offset : offset+size],
			})
			offset += size
			at += deltas[i]
			i++
		}
	}
	if i != int(stbl.Stsz.SampleNumber) || i != len(deltas) {
		return t, fmt.Errorf("%d samples in chunks, %d with a size, %d with a duration", i, stbl.Stsz.SampleNumber, len(deltas))
	}
	if uint64(at) != trak.Mdia.Mdhd.Duration {
		return t, fmt.Errorf("samples last %d, the media %d", at, trak.Mdia.Mdhd.Duration)
	}
	return t, nil
}

// unfold is the durations and the offsets of all samples; shifts is nil where there are none.
func unfold(stbl *mp4.StblBox) (deltas, shifts []int64) {
	for i, n := range stbl.Stts.SampleCount {
		for range n {
			deltas = append(deltas, int64(stbl.Stts.SampleTimeDelta[i]))
		}
	}
	if stbl.Ctts != nil {
		for n := uint32(1); int(n) <= len(deltas); n++ {
			shifts = append(shifts, int64(stbl.Ctts.GetCompositionTimeOffset(n)))
		}
	}
	return deltas, shifts
}

// Entry is the sample entry of a header that Header made.
func Entry(header []byte) []byte {
	name := func(codec media.Codec) int { return bytes.LastIndex(header, []byte(EntryName(codec))) }
	at := max(name(media.AVC), name(media.HEVC), name(media.AAC), name(media.AC3)) - 4
	return header[at : at+int(binary.BigEndian.Uint32(header[at:]))]
}
