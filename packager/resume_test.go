package packager

import (
	"testing"
	"time"

	"weir/internal/media"
)

// The run before ended with sound, between two ticks of the pictures' clock: the next run's first frame of sound stood a fraction of a tick
// before its first picture, and was dropped.
func TestFirstSoundBehindAResumedEndIsKept(t *testing.T) {
	t.Parallel()
	y := &synth{formats: []media.Format{avcFormat(1000, 0), aacFormat(48000, 1000, 0)}}
	y.video(0, 0, 2*sec, fps25, 25, false)
	y.audio(1, 0, 2*sec, 48000)
	for n := range 30 {
		resume := Resume{End: epoch.Add(media.Ticks(48000 + n).Duration(48000))}
		p, err := New(Config{sec, 200 * time.Millisecond}, resume, newRecorder(t, resume))
		must(t, err)
		must(t, p.Start(y.formats, epoch))
		for _, e := range y.sorted() {
			must(t, p.Write(e.s, epoch.Add(e.arrival)))
		}
		must(t, p.Flush(epoch.Add(2*sec)))
		if st := p.Stats(); len(st.Dropped) != 0 {
			t.Errorf("behind %v: dropped %v", resume.End, st.Dropped)
		}
	}
}
