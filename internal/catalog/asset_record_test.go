package catalog

import (
	"strings"
	"testing"
)

// Whatever stands in the bucket, the assets that are there stay.
func TestHostileAssetsInTheBucket(t *testing.T) {
	t.Parallel()
	kv := bucket(t)
	a := openAssets(t, kv, film("night"))
	putAsset(t, a, "own", files("own.mp4"))
	for _, value := range []string{
		"", "[]", "{", `{"files":[7]}`, `{"files":["/etc/passwd"]}`, `{"files":[]}`, `{"sites":[null]}`, `{"tracks":["a b"]}`,
		`{"title":"` + strings.Repeat("x", maxAssetRecord) + `"}`, strings.Repeat("[", 100_000),
	} {
		for _, key := range []string{"night", "own", "not.an.id", "-dash"} {
			if _, err := kv.Put(t.Context(), key, []byte(value)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := kv.Put(t.Context(), "zz", []byte(`{"sites":["films"],"files":["z.mp4#de"],"from":"a newer version"}`)); err != nil {
		t.Fatal(err)
	}
	for c := range a.Watch(t.Context()) {
		if c.ID == "zz" {
			break
		}
	}
	var got []string
	for _, one := range a.All() {
		got = append(got, one.ID+" "+strings.Join(spellFiles(one.Files), ","))
	}
	if strings.Join(got, "; ") != "night night.mp4; own own.mp4; zz z.mp4#de" {
		t.Fatal(got)
	}
}

func FuzzDecodeAsset(f *testing.F) {
	for _, s := range []string{
		``, `null`, `{}`, `{"deleted":true}`, `{"title":"T","sites":["a","b"],"files":["x.mp4","y.m4a#de"]}`, `{"tracks":["a","m~b"]}`,
		`{"files":["a#b#"]}`, `{"files":[],"sites":null}`, `{"title":"\ud800"}`, "{\"files\":[\"\xff\"]}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeAsset(b)
		if err != nil {
			return
		}
		a := r.patch.Apply(NewAsset("x"))
		if a.Validate() != nil {
			return
		}
		out, err := encodeAsset(r)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeAsset(out)
		if err != nil || again.deleted != r.deleted || !again.patch.equal(r.patch) {
			t.Fatalf("%q became %q, which reads as %v, %v", b, out, again, err)
		}
		if len(a.Files) > MaxFiles || len(a.Tracks) > MaxTracks || a.Album() == (len(a.Files) > 0) {
			t.Fatalf("%+v is said to be valid", a)
		}
	})
}
