package file

import (
	"fmt"

	"github.com/Eyevinn/mp4ff/mp4"
)

// progressive adds the samples that a sample table lists (ISO/IEC 14496-12, 8.5 to 8.7).
func (x *index) progressive(t *track, stbl *mp4.StblBox) error {
	if stbl.Stsz == nil || stbl.Stsz.SampleNumber == 0 {
		return nil // a fragmented file
	}
	var chunks int
	var chunk func(i int) uint64
	switch {
	case stbl.Stco != nil:
		chunks, chunk = len(stbl.Stco.ChunkOffset), func(i int) uint64 { return uint64(stbl.Stco.ChunkOffset[i]) }
	case stbl.Co64 != nil:
		chunks, chunk = len(stbl.Co64.ChunkOffset), func(i int) uint64 { return stbl.Co64.ChunkOffset[i] }
	}
	if stbl.Stts == nil || stbl.Stsc == nil || chunks == 0 || len(stbl.Stsc.Entries) == 0 || stbl.Stsc.Entries[0].FirstChunk != 1 {
		return fmt.Errorf("%w: the sample table of track %d is incomplete", ErrFile, t.id)
	}
	total := int(min(uint64(stbl.Stsz.SampleNumber), maxSamples+1))
	if stbl.Stsz.SampleUniformSize == 0 {
		total = min(total, len(stbl.Stsz.SampleSize))
	}
	t.samples = make([]sample, 0, min(total, 1<<16))
	durations := &runs{count: stbl.Stts.SampleCount, value: func(i int) int64 { return int64(stbl.Stts.SampleTimeDelta[i]) }}
	offsets := &runs{}
	if stbl.Ctts != nil {
		counts := make([]uint32, len(stbl.Ctts.SampleOffset))
		for i := range counts {
			counts[i] = stbl.Ctts.EndSampleNr[i+1] - stbl.Ctts.EndSampleNr[i]
		}
		offsets = &runs{count: counts, value: func(i int) int64 { return int64(stbl.Ctts.SampleOffset[i]) }}
	}
	n, entry, syncs := 0, 0, 0
	for i := 0; i < chunks && n < total; i++ {
		for entry+1 < len(stbl.Stsc.Entries) && stbl.Stsc.Entries[entry+1].FirstChunk <= uint32(i+1) {
			entry++
		}
		if ids := stbl.Stsc.SampleDescriptionID; len(ids) > 0 && ids[entry] != 1 {
			return fmt.Errorf("%w: track %d changes its format in the middle", ErrFile, t.id)
		}
		at := chunk(i)
		for range stbl.Stsc.Entries[entry].SamplesPerChunk {
			if n >= total {
				break
			}
			size := stbl.Stsz.SampleUniformSize
			if size == 0 {
				size = stbl.Stsz.SampleSize[n]
			}
			n++
			sync := stbl.Stss == nil
			if stbl.Stss != nil {
				for syncs < len(stbl.Stss.SampleNumber) && stbl.Stss.SampleNumber[syncs] < uint32(n) {
					syncs++
				}
				sync = syncs < len(stbl.Stss.SampleNumber) && stbl.Stss.SampleNumber[syncs] == uint32(n)
			}
			if at > uint64(x.size) {
				return fmt.Errorf("%w: sample %d of track %d lies outside of the file", ErrFile, n, t.id)
			}
			if err := x.add(t, int64(at), size, uint32(durations.next()), int32(offsets.next()), sync); err != nil {
				return err
			}
			at += uint64(size)
		}
	}
	if n < total {
		return fmt.Errorf("%w: track %d has %d samples, places for %d", ErrFile, t.id, total, n)
	}
	return nil
}

// runs reads a run-length coded table, one value a sample. Behind its end the last value goes on.
type runs struct {
	count []uint32
	value func(i int) int64
	at    int
	used  uint32
}

func (r *runs) next() int64 {
	for r.at < len(r.count)-1 && r.used >= r.count[r.at] {
		r.at, r.used = r.at+1, 0
	}
	if r.at >= len(r.count) {
		return 0
	}
	r.used++
	return r.value(r.at)
}
