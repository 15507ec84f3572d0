package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		change func(*Channel)
		want   string
	}{
		{func(*Channel) {}, ""},
		{func(c *Channel) { c.Chunk = 0 }, ""},
		{func(c *Channel) { c.Chunk = c.Segment }, ""},
		{func(c *Channel) { c.Segment, c.DVR = MinSegment, 3*time.Second }, ""},
		{func(c *Channel) { c.Segment, c.DVR = MaxSegment, MaxDVR }, ""},
		{func(c *Channel) { c.ID, c.Title = "0-a_B", "Ünïcode 日本" }, ""},
		{func(c *Channel) { c.Source, c.Key = "file:/a b.mp4", "!~" }, ""},
		{func(c *Channel) { c.ID = "" }, `id: "" must have 1 to 64 characters`},
		{func(c *Channel) { c.ID = strings.Repeat("x", 65) }, `id: "` + strings.Repeat("x", 65) + `" must have 1 to 64 characters`},
		{func(c *Channel) { c.ID = "a.b" }, `id: "a.b" must be letters, digits, _ and - only, and start with a letter or a digit`},
		{func(c *Channel) { c.ID = "_a" }, `id: "_a" must be letters, digits, _ and - only, and start with a letter or a digit`},
		{func(c *Channel) { c.Title = strings.Repeat("x", 201) }, "title: has 201 bytes, must have at most 200"},
		{func(c *Channel) { c.Title = "a\nb" }, `title: "a\nb" must be printable: byte 1 is not`},
		{func(c *Channel) { c.Title = "a\xff" }, `title: "a\xff" must be valid UTF-8`},
		{func(c *Channel) { c.Segment = 499 * time.Millisecond }, "segment: 499ms is out of bounds, must be from 500ms to 10s"},
		{func(c *Channel) { c.Segment = 11 * time.Second }, "segment: 11s is out of bounds, must be from 500ms to 10s"},
		{func(c *Channel) { c.Chunk = 3 * time.Second }, "chunk: 3s is out of bounds, must be 0 (one chunk a segment) or from 50ms to the segment's 2s"},
		{func(c *Channel) { c.Chunk = -1 }, "chunk: -1ns is out of bounds, must be 0 (one chunk a segment) or from 50ms to the segment's 2s"},
		{func(c *Channel) { c.DVR = 11 * time.Second }, "dvr: 11s is out of bounds, must be from 12s (6 segments of 2s) to 168h0m0s"},
		{func(c *Channel) { c.DVR = MaxDVR + 1 }, "dvr: 168h0m0.000000001s is out of bounds, must be from 12s (6 segments of 2s) to 168h0m0s"},
		{func(c *Channel) { c.Source = "a.mp4" }, `source: "a.mp4" is not known, must begin with file:, udp://, http://, https:// or srt://, or be "" (open for a push)`},
		{func(c *Channel) { c.Source = "file:" }, `source: "file:" is not known, must begin with file:, udp://, http://, https:// or srt://, or be "" (open for a push)`},
		{func(c *Channel) { c.Source = "file:a\x00" }, `source: "file:a\x00" must be printable: byte 6 is not`},
		{func(c *Channel) { c.Key = "secret with spaces" }, `key: must be printable ASCII without spaces and "#%&/?\, for it goes into a URL: character 7 is not`},
		{func(c *Channel) { c.Key = "a&b" }, `key: must be printable ASCII without spaces and "#%&/?\, for it goes into a URL: character 2 is not`},
		{func(c *Channel) { c.Key = strings.Repeat("x", 201) }, "key: has 201 characters, must have at most 200"},
	} {
		c := New("news")
		tc.change(&c)
		var got string
		if err := c.Validate(); err != nil {
			got = err.Error()
		}
		if got != tc.want {
			t.Errorf("%v\n got %s\nwant %s", c, got, tc.want)
		}
	}
}

func TestKeyIsNeverShown(t *testing.T) {
	t.Parallel()
	c := New("news")
	c.Key = "s3cret"
	p := Patch{Key: ptr("s3cret"), Title: ptr("T")}
	change := Change{ID: "news", Channel: c}
	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("x", "channel", c, "patch", p, "change", change)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		fmt.Fprintf(&out, verb+" "+verb+" "+verb+"\n", c, p, change)
	}
	if err := json.NewEncoder(&out).Encode([]any{c, change}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "s3cret") {
		t.Fatal(out.String())
	}
	if want := `{title:"T" key:hidden}`; p.String() != want {
		t.Fatalf("%s, want %s", p, want)
	}
}
