package dash_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/dash"
	"weir/manifest/manifesttest"
)

// draw is a channel's life with or without open rows.
func draw(t *rapid.T) []*media.Window {
	if rapid.Bool().Draw(t, "live") {
		return manifesttest.DrawLive(t)
	}
	return manifesttest.Draw(t)
}

// TestRendererRemembersNothingWrong: what it gives is what the pure function gives, whichever windows it has seen before.
func TestRendererRemembersNothingWrong(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := dash.NewRenderer()
		links := manifest.Links{Playlists: "?token=a%20b&x=1", Media: "?token=$a&x=<1>"}
		form := r.Form(links)
		for _, w := range draw(t) {
			for range rapid.IntRange(1, 2).Draw(t, "forms") {
				some := *w
				if n := w.Rows.Len(); n > 1 && rapid.Bool().Draw(t, "some") {
					from := rapid.IntRange(0, n-1).Draw(t, "from")
					some.Rows = stretchOf{w.Rows, from, rapid.IntRange(from+1, n).Draw(t, "to")}
					some.Open, some.LowLatency = nil, false
					some.Ended = rapid.Bool().Draw(t, "over")
				}
				want, err := dash.MPD(&some, links)
				require.NoError(t, err)
				got, err := r.MPD(&some, links)
				require.NoError(t, err)
				require.Equal(t, string(want), string(got))
			}
			want, err := dash.MPD(w, links)
			require.NoError(t, err)
			got, err := form.MPD(w)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got))
		}
	})
}

// stretchOf are the rows from ≤ i < to of others.
type stretchOf struct {
	media.Rows
	from, to int
}

func (s stretchOf) Len() int            { return s.to - s.from }
func (s stretchOf) At(i int) *media.Row { return s.Rows.At(s.from + i) }

// TestPatch: each patch turns an older MPD into the newest, or says that it does not fit.
func TestPatch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		form := dash.NewRenderer().Form(manifest.Links{Playlists: "?token=a&b=<c>"})
		var old [][]byte
		for _, w := range draw(t) {
			if w.Ended {
				continue
			}
			doc, err := dash.MPD(w, manifest.Links{Playlists: "?token=a&b=<c>"})
			require.NoError(t, err)
			for _, was := range old {
				checkPatch(t, form, w, was, doc)
			}
			if rapid.Bool().Draw(t, "seen") {
				require.NoError(t, form.Note(w))
				if old = append(old, doc); len(old) > 2 {
					old = old[1:]
				}
			}
		}
	})
}

// checkPatch asks for the patch from an older MPD to that of the window and applies it.
func checkPatch(t require.TestingT, form *dash.Form, w *media.Window, was, is []byte) (news dash.News, size int) {
	mpd, err := tree(was)
	require.NoError(t, err)
	patch, news, err := form.Patch(w, mpd.attributes["publishTime"])
	require.NoError(t, err)
	doc, err := tree(patch)
	require.NoError(t, err)
	switch news {
	case dash.Whole:
		require.Error(t, apply(mpd, doc))
		require.Empty(t, doc.children)
		return news, len(patch)
	case dash.Same:
		require.Equal(t, string(was), string(is))
		require.Empty(t, doc.children)
	}
	require.NoError(t, apply(mpd, doc), "%s", patch)
	want, err := tree(is)
	require.NoError(t, err)
	require.Equal(t, want.String(), mpd.String(), "%s", patch)
	require.Equal(t, mpd.attributes["publishTime"], doc.attributes["publishTime"])
	return news, len(patch)
}

// TestPatchesAreTheRule: while a channel goes on, patches lead from each MPD to those after it, and are small.
func TestPatchesAreTheRule(t *testing.T) {
	t.Parallel()
	c := live(80)
	form := dash.NewRenderer().Form(manifest.Links{})
	var old [][]byte
	for n := range uint64(40) {
		step(c)
		w := c.Window()
		w.Version = media.Version{Listing: n + 1, Open: n + 1, Parts: n + 1}
		doc, err := form.MPD(w)
		require.NoError(t, err)
		for i, was := range append(old, old...) { // the second time it is known
			news, size := checkPatch(t, form, w, was, doc)
			require.Equal(t, dash.Newer, news, i)
			require.Less(t, size, 4000)
		}
		if old = append(old, doc); len(old) > 6 {
			old = old[1:]
		}
	}
}

func TestPatchFromWhatWasNeverThere(t *testing.T) {
	t.Parallel()
	c := live(20)
	form := dash.NewRenderer().Form(manifest.Links{})
	w := c.Window()
	for _, from := range []string{"", "now", "2026-11-21", "1", "2026-11-21T20:15:50.374466667000000000000000Z"} {
		_, _, err := form.Patch(w, from)
		require.Error(t, err, from)
	}
	_, news, err := form.Patch(w, "2001-01-01T00:00:00Z")
	require.NoError(t, err)
	require.Equal(t, dash.Whole, news)
	_, news, err = form.Patch(w, stampOf(w.Published.Add(time.Hour)))
	require.NoError(t, err)
	require.Equal(t, dash.Same, news, "another edge is ahead")
	w.Rows = nil
	_, _, err = form.Patch(w, "2001-01-01T00:00:00Z")
	require.ErrorIs(t, err, dash.ErrEmpty)
}

func stampOf(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// live is a channel in low latency that has so many rows, of 2.002 s: durations of its audio vary.
func live(rows int) *manifesttest.Channel {
	c := manifesttest.New(1 << 20)
	c.LowLatency = true
	c.DVR = time.Duration(rows) * 2 * time.Second
	c.Run(0, manifesttest.Chunked(manifesttest.AVC(1, 1920, 1080, "avc1.640028"), 200*time.Millisecond),
		manifesttest.Chunked(manifesttest.AAC("a1", 1, 48000, "en"), 200*time.Millisecond))
	c.Rows(rows, 2002*time.Millisecond, 5_000_000)
	return c
}

// step lets a row complete, another one begin, and the oldest go.
func step(c *manifesttest.Channel) {
	c.Complete()
	c.Plan(2002*time.Millisecond, 5_000_000)
	c.Part("v1")
	c.Part("a1")
	c.Trim(1)
}
