package catalog

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// Whatever stands in the bucket, the channels that are there stay, and the next good value is taken.
func TestHostileValuesInTheBucket(t *testing.T) {
	t.Parallel()
	kv := bucket(t)
	c := open(t, kv, channel("news"))
	put(t, c, "own", Patch{Title: ptr("mine")})
	raw := func(key, value string) {
		t.Helper()
		if _, err := kv.Put(t.Context(), key, []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	for _, value := range []string{
		"", "null", "[]", "{", `{"dvr":7}`, `{"dvr":"7 days"}`, `{"dvr":"-1h"}`, `{"dvr":"9999999h"}`, `{"segment":"1ns"}`,
		`{"source":"gopher://169.254.169.254/"}`, `{"title":"a\u0000b"}`, `{"key":"ä"}`, `{"deleted":"yes"}`,
		`{"title":"` + strings.Repeat("x", maxRecord) + `"}`, strings.Repeat("[", 100_000),
	} {
		raw("news", value)
		if value != "null" { // is an empty patch
			raw("own", value)
		}
		raw("not.an.id", value)
		raw("-dash", value)
	}
	raw("last", `{"dvr":"1h","from":"a newer version"}`)
	await(t, c, func(ch Change) bool { return ch.ID == "last" && ch.Channel.DVR == time.Hour })
	if got := idsOf(c.Channels()); strings.Join(got, " ") != "last news own" {
		t.Fatal(got)
	}
	news := channel("news")
	news.FromFile = true
	if ch, _ := c.Channel("news"); told(ch) != news {
		t.Error(ch)
	}
	if ch, _ := c.Channel("own"); ch.Title != "mine" {
		t.Error(ch)
	}

	// After a restart what cannot be read is not there, and a Put mends it.
	again := open(t, kv, channel("news"))
	if got := idsOf(again.Channels()); strings.Join(got, " ") != "last news" {
		t.Fatal(got)
	}
	if _, created := put(t, again, "own", Patch{Title: ptr("mended")}); !created {
		t.Error("not created")
	}
	await(t, c, func(ch Change) bool { return ch.ID == "own" && ch.Channel.Title == "mended" })
}

// A patch that was valid on another file is not lost: the operator is told what is wrong, and mends just that.
func TestPatchThatTheFileMadeInvalid(t *testing.T) {
	t.Parallel()
	kv := bucket(t)
	c := open(t, kv, channel("news"))
	put(t, c, "news", Patch{DVR: ptr(30 * time.Second), Title: ptr("by the API")})
	c.Close()

	file := channel("news")
	file.Segment = 10 * time.Second
	c = open(t, kv, file)
	if ch, _ := c.Channel("news"); ch.DVR != DefaultDVR {
		t.Fatal(ch)
	}
	if _, _, err := c.Put(t.Context(), "news", Patch{Title: ptr("x")}); err == nil || err.Error() !=
		"channel news: dvr: 30s is out of bounds, must be from 1m0s (6 segments of 10s) to 168h0m0s" {
		t.Fatal(err)
	}
	ch, created := put(t, c, "news", Patch{DVR: ptr(time.Hour)})
	if created || ch.DVR != time.Hour || ch.Title != "by the API" || ch.Segment != 10*time.Second {
		t.Fatal(ch, created)
	}
}

// Who removes the key from the bucket by hand goes back to the file.
func TestRemovedKeyGoesBackToTheFile(t *testing.T) {
	t.Parallel()
	kv := bucket(t)
	c := open(t, kv, channel("news"))
	put(t, c, "news", Patch{Title: ptr("by the API")})
	put(t, c, "own", Patch{})
	for _, remove := range []func() error{
		func() error { return kv.Delete(t.Context(), "news") },
		func() error { return kv.Purge(t.Context(), "own") },
	} {
		if err := remove(); err != nil {
			t.Fatal(err)
		}
	}
	await(t, c, func(ch Change) bool { return ch.Channel.Title == "The news" })
	if _, created := put(t, c, "own", Patch{}); !created {
		t.Fatal("not created")
	}
}

// The largest record that can be stored can be read.
func TestLargestRecord(t *testing.T) {
	t.Parallel()
	p := Patch{
		Title: ptr(strings.Repeat("<", MaxTitle)), Source: ptr("file:" + strings.Repeat("<", MaxSource-5)),
		Key: ptr(strings.Repeat("<", MaxKey)), DVR: ptr(MaxDVR - 1), Segment: ptr(MaxSegment - 1), Chunk: ptr(longChunk),
	}
	if err := p.Apply(New("x")).Validate(); err != nil {
		t.Fatal(err)
	}
	b, err := encode(record[Patch]{patch: p})
	if err != nil {
		t.Fatal(err)
	}
	r, err := decode(b)
	if err != nil || !r.patch.equal(p) {
		t.Fatal(len(b), r, err)
	}
}

// longChunk is a chunk that is long to spell.
const longChunk = 1999999999 * time.Nanosecond

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		``, `null`, `{}`, `{"deleted":true}`, `{"deleted":true,"title":"x"}`, `{"dvr":"4h","segment":"2s","chunk":"0"}`,
		`{"title":"T","source":"file:a.mp4","key":"k"}`, `{"dvr":"1e9h"}`, `{"DVR":"4h"}`, `{"a":[[[[]]]]}`,
		`{"title":"\ud800"}`, "{\"title\":\"\xff\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decode(b)
		if err != nil {
			return
		}
		out, err := encode(r)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decode(out)
		if err != nil || again.deleted != r.deleted || !again.patch.equal(r.patch) {
			t.Fatalf("%q became %q, which reads as %v, %v", b, out, again, err)
		}
		ch := r.patch.Apply(New("x"))
		if ch.Validate() != nil {
			return
		}
		if ch.DVR > MaxDVR || ch.Segment > MaxSegment || ch.Chunk > ch.Segment || len(ch.Title) > MaxTitle || len(out) > maxRecord {
			t.Fatalf("%v is said to be valid", ch)
		}
		if j, err := json.Marshal(ch); err != nil || ch.Key != "" && bytes.Contains(j, []byte(`"Key"`)) {
			t.Fatalf("%s, %v", j, err)
		}
	})
}
