package origin

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

func FuzzContentRange(f *testing.F) {
	for _, s := range []string{"bytes 0-99/100", "bytes 0-0/*", "bytes */0", "bytes */*", "bytes 5-4/100", "bytes 0-100/100", "bytes -1-5/9", "bytes 0-9223372036854775807/9223372036854775808", "bytes +1-2/3", "items 0-1/2", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		first, last, total, ok := contentRange(http.Header{"Content-Range": {s}})
		if !ok {
			return
		}
		if first == -1 && last == -1 && total >= 0 {
			return // "*": no part of it
		}
		if first < 0 || last < first || total >= 0 && last >= total || total < -1 {
			t.Errorf("%q: %d-%d/%d", s, first, last, total)
		}
	})
}

func TestContentRange(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][3]int64{
		"bytes 0-99/100": {0, 99, 100}, "bytes 5-5/*": {5, 5, -1}, "bytes */0": {-1, -1, 0},
	} {
		if first, last, total, ok := contentRange(http.Header{"Content-Range": {s}}); !ok || [3]int64{first, last, total} != want {
			t.Errorf("%q: %d-%d/%d, %v", s, first, last, total, ok)
		}
	}
	for _, s := range []string{"", "bytes", "bytes 1-0/5", "bytes 0-5/5", "bytes */*", "bytes 0-1", "bytes -1-1/5", "bytes 0x1-2/5", "bytes 0- 1/5", "Bytes=0-1/5"} {
		if _, _, _, ok := contentRange(http.Header{"Content-Range": {s}}); ok {
			t.Errorf("%q is taken", s)
		}
	}
}

func TestFailureTellsOfEachSite(t *testing.T) {
	t.Parallel()
	gone, down := failed(Missing, errors.New("gone")), failed(Connect, errors.New("down"))
	f := &Failure{Path: "film"}
	f.note("one", gone)
	if !errors.Is(f, ErrNotFound) {
		t.Error("the only site has it not")
	}
	f.note("two", passedOver{why: "x"})
	f.note("two", down)
	if errors.Is(f, ErrNotFound) || !errors.Is(f, ErrUnavailable) || f.Error() != "film: site one: gone; site two: down" {
		t.Errorf("%v", f)
	}
	if err := (&Failure{Path: "film"}); !strings.Contains(err.Error(), "no site") {
		t.Error(err)
	}
}
