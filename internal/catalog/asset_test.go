package catalog

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// film is a valid asset with one file.
func film(id string) Asset {
	a := NewAsset(id)
	a.Title, a.Sites, a.Files = "The "+id, []string{"films"}, []AssetFile{{Path: id + ".mp4"}}
	return a
}

// many is n texts that a format makes.
func many(n int, format string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(format, i)
	}
	return all
}

func TestValidateAsset(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		change func(*Asset)
		want   string
	}{
		{func(*Asset) {}, ""},
		{func(a *Asset) { a.ID = "a~b" }, `id: "a~b" must be letters, digits, _ and - only, and start with a letter or a digit`},
		{func(a *Asset) { a.Title = "a\nb" }, `title: "a\nb" must be printable: byte 1 is not`},
		{func(a *Asset) { a.Files = nil }, "files: there are none: an asset has files, or tracks"},
		{func(a *Asset) { a.Sites = nil }, "sites: there are none: name those that have the files"},
		{func(a *Asset) { a.Sites = []string{"a", "b", "a"} }, `sites: "a" is there twice`},
		{func(a *Asset) { a.Sites = []string{"a b"} }, `sites: "a b" is no name: letters, digits, _, - and ., 1 to 40`},
		{func(a *Asset) { a.Sites = many(17, "s%d") }, "sites: 17 are too many, at most 16"},
		{func(a *Asset) { a.Files = []AssetFile{{Path: "x"}, {Path: "x", Language: "en"}} }, `files: "x" is there twice`},
		{func(a *Asset) { a.Files = make([]AssetFile, 33) }, "files: 33 are too many, at most 32"},
		{func(a *Asset) { a.Files = []AssetFile{{Path: "x", Language: "deutsch!"}} }, `files: "x": "deutsch!" behind # is no language, write it like en or pt-BR`},
		{func(a *Asset) { a.Tracks = []string{"b"} }, "tracks: an asset has either files on sites, or tracks"},
		{func(a *Asset) { a.Files, a.Tracks = nil, []string{"b"} }, "tracks: an asset has either files on sites, or tracks"},
		{func(a *Asset) { *a = Asset{ID: "a", Tracks: []string{"b", "b", "music~disc 1~01.flac"}} }, ""},
		{func(a *Asset) { *a = Asset{ID: "a", Tracks: []string{"b", "a"}} }, `tracks: "a" cannot be a track of itself`},
		{func(a *Asset) { *a = Asset{ID: "a", Tracks: []string{"b/c"}} }, `tracks: "b/c" is neither an asset's ID nor LIBRARY~dir~file.mp4`},
		{func(a *Asset) { *a = Asset{ID: "a", Tracks: []string{"l~..~c"}} }, `tracks: "l~..~c" is neither an asset's ID nor LIBRARY~dir~file.mp4`},
		{func(a *Asset) { *a = Asset{ID: "a", Tracks: many(1001, "t%d")} }, "tracks: 1001 are too many, at most 1000"},
	} {
		a := film("a")
		tc.change(&a)
		err := a.Validate()
		if tc.want == "" && err == nil {
			continue
		}
		if err == nil || err.Error() != tc.want || !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v:\n got %v\nwant %s", a, err, tc.want)
		}
	}
}

func TestParseAssetFile(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]AssetFile{
		"night.mp4":          {Path: "night.mp4"},
		"a/b c/näht.m4a#de":  {Path: "a/b c/näht.m4a", Language: "de"},
		"night.en.vtt#pt-BR": {Path: "night.en.vtt", Language: "pt-BR"},
		"take#2.mp4#":        {Path: "take#2.mp4"},
		"take#2.mp4#en":      {Path: "take#2.mp4", Language: "en"},
		".hidden/..x/x..":    {Path: ".hidden/..x/x.."},
	} {
		f, err := ParseAssetFile(text)
		if err != nil || f != want || f.String() != text {
			t.Errorf("%q: %+v, %q, %v", text, f, f.String(), err)
		}
	}
	for text, want := range map[string]string{
		"":                        `"" is no path: it must have 1 to 1024 bytes`,
		"#de":                     `"" is no path: it must have 1 to 1024 bytes`,
		"/etc/passwd":             `"/etc/passwd" must not begin with /: it lies in the site`,
		"a/../../b":               `"a/../../b" must be written without ".." between slashes`,
		"..":                      `".." must be written without ".." between slashes`,
		"a//b":                    `"a//b" must be written without "" between slashes`,
		"a/":                      `"a/" must be written without "" between slashes`,
		"./a":                     `"./a" must be written without "." between slashes`,
		"a\x00b":                  `"a\x00b" is no path: it must be UTF-8, without control characters and \`,
		"a\xffb":                  `"a\xffb" is no path: it must be UTF-8, without control characters and \`,
		`..\b`:                    `"..\\b" is no path: it must be UTF-8, without control characters and \`,
		"take#2.mp4":              `"take": "2.mp4" behind # is no language, write it like en or pt-BR`,
		strings.Repeat("x", 1025): `"` + strings.Repeat("x", 100) + `" is no path: it must have 1 to 1024 bytes`,
	} {
		if f, err := ParseAssetFile(text); err == nil || err.Error() != want {
			t.Errorf("%q: %+v\n got %v\nwant %s", text, f, err, want)
		}
	}
}

