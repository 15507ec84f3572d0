package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"
	"pgregory.net/rapid"
)

var somePlaces = Places{Sites: []string{"films", "backup"}, Libraries: []Library{{Name: "music", Sites: []string{"films"}}}}

func openAssets(t *testing.T, kv jetstream.KeyValue, base ...Asset) *Assets {
	t.Helper()
	a, err := OpenAssets(t.Context(), kv, base, somePlaces, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

func putAsset(t *testing.T, a *Assets, id string, p AssetPatch) (Asset, bool) {
	t.Helper()
	one, created, err := a.Put(t.Context(), id, p)
	if err != nil {
		t.Fatal(err)
	}
	if now, ok := a.Get(id); !ok || !now.equal(one) {
		t.Fatalf("after Put: %+v, there %t; want %+v", now, ok, one)
	}
	one.Revision = 0
	return one, created
}

// files is a patch with one file.
func files(path string) AssetPatch {
	return AssetPatch{Sites: &[]string{"films"}, Files: &[]AssetFile{{Path: path}}}
}

func TestAssetsArePutOverTheFile(t *testing.T) {
	t.Parallel()
	kv := bucket(t)
	a := openAssets(t, kv, film("night"), film("day"))
	one, created := putAsset(t, a, "night", AssetPatch{Files: &[]AssetFile{{Path: "n.mp4"}, {Path: "n.m4a", Language: "de"}}})
	want := film("night")
	want.Files, want.FromFile = []AssetFile{{Path: "n.mp4"}, {Path: "n.m4a", Language: "de"}}, true
	if created || !cmp.Equal(one, want) {
		t.Fatal(cmp.Diff(want, one))
	}
	if one, created = putAsset(t, a, "own", files("own.mp4")); !created || one.FromFile {
		t.Fatalf("%+v, created %t", one, created)
	}
	if err := a.Delete(t.Context(), "day"); err != nil {
		t.Fatal(err)
	}
	a.Close()

	file := film("night")
	file.Title = "By night"
	want.Title = file.Title
	a = openAssets(t, kv, file, film("day"))
	own := Asset{ID: "own", Sites: []string{"films"}, Files: []AssetFile{{Path: "own.mp4"}}}
	got := a.All()
	for i := range got {
		if got[i].Revision == 0 {
			t.Errorf("%s has no revision", got[i].ID)
		}
		got[i].Revision = 0
	}
	if diff := cmp.Diff([]Asset{want, own}, got); diff != "" {
		t.Fatal(diff)
	}
	if err := a.Delete(t.Context(), "day"); !errors.Is(err, ErrNotFound) || !a.Deleted("day") {
		t.Fatal(err)
	}
}

func TestPutRefusesAssets(t *testing.T) {
	t.Parallel()
	a := openAssets(t, bucket(t))
	putAsset(t, a, "song", files("1.flac"))
	putAsset(t, a, "album", AssetPatch{Tracks: &[]string{"song", "later", "music~disc~2.mp3"}})
	long := strings.Repeat("x", 1000)
	for want, p := range map[string]AssetPatch{
		"asset x: files: there are none: an asset has files, or tracks":                                {},
		`asset x: sites: there is no site "elsewhere" in vod.sites, which has films, backup`:           {Sites: &[]string{"films", "elsewhere"}, Files: &[]AssetFile{{Path: "a"}}},
		`asset x: tracks: "album" is an album: tracks are assets with files`:                           {Tracks: &[]string{"song", "album"}},
		`asset x: files: "../a" must be written without ".." between slashes`:                          files("../a"),
		"asset x: encode settings: tracks: they take 1014012 bytes together, must take at most 524288": {Tracks: ptr(many(1000, "music~"+long+"%05d"))},
	} {
		_, _, err := a.Put(t.Context(), "x", p)
		var field *FieldError
		if !errors.As(err, &field) || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
	if _, there := a.Get("x"); there {
		t.Error("it is there")
	}
}

// What was stored is still there when its site is taken out of the file: it comes back with the site.
func TestAssetOfASiteThatIsGone(t *testing.T) {
	t.Parallel()
	kv := bucket(t)
	a := openAssets(t, kv)
	putAsset(t, a, "night", files("n.mp4"))
	a.Close()
	a, err := OpenAssets(t.Context(), kv, nil, Places{}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	if _, ok := a.Get("night"); !ok {
		t.Error("it is gone")
	}
	if _, _, err := a.Put(t.Context(), "night", AssetPatch{Title: ptr("x")}); err == nil || err.Error() != `asset night: sites: there is no site "films" in vod.sites, which has none` {
		t.Error(err)
	}
}

func TestResolveAndTracks(t *testing.T) {
	t.Parallel()
	album := Asset{ID: "album", Tracks: []string{"song", "music~disc~2.mp3"}}
	a := openAssets(t, bucket(t), film("song"), album, Asset{ID: "nested", Tracks: []string{"song", "album"}}, Asset{ID: "torn", Tracks: []string{"gone"}})
	tracks, err := a.Tracks(album)
	if err != nil || len(tracks) != 2 || tracks[0].ID != "song" || tracks[1].Files[0].Path != "disc/2.mp3" {
		t.Fatal(tracks, err)
	}
	for id, want := range map[string]string{
		"nested": `asset nested: track 2: tracks: "album" is an album: tracks are assets with files`,
		"torn":   `asset torn: track 1: there is no asset "gone": not there`,
	} {
		one, ok := a.Resolve(id)
		if !ok || !one.Album() {
			t.Fatal(one, ok)
		}
		if _, err := a.Tracks(one); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	for _, id := range []string{"none", "music~../x", "films~x"} {
		if one, ok := a.Resolve(id); ok {
			t.Errorf("%q is %+v", id, one)
		}
	}
}

func TestAssetsAreWatched(t *testing.T) {
	t.Parallel()
	kv := bucket(t)
	a, b := openAssets(t, kv, film("night")), openAssets(t, kv, film("night"))
	changes := b.Watch(t.Context())
	next := func() AssetChange {
		t.Helper()
		select {
		case c, ok := <-changes:
			if !ok {
				t.Fatal("the watch has ended")
			}
			return c
		case <-time.After(10 * time.Second):
			t.Fatal("no change")
		}
		return AssetChange{}
	}
	if c := next(); c.ID != "night" || !c.Asset.FromFile || c.Deleted {
		t.Fatalf("%+v", c)
	}
	putAsset(t, a, "night", files("other.mp4"))
	if c := next(); c.ID != "night" || c.Asset.Files[0].Path != "other.mp4" || c.Asset.Revision == 0 {
		t.Fatalf("%+v", c)
	}
	if err := a.Delete(t.Context(), "night"); err != nil {
		t.Fatal(err)
	}
	if c := next(); c.ID != "night" || !c.Deleted || len(c.Asset.Files) != 0 {
		t.Fatalf("%+v", c)
	}
}

// Pages of any size, put together, are what is there, also while assets come and go.
func TestPages(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfDistinct(rapid.StringMatching(`[a-c][a-c-]{0,3}`), rapid.ID[string]).Draw(t, "ids")
		var s store[Asset, AssetPatch]
		s.init(kind[Asset, AssetPatch]{name: "asset", most: 1000}, nil, quiet)
		for i, id := range ids {
			if i%2 == 0 {
				if err := s.hold(id, film(id)); err != nil {
					t.Fatal(err)
				}
			}
		}
		s.page("", "", 1) // what is sorted by now has to be sorted again
		for i, id := range ids {
			s.show(id, film(id), i%3 != 0)
		}
		prefix := rapid.StringMatching(`[a-c]{0,2}`).Draw(t, "prefix")
		limit := rapid.IntRange(1, 5).Draw(t, "limit")
		var want, got []string
		for i, id := range ids {
			if i%3 != 0 && strings.HasPrefix(id, prefix) {
				want = append(want, id)
			}
		}
		slices.Sort(want)
		for after := ""; ; after = got[len(got)-1] {
			page := s.page(prefix, after, limit)
			for _, a := range page {
				got = append(got, a.ID)
			}
			if len(page) < limit {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q, want %q", got, want)
		}
		after := rapid.StringMatching(`[a-d]{0,3}`).Draw(t, "after")
		want = slices.DeleteFunc(want, func(id string) bool { return id <= after })
		for i, a := range s.page(prefix, after, 1000) {
			if i >= len(want) || a.ID != want[i] {
				t.Fatalf("after %q: %q at %d, want %q", after, a.ID, i, want)
			}
		}
	})
}

func TestOpenAssetsRefuses(t *testing.T) {
	t.Parallel()
	kv := bucket(t)
	for name, base := range map[string][]Asset{
		"invalid": {NewAsset("a")},
		"twice":   {film("a"), film("a")},
	} {
		if a, err := OpenAssets(t.Context(), kv, base, somePlaces, quiet); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, %v", name, a, err)
		}
	}
}

// A page of a large catalog costs what its assets cost.
func BenchmarkPage(b *testing.B) {
	var s store[Asset, AssetPatch]
	s.init(kind[Asset, AssetPatch]{name: "asset", most: MaxAssets}, nil, quiet)
	for i := range MaxAssets {
		id := fmt.Sprintf("film-%06d", i)
		s.now[id] = film(id)
	}
	for b.Loop() {
		if n := len(s.page("film-05", "film-050500", 100)); n != 100 {
			b.Fatal(n)
		}
	}
}
