package pipeline

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/packager"
)

// TestWhateverComes lets several publishers do what they like on one channel, and its operator change settings meanwhile.
func TestWhateverComes(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var final []string
	rapid.Check(t, func(t *rapid.T) {
		segment := drawSegment(t)
		cfg := packager.Config{Segment: segment}
		cfg.Chunk = time.Duration(rapid.SampledFrom([]int{0, 200, 200, 500}).Draw(t, "chunk")) * time.Millisecond
		c := newChannel(t, rapid.Uint64().Draw(t, "when to ask"), cfg, drawDVR(t, segment))
		at := time.Duration(0)
		for range rapid.IntRange(1, 3).Draw(t, "feeds") {
			f := drawFeed(t, at)
			c.play(t, f)
			at = f.end + time.Duration(rapid.SampledFrom([]int{0, 1, 40, 1000, 7000, 600_000}).Draw(t, "absence in ms"))*time.Millisecond
			c.pass(epoch.Add(at))
			c.expire()
			if rapid.IntRange(0, 3).Draw(t, "recut") == 0 {
				c.cut(drawSegment(t))
			}
		}
		c.finish()
		mu.Lock()
		defer mu.Unlock()
		if len(final) < 12 && c.view.mpdRaw != "" {
			final = append(final, c.view.mpdRaw)
		}
	})
	validate(t, final)
}

// play hands a feed over, from connecting to leaving.
func (c *channel) play(t *rapid.T, f *feed) {
	rewinds := map[int]bool{}
	for range rapid.SampledFrom([]int{0, 1, 3}).Draw(t, "rewinds") {
		rewinds[rapid.IntRange(0, max(len(f.out)-1, 0)).Draw(t, "rewind at")] = true
	}
	formats := f.formats
	c.connect(formats)
	for i, a := range f.out {
		c.pass(epoch.Add(a.at))
		if rewinds[i] {
			c.rewind(drawDVR(t, c.cfg.Segment))
		}
		if f.changes[i] {
			formats, f.other = f.other, formats
			c.start(formats)
		}
		c.write(a.Sample)
	}
	c.disconnect()
}

// validate checks MPDs against the DASH schema (rule 23), where schema and xmllint are there.
func validate(t *testing.T, docs []string) {
	t.Helper()
	schema, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "schema", "DASH-MPD.xsd"))
	if err != nil {
		t.Fatal(err)
	}
	xmllint, err := exec.LookPath("xmllint")
	if _, missing := os.Stat(schema); err != nil || missing != nil || len(docs) == 0 {
		t.Logf("rule 23 is not checked: %d MPDs, xmllint: %v, schema: %v", len(docs), err, missing)
		return
	}
	dir := t.TempDir()
	args := []string{"--noout", "--nonet", "--schema", schema}
	for i, doc := range docs {
		path := filepath.Join(dir, fmt.Sprintf("%d.mpd", i))
		if err := os.WriteFile(path, []byte(doc), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	if out, err := exec.Command(xmllint, args...).CombinedOutput(); err != nil {
		t.Fatalf("rule 23: %v: %s", err, out)
	}
}
