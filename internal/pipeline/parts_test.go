package pipeline

import (
	"bytes"
	"strings"
	"time"
)

// pieces holds parts against the media (rules 16, 17), and notes those of the segment that is being made.
func (v *viewer) pieces(track string, p playlist, open map[string][]byte) {
	v.t.Helper()
	newer := int64(0)
	for i := len(p.entries) - 1; i >= 0; i-- {
		e, parts := p.entries[i], p.early.parts[i]
		if len(parts) > 0 && newer >= int64(3*p.target)*1_000_000 {
			v.t.Fatalf("rule 17: parts of %s %d are listed %d µs from the live edge", track, e.number, newer)
		}
		newer += e.micros
		v.durations(track, e.number, parts, p.early.target)
		if len(parts) == 0 {
			continue
		}
		whole := v.fetch(path(track, e))
		var joined []byte
		sum := int64(0)
		for k, part := range parts {
			sum += part.micros
			if part.gap != e.gap {
				v.t.Fatalf("part %d of %s %d is a gap: %v; the segment: %v", k, track, e.number, part.gap, e.gap)
			}
			if !e.gap {
				joined = append(joined, v.piece(track, e.number, k, part, e.init)...)
			}
		}
		if !bytes.Equal(joined, whole) {
			v.t.Fatalf("rule 17: the parts of %s %d are not what it is", track, e.number)
		}
		if e.gap {
			continue
		}
		slack := 3*v.segment(path(track, e), v.header(track+"/"+e.init)).frame() + nudge
		off := time.Duration(sum-e.micros) * time.Microsecond
		// A track that ends before its run, or with it, is listed up to the end of the row.
		ends := i+1 == len(p.entries) || p.entries[i+1].gap || p.entries[i+1].tagged
		if off < -slack && !ends {
			v.lacking[e.number] = true
		}
		if off > slack || uint64(len(v.lacking)) > v.late {
			v.t.Fatalf("rule 5: the parts of %s %d add up to %d µs, EXTINF is %d; %d frames came later than was said", track, e.number, sum, e.micros, v.late)
		}
	}
	v.durations(track, p.end(), p.early.open, p.early.target)
	for k, part := range p.early.open {
		if !part.gap {
			open[track+"/"+part.uri] = v.piece(track, p.end(), k, part, p.early.next.init)
		}
	}
	for name, data := range v.polled.parts { // a part stays what it was for as long as its segment can be fetched
		if of, uri, _ := strings.Cut(name, "/"); of == track {
			number, k, err := place(uri)
			if now := v.win.Part(track, number, k); err != nil || !bytes.Equal(now, data) && v.win.Snapshot().Rows.At(0).Number <= number {
				v.t.Fatalf("rule 2: part %s had %d bytes, has %d: %v", name, len(data), len(now), err)
			}
		}
	}
}

// durations checks how long the parts of a segment are (rule 16). Where frames do not come as they did when their run began, the
// packager says so.
func (v *viewer) durations(track string, number uint64, parts []piece, target int64) {
	v.t.Helper()
	for k, part := range parts {
		last := k == len(parts)-1 // also of an open segment: it may turn out to be the last
		if !v.uneven && (part.micros > target || !last && part.micros*100 < 85*target) {
			v.t.Fatalf("rule 16: part %d of %s %d lasts %d µs, PART-TARGET is %d; all: %+v", k, track, number, part.micros, target, parts)
		}
	}
}

// piece gets a part: it is what the playlist says of it.
func (v *viewer) piece(track string, number uint64, k int, part piece, init string) []byte {
	v.t.Helper()
	n, at, err := place(part.uri)
	if err != nil || n != number || at != k {
		v.t.Fatalf("part %d of %s %d is %s: %v", k, track, number, part.uri, err)
	}
	data := v.win.Part(track, number, k)
	scale := v.header(track + "/" + init)
	f, err := readSegment(scale, data)
	if err != nil {
		v.t.Fatalf("rule 17: part %s of %s: %v", part.uri, track, err)
	}
	if f.sync != part.independent {
		v.t.Fatalf("rule 16: part %s of %s begins with a sync sample: %v, says %v", part.uri, track, f.sync, part.independent)
	}
	if off := f.lasts(f.end-f.start) - time.Duration(part.micros)*time.Microsecond; off.Abs() > nudge {
		v.t.Fatalf("rule 16: part %s of %s lasts %d µs, off by %v", part.uri, track, part.micros, off)
	}
	return data
}
