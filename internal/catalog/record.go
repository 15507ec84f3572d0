package catalog

import (
	"encoding/json"
	"fmt"
	"time"
)

// maxRecord is the largest KV value that is looked at, in bytes. The largest that Put makes, with every character of title,
// key and source escaped, stays below.
const maxRecord = 96 << 10

// record is what the bucket holds of a channel or an asset: a patch, or a tombstone.
type record[P any] struct {
	patch   P
	deleted bool
}

// wire is the record of a channel as JSON. Keys of a newer version are passed over, so that old and new processes can share a bucket.
type wire struct {
	Deleted bool    `json:"deleted,omitempty"`
	Title   *string `json:"title,omitempty"`
	DVR     *string `json:"dvr,omitempty"` // durations as time.ParseDuration reads them
	Segment *string `json:"segment,omitempty"`
	Chunk   *string `json:"chunk,omitempty"`
	Source  *string `json:"source,omitempty"`
	Key     *string `json:"key,omitempty"`

	Passphrase *string    `json:"passphrase,omitempty"`
	Allow      *Addresses `json:"allow,omitempty"`
	Renditions *Names     `json:"renditions,omitempty"`
	Ladder     *Ladder    `json:"ladder,omitempty"`
	Inputs     *Inputs    `json:"inputs,omitempty"`
	Silence    *string    `json:"silence,omitempty"`
	Back       *string    `json:"back,omitempty"`
	Captions   *Captions  `json:"captions,omitempty"`
	Subtitles  *Languages `json:"subtitles,omitempty"`
	Redundant  *bool      `json:"redundant,omitempty"`
	Groups     *Names     `json:"groups,omitempty"`
}

func encode(r record[Patch]) ([]byte, error) {
	if r.deleted {
		return json.Marshal(wire{Deleted: true})
	}
	p := r.patch
	return json.Marshal(wire{
		Title: p.Title, DVR: spell(p.DVR), Segment: spell(p.Segment), Chunk: spell(p.Chunk), Source: p.Source, Key: p.Key,
		Passphrase: p.Passphrase, Allow: p.Allow, Renditions: p.Renditions, Ladder: p.Ladder, Inputs: p.Inputs, Silence: spell(p.Silence), Back: spell(p.Back),
		Captions: p.Captions, Subtitles: p.Subtitles, Redundant: p.Redundant, Groups: p.Groups,
	})
}

func spell(d *time.Duration) *string {
	if d == nil {
		return nil
	}
	s := d.String()
	return &s
}

// decode reads what anybody may have put into the bucket. Whether the settings are within bounds is for Validate to say.
func decode(b []byte) (record[Patch], error) {
	if len(b) > maxRecord {
		return record[Patch]{}, fmt.Errorf("%d bytes are too many, at most %d are read", len(b), maxRecord)
	}
	var w wire
	if err := json.Unmarshal(b, &w); err != nil {
		return record[Patch]{}, err
	}
	if w.Deleted {
		return record[Patch]{deleted: true}, nil
	}
	r := record[Patch]{patch: Patch{
		Title: w.Title, Source: w.Source, Key: w.Key, Passphrase: w.Passphrase, Allow: w.Allow, Renditions: w.Renditions, Ladder: w.Ladder, Inputs: w.Inputs,
		Captions: w.Captions, Subtitles: w.Subtitles, Redundant: w.Redundant, Groups: w.Groups,
	}}
	for _, d := range []struct {
		name string
		from *string
		to   **time.Duration
	}{
		{"dvr", w.DVR, &r.patch.DVR},
		{"segment", w.Segment, &r.patch.Segment},
		{"chunk", w.Chunk, &r.patch.Chunk},
		{"silence", w.Silence, &r.patch.Silence},
		{"back", w.Back, &r.patch.Back},
	} {
		if d.from == nil {
			continue
		}
		v, err := time.ParseDuration(*d.from)
		if err != nil {
			return record[Patch]{}, fmt.Errorf("%s: %w", d.name, err)
		}
		*d.to = &v
	}
	return r, nil
}
