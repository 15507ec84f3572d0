package config

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/internal/catalog"
	"weir/internal/origin"
)

func TestAssetsAndSites(t *testing.T) {
	t.Parallel()
	const text = `
vod:
  segment: 6s
  head: 1MiB
  sites:
    store: {url: "s3://bucket/films", endpoint: "https://s3.example", region: eu-1, access_key: A, secret_key: B, timeout: 2s}
    films: {url: "file:/srv/films"}
    web: {url: "https://me:secret@h/films/?sig=x"}
  libraries:
    movies: {sites: [store, films]}
assets:
  song: {title: A song, sites: [films], files: [01.flac]}
  night: {sites: [store, films], files: [n.mp4, "n.m4a#de"]}
  album: {tracks: [song, song, later, movies~x.mp3]}
`
	want := Default()
	want.VOD = VOD{
		Segment: 6 * time.Second, Head: 1 << 20,
		Sites: []Site{
			{Name: "films", URL: "file:/srv/films"},
			{
				Name: "store", URL: "s3://bucket/films", Endpoint: "https://s3.example", Region: "eu-1", AccessKey: "A", SecretKey: "B",
				Timeout: 2 * time.Second,
			},
			{Name: "web", URL: "https://me:secret@h/films/?sig=x"},
		},
		Libraries: []catalog.Library{{Name: "movies", Sites: []string{"store", "films"}}},
	}
	want.Assets = []catalog.Asset{
		{ID: "album", Tracks: []string{"song", "song", "later", "movies~x.mp3"}},
		{ID: "night", Sites: []string{"store", "films"}, Files: []catalog.AssetFile{{Path: "n.mp4"}, {Path: "n.m4a", Language: "de"}}},
		{ID: "song", Title: "A song", Sites: []string{"films"}, Files: []catalog.AssetFile{{Path: "01.flac"}}},
	}
	got, err := parse("weir.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	places := catalog.Places{Sites: []string{"films", "store", "web"}, Libraries: want.VOD.Libraries}
	if diff := cmp.Diff(places, got.VOD.Places()); diff != "" {
		t.Fatal(diff)
	}
	origins, err := origin.New(got.VOD.Origins(), slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err) // what the configuration takes, the origin takes
	}
	defer origins.Close()
	if st := origins.Stats(); len(st) != 3 || st[1].Name != "store" || st[2].URL != "https://h/films/" {
		t.Errorf("%+v", st)
	}
}

func TestErrorsOfAssetsNameThePlace(t *testing.T) {
	t.Parallel()
	const films = "vod: {sites: {films: {url: \"file:d\"}}}\n"
	for _, tc := range []struct{ text, want string }{
		{"vod: {segment: 11s}\n", "1:16: vod.segment: 11s is out of bounds, must be from 500ms to 10s"},
		{"vod: {head: much}\n", `1:13: vod.head: "much" is no size, write it like 64MiB or as a number of bytes, or 0`},
		{"vod: {head: 17TiB}\n", "1:13: vod.head: 17TiB is out of bounds, must be from 0 to 16TiB"},
		{"vod: {head: 3GiB}\n", "1:13: vod.head: is more than edge.memory, which it is a part of"},
		{"vod: {cache: 1}\n", `1:7: unknown key "cache" in vod, known: segment, head, sites, libraries`},
		{"vod: {sites: {films: {path: x}}}\n", `1:23: unknown key "path" in vod.sites.films, known: url, endpoint, region, access_key, secret_key, timeout`},
		{"vod: {sites: {films: {timeout: 1h}}}\n", "1:32: vod.sites.films.timeout: 1h0m0s is out of bounds, must be from 100ms to 1m0s"},
		{"vod:\n  sites:\n    films: {}\n", "3:5: vod.sites.films.url: is missing: write file:DIR, s3://BUCKET/PREFIX or http(s)://HOST/…"},
		{"vod:\n  sites:\n    films: {url: \"ftp://me:s3cret@h\"}\n", "3:5: vod.sites.films: url is none of file:DIR, s3://BUCKET/PREFIX, http(s)://HOST/…"},
		{"vod:\n  sites:\n    a/b: {url: \"file:d\"}\n", `3:5: vod.sites: a site's name "a/b" is no name: letters, digits, _, - and ., 1 to 40`},
		{"vod: {libraries: {l: {}}}\n", "1:19: vod.libraries.l.sites: there are none: name those that have the files"},
		{"vod: {libraries: {a~b: {sites: [x]}}}\n", `1:19: vod.libraries: a library's name "a~b" is no name: letters, digits, _, - and ., 1 to 40`},
		{"vod: {libraries: {l: {sites: [x]}}}\n", `1:30: vod.libraries.l.sites: there is no site "x" in vod.sites, which has none`},
		{films + "assets: {a: {file: x}}\n", `2:14: unknown key "file" in assets.a, known: title, sites, files, tracks`},
		{films + "assets: {a b: {}}\n", `2:10: assets: an asset's ID "a b" must be letters, digits, _ and - only, and start with a letter or a digit`},
		{films + "assets: {a: {}}\n", "2:10: assets.a.files: there are none: an asset has files, or tracks"},
		{films + "assets: {a: {files: [x]}}\n", "2:10: assets.a.sites: there are none: name those that have the files"},
		{films + "assets: {a: {sites: [films, film], files: [x]}}\n", `2:21: assets.a.sites: there is no site "film" in vod.sites, which has films`},
		{films + "assets: {a: {sites: [films], files: [x, ../y]}}\n", `2:37: assets.a.files: "../y" must be written without ".." between slashes`},
		{films + "assets: {a: {sites: [films], files: [\"x#german\", \"y#1\"]}}\n", `2:37: assets.a.files: "y": "1" behind # is no language, write it like en or pt-BR`},
		{films + "assets: {a: {tracks: [b]}, b: {tracks: [c]}}\n", `2:22: assets.a.tracks: "b" is an album: tracks are assets with files`},
		{films + "assets: {a: {tracks: [b], files: [x]}}\n", "2:22: assets.a.tracks: an asset has either files on sites, or tracks"},
	} {
		_, err := parse("weir.yaml", []byte(tc.text))
		var at *Error
		if !errors.As(err, &at) || err.Error() != "weir.yaml:"+tc.want {
			t.Errorf("%q\n got %v\nwant weir.yaml:%s", tc.text, err, tc.want)
		}
	}
}
