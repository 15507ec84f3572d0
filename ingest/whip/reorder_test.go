package whip

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// arrivals are packets as they come, each with when, in milliseconds.
type arrivals []struct {
	seq uint16
	at  int
}

func ms(n int) time.Time { return time.Unix(1000, 0).Add(time.Duration(n) * time.Millisecond) }

func TestReorder(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in   arrivals
		end  int // then time has come to this
		want []uint16
		lost int
	}{
		"in order":          {arrivals{{1, 0}, {2, 1}, {3, 2}}, 3, []uint16{1, 2, 3}, 0},
		"overtaken":         {arrivals{{1, 0}, {3, 1}, {2, 2}, {4, 3}}, 4, []uint16{1, 2, 3, 4}, 0},
		"twice":             {arrivals{{1, 0}, {2, 1}, {2, 2}, {1, 3}, {3, 4}}, 5, []uint16{1, 2, 3}, 0},
		"wrap":              {arrivals{{65534, 0}, {65535, 1}, {0, 2}, {1, 3}}, 4, []uint16{65534, 65535, 0, 1}, 0},
		"waits":             {arrivals{{1, 0}, {3, 1}, {4, 2}}, 90, []uint16{1}, 0},
		"gives up":          {arrivals{{1, 0}, {3, 1}, {4, 2}}, 101, []uint16{1, 3, 4}, 1},
		"too late":          {arrivals{{1, 0}, {3, 1}, {4, 120}, {2, 121}, {5, 122}}, 122, []uint16{1, 3, 4, 5}, 1},
		"two holes at once": {arrivals{{1, 0}, {3, 1}, {5, 2}}, 102, []uint16{1, 3, 5}, 2},
		"another sequence":  {arrivals{{1, 0}, {2, 1}, {30000, 2}, {30001, 3}, {30002, 4}}, 5, []uint16{1, 2, 30001, 30002}, 1},
		"one that strays":   {arrivals{{1, 0}, {30000, 1}, {2, 2}, {3, 3}}, 4, []uint16{1, 2, 3}, 0},
		"backwards":         {arrivals{{30000, 0}, {30001, 1}, {7, 2}, {8, 3}}, 4, []uint16{30000, 30001, 8}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReorder(16, 100*time.Millisecond)
			var got []uint16
			lost := 0
			drain := func(now time.Time) {
				for {
					p, n, ok := r.pop(now)
					if !ok {
						return
					}
					got = append(got, p.seq)
					lost += n
				}
			}
			for _, a := range tt.in {
				r.push(packet{seq: a.seq}, ms(a.at))
				drain(ms(a.at))
			}
			drain(ms(tt.end))
			if !slices.Equal(got, tt.want) || lost != tt.lost {
				t.Errorf("got %v, %d lost; want %v, %d", got, lost, tt.want, tt.lost)
			}
		})
	}
}

// Whatever comes in whatever order: what is given out rises, and every number is given out or counted as lost.
func TestReorderOnlyRises(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := newReorder(64, 50*time.Millisecond)
		first := rapid.Uint16().Draw(t, "first")
		now, next := 0, int64(-1)
		for n, lead := range rapid.SliceOfN(rapid.IntRange(-20, 20), 1, 300).Draw(t, "leads") {
			now += 5
			r.push(packet{seq: first + uint16(max(n+lead, 0))}, ms(now))
			for {
				p, lost, ok := r.pop(ms(now))
				if !ok {
					break
				}
				at := int64(int16(p.seq - first))
				if next >= 0 && at != next+int64(lost) {
					t.Fatalf("number %d after number %d, %d lost", at, next-1, lost)
				}
				next = at + 1
			}
		}
	})
}

func TestMissingPacketsAreAskedForUntilTheyCome(t *testing.T) {
	t.Parallel()
	r := newReorder(64, time.Second)
	for _, n := range []uint16{10, 12, 15} {
		r.push(packet{seq: n}, ms(0))
		_, _, _ = r.pop(ms(0))
	}
	for _, step := range []struct {
		at   int
		want []uint16
	}{
		{5, nil}, // it may have been overtaken
		{10, []uint16{11, 13, 14}},
		{50, nil},
		{90, []uint16{11, 13, 14}},
	} {
		if got := r.missing(ms(step.at)); !slices.Equal(got, step.want) {
			t.Errorf("after %d ms: %v, want %v", step.at, got, step.want)
		}
	}
	r.push(packet{seq: 11}, ms(100))
	r.push(packet{seq: 14}, ms(100))
	for range 2 {
		_, _, _ = r.pop(ms(100))
	}
	if got := r.missing(ms(200)); !slices.Equal(got, []uint16{13}) {
		t.Errorf("13 alone is missing, got %v", got)
	}
}
