package vod

import "weir/internal/media"

// text cuts subtitles: a sample that lasts over a border is in the rows on both sides of it, each for as long as it lasts there.
func (k *cutter) text() error {
	rows, first := len(k.borders)-1, 0
	for row := range rows {
		k.open(0, k.borders[row])
	}
	for row := range rows {
		start := k.cuts[row].start
		first = k.showing(first, start)
		k.cuts[row].first = uint32(first)
		chunk, err := k.chunk(row, func(*Sample) {})
		if err != nil {
			return err
		}
		if len(chunk.Samples) == 0 {
			continue
		}
		if err := k.measure(row, &chunk); err != nil {
			return err
		}
	}
	return nil
}

// showing is the first sample, from one on, that lasts beyond a point.
func (k *cutter) showing(from int, at media.Ticks) int {
	for i, s := range k.of.Samples.Samples(from, k.of.Samples.Len()) {
		if k.decoded(s.DTS+int64(s.Duration)) > at {
			return i
		}
	}
	return k.of.Samples.Len()
}
