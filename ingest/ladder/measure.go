package ladder

import (
	"fmt"

	"weir/packager"
)

// measure finds the rungs that can be made of the pictures, and what a child has to know of these.
func (f *feed) measure() error {
	t, err := packager.Describe(f.format)
	if err != nil {
		return fmt.Errorf("the feed's pictures: %w", err)
	}
	width, height := t.Width, t.Height
	if t.Rotation%180 != 0 { // the header is of the pictures as they come
		width, height = height, width
	}
	header, err := matroskaHeader(f.format, width, height)
	if err != nil {
		return err
	}
	for _, r := range f.channel.Ladder.Rungs() {
		if rate := t.FrameRate.Float(); rate > 0 && rate <= float64(r.FPS) {
			r.FPS = 0 // there is nothing to leave out
		}
		if !f.channel.Ladder.KeepsSource() || r.Height < t.Height {
			f.wanted = append(f.wanted, r)
		}
	}
	if len(f.wanted) == 0 {
		return errNoRung
	}
	f.header = header
	return nil
}
