package file

import (
	"fmt"

	"github.com/Eyevinn/mp4ff/mp4"
)

// moof adds the samples of a movie fragment that begins at start (ISO/IEC 14496-12, 8.8).
func (x *index) moof(moof *mp4.MoofBox, mvex *mp4.MvexBox, start int64) error {
	end := start // of the data of the track fragment before
	for i, traf := range moof.Trafs {
		if traf.Tfhd == nil {
			return fmt.Errorf("%w: track fragment at %d without a header", ErrFile, start)
		}
		h := traf.Tfhd
		base := end
		switch {
		case h.HasBaseDataOffset():
			if h.BaseDataOffset > uint64(x.size) {
				return fmt.Errorf("%w: data of the fragment at %d lie outside of the file", ErrFile, start)
			}
			base = int64(h.BaseDataOffset)
		case h.DefaultBaseIfMoof() || i == 0:
			base = start
		}
		t := x.track(h.TrackID)
		var trex *mp4.TrexBox
		if mvex != nil {
			for _, candidate := range mvex.Trexs {
				if candidate.TrackID == h.TrackID {
					trex = candidate
				}
			}
		}
		if t != nil && traf.Tfdt != nil {
			at := traf.Tfdt.BaseMediaDecodeTime()
			if at > maxTime || int64(at) < t.next && len(t.samples) > 0 && int64(at) <= t.samples[len(t.samples)-1].dts {
				return fmt.Errorf("%w: track %d goes back to %d in the fragment at %d", ErrFile, t.id, at, start)
			}
			t.next = int64(at)
		}
		at := base
		for _, trun := range traf.Truns {
			if trun.HasDataOffset() {
				at = base + int64(trun.DataOffset)
			}
			trun.AddSampleDefaultValues(h, trex)
			for _, s := range trun.Samples {
				if t != nil {
					if err := x.add(t, at, s.Size, s.Dur, s.CompositionTimeOffset, mp4.IsSyncSampleFlags(s.Flags)); err != nil {
						return err
					}
				}
				at += int64(s.Size)
			}
		}
		end = at
	}
	return nil
}

// track is the track of that ID, nil for one that is left out.
func (x *index) track(id uint32) *track {
	for _, t := range x.tracks {
		if t.id == id {
			return t
		}
	}
	return nil
}
