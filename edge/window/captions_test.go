package window

import (
	"testing"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// Captions are what was found in the pictures that are listed, unless the operator says what they are.
func TestCaptions(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(6 * lasts)
	s := &source{chunks: 1, size: 30}
	s.runEvent().to(w)
	row := func(n uint64, found media.Captions) {
		for _, e := range s.row(n) {
			if e.end != nil && e.end.Track == "v1" {
				e.end.Captions = found
			}
			e.to(w)
		}
	}
	shown := func() (ids []string) {
		for _, c := range w.Snapshot().Captions {
			ids = append(ids, c.ID+"="+c.Language)
		}
		return ids
	}
	row(0, 0)
	require.Empty(t, shown())
	row(1, media.Caption608(1))
	require.Equal(t, []string{"CC1="}, shown())
	row(2, media.Caption608(1)|media.Caption708(2))
	require.Equal(t, []string{"CC1=", "SERVICE2="}, shown())

	settings := Settings{Title: "News", Segment: lasts, DVR: 6 * lasts, Captions: "CC3=es,CC1=en", Revision: 1}
	before := w.Snapshot().Published
	w.Set(settings)
	require.Equal(t, []string{"CC1=en", "CC3=es"}, shown())
	require.True(t, w.Snapshot().Published.After(before))
	settings.Captions, settings.Revision = media.NoCaptions, 2
	w.Set(settings)
	require.Empty(t, shown())
	settings.Captions, settings.Revision = "", 3
	w.Set(settings)
	require.Equal(t, []string{"CC1=", "SERVICE2="}, shown())

	s.run, s.first = 1, 3 // another encoder, which has none
	s.runEvent().to(w)
	for n := uint64(3); n < 8; n++ {
		row(n, 0)
		require.NotEmpty(t, shown())
	}
	for n := uint64(8); n < 14; n++ {
		row(n, 0)
	}
	require.Empty(t, shown(), "nothing of the run that had captions is listed any more")
}