func FuzzParseAssetFile(f *testing.F) {
	for _, s := range []string{"", "#", "a#", "a#b#", "a/b.mp4#de", "../a", "/a", "a#../b#de", "a\\b", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		file, err := ParseAssetFile(s)
		if err != nil {
			return
		}
		if strings.HasPrefix(file.Path, "/") || strings.Contains("/"+file.Path+"/", "/../") || strings.Contains(file.Path, "//") {
			t.Fatalf("%q gave %q", s, file.Path)
		}
		if again, err := ParseAssetFile(file.String()); err != nil || again != file {
			t.Fatalf("%q is %+v, then %+v, %v", s, file, again, err)
		}
	})
}

func TestMembersOfLibraries(t *testing.T) {
	t.Parallel()
	l := Library{Name: "movies", Sites: []string{"store"}}
	places := Places{Sites: []string{"store"}, Libraries: []Library{l}}
	for path, id := range map[string]string{
		"a.mp4":               "movies~a.mp4",
		"dir/sub dir/a-1.mp4": "movies~dir~sub dir~a-1.mp4",
		"Größe/фильм/映画.mkv":  "movies~Größe~фильм~映画.mkv",
		"a..b":                "movies~a..b",
	} {
		got, ok := l.MemberID(path)
		if !ok || got != id {
			t.Errorf("%q: %q, %t", path, got, ok)
		}
		a, ok := places.member(id)
		if !ok || a.ID != id || len(a.Files) != 1 || a.Files[0] != (AssetFile{Path: path}) || a.Sites[0] != "store" || !a.FromFile {
			t.Errorf("%q: %+v, %t", id, a, ok)
		}
	}
	for _, path := range []string{"", ".", "..", "../a", "a/../b", "a/.b", "/a", "a/", "a//b", "a~b", "a%2fb", "a\\b", "a?b", "a\x00", "\xff", "a\u2028", strings.Repeat("x", 1025)} {
		if id, ok := l.MemberID(path); ok {
			t.Errorf("%q is a member: %q", path, id)
		}
	}
	for _, id := range []string{"", "movies", "movies~", "~a", "other~a.mp4", "movies~..~a", "movies~~a", "movies~.a", "movies~a/b", "movies~a~", "mov ies~a"} {
		if a, ok := places.member(id); ok {
			t.Errorf("%q is a member: %+v", id, a)
		}
	}
}

func FuzzMember(f *testing.F) {
	for _, s := range []string{"movies~a.mp4", "movies~a~b", "movies~..~a", "movies~~", "movies", "movies~a/b", "movies~é"} {
		f.Add(s)
	}
	places := Places{Libraries: []Library{{Name: "movies", Sites: []string{"store"}}}}
	f.Fuzz(func(t *testing.T, id string) {
		a, ok := places.member(id)
		if !ok {
			return
		}
		path := a.Files[0].Path
		if err := validatePath(path); err != nil {
			t.Fatalf("%q: %v", id, err)
		}
		if again, ok := places.Libraries[0].MemberID(path); !ok || again != id {
			t.Fatalf("%q has path %q, whose ID is %q, %t", id, path, again, ok)
		}
	})
}

func TestValidateLibrary(t *testing.T) {
	t.Parallel()
	for want, l := range map[string]Library{
		`id: "a~b" is no name: letters, digits, _, - and ., 1 to 40`: {Name: "a~b", Sites: []string{"s"}},
		"sites: there are none: name those that have the files":      {Name: "a"},
		`sites: "s" is there twice`:                                  {Name: "a", Sites: []string{"s", "s"}},
	} {
		if err := l.Validate(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	l := Library{Name: "a", Sites: []string{"s", "t"}}
	if err := l.CheckReferences(Places{Sites: []string{"t"}}); err == nil || err.Error() != `sites: there is no site "s" in vod.sites, which has t` {
		t.Error(err)
	}
	if err := l.CheckReferences(Places{Sites: []string{"t", "s"}}); err != nil {
		t.Error(err)
	}
}
