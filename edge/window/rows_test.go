package window

import (
	"testing"

	"pgregory.net/rapid"

	"weir/internal/media"
)

// TestListIsPersistent appends to and cuts a list, and looks whether every list that was ever seen stays what it was.
func TestListIsPersistent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var l list
		type kept struct {
			list        list
			first, want int
		}
		var seen []kept
		next, first := 0, 0
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "cut") {
				k := rapid.IntRange(0, 90).Draw(t, "k")
				l = l.cut(k)
				first = min(first+k, next)
			} else {
				for range rapid.IntRange(1, 70).Draw(t, "rows") {
					l = l.append(&media.Row{Number: uint64(next)})
					next++
				}
			}
			seen = append(seen, kept{l, first, next - first})
		}
		for _, s := range seen {
			if s.list.Len() != s.want {
				t.Fatalf("length %d, want %d", s.list.Len(), s.want)
			}
			for i := range s.want {
				if got := s.list.At(i).Number; got != uint64(s.first+i) {
					t.Fatalf("row %d of the list is %d, want %d", i, got, s.first+i)
				}
			}
			if s.list.find(uint64(s.first+s.want)) != nil || s.first > 0 && s.list.find(uint64(s.first-1)) != nil {
				t.Fatal("it finds what it has not")
			}
		}
	})
}
