package clip

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"weir/internal/media"
)

func FuzzIndex(f *testing.F) {
	made := twoRuns()
	s := open(f, f.TempDir())
	info, err := NewMaker(s, channels{"news": made}).Make(f.Context(), whole(made))
	if err != nil {
		f.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(s.dir, info.ID, documentName))
	if err != nil {
		f.Fatal(err)
	}
	blob, err := os.ReadFile(filepath.Join(s.dir, info.ID, rowsName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text, blob)
	f.Fuzz(func(t *testing.T, text, blob []byte) {
		var head struct{ ID string }
		if json.Unmarshal(text, &head) != nil {
			return
		}
		d, err := parseDocument(head.ID, text)
		if err != nil {
			return
		}
		d.Rows.Bytes, d.Rows.Checksum = len(blob), castagnoli(blob) // or nothing would get further
		rows, err := parseRows(d, blob)
		if err != nil {
			return
		}
		var before *media.Row
		for i := range rows.Len() {
			row, offsets := rows.row(i)
			if before != nil && row.Number != before.Number+1 {
				t.Fatal(row.Number)
			}
			for k, s := range row.Segments {
				if s.Gap() {
					continue
				}
				if file := d.Files[d.file(s.Track)]; offsets[k] < 0 || offsets[k]+s.Bytes > file.Bytes {
					t.Fatalf("%+v at %d of %d", s, offsets[k], file.Bytes)
				}
			}
			before = row
		}
	})
}
