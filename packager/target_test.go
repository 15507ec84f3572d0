package packager

import (
	"testing"
	"time"

	"weir/internal/media"
)

// Key frames that are asked for at each border come a little late, and the first one comes anywhere.
func TestKeyFramesOnDemandKeepTheTargetShort(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		onDemand      bool
		segment, want time.Duration
	}{
		{true, sec, sec},
		{true, 2 * sec, 3 * sec},
		{true, 6 * sec, 8 * sec},
		{false, 2 * sec, 6 * sec}, // for the first GOPs do not fit
	} {
		rec := newRecorder(t, Resume{})
		p, err := New(Config{Segment: tt.segment, Chunk: 200 * time.Millisecond}, Resume{}, rec)
		must(t, err)
		format := avcFormat(90000, 0)
		format.KeysOnDemand = tt.onDemand
		must(t, p.Start([]media.Format{format}, epoch))
		border := epoch.Truncate(tt.segment)
		for i := range media.Ticks(30 * 25) {
			now := epoch.Add(time.Duration(i) * time.Second / 30)
			key := i == 0
			if now.Sub(border) >= tt.segment+70*time.Millisecond {
				border, key = now.Truncate(tt.segment), true
			}
			must(t, p.Write(media.Sample{PTS: i * 3000, DTS: i * 3000, Sync: key, Data: id(0, int(i), 50)}, now))
		}
		must(t, p.Flush(epoch.Add(25*sec)))
		if rec.target != tt.want {
			t.Errorf("segments of %v, on demand %t: target %v, want %v", tt.segment, tt.onDemand, rec.target, tt.want)
		}
		if n := p.Stats().ForcedCuts; n != 0 {
			t.Errorf("segments of %v, on demand %t: %d were cut without a key frame", tt.segment, tt.onDemand, n)
		}
	}
}
