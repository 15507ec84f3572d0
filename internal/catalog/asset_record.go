package catalog

import (
	"encoding/json"
	"fmt"
)

// maxAssetRecord is the largest KV value of an asset that is looked at, in bytes. The largest that Put makes, an album of members of
// libraries with long paths, stays below; a bus takes messages of 1 MiB.
const maxAssetRecord = 512 << 10

// assetWire is the record of an asset as JSON. Keys of a newer version are passed over, so that old and new processes can share a bucket.
type assetWire struct {
	Deleted bool      `json:"deleted,omitempty"`
	Title   *string   `json:"title,omitempty"`
	Sites   *[]string `json:"sites,omitempty"`
	Files   *[]string `json:"files,omitempty"` // as ParseAssetFile reads them
	Tracks  *[]string `json:"tracks,omitempty"`
}

func encodeAsset(r record[AssetPatch]) ([]byte, error) {
	if r.deleted {
		return json.Marshal(assetWire{Deleted: true})
	}
	w := assetWire{Title: r.patch.Title, Sites: r.patch.Sites, Tracks: r.patch.Tracks}
	if r.patch.Files != nil {
		files := spellFiles(*r.patch.Files)
		w.Files = &files
	}
	b, err := json.Marshal(w)
	if err == nil && len(b) > maxAssetRecord {
		return nil, invalid("tracks", "they take %d bytes together, must take at most %d", len(b), maxAssetRecord)
	}
	return b, err
}

// decodeAsset reads what anybody may have put into the bucket. Whether the settings are within bounds is for Validate to say.
func decodeAsset(b []byte) (record[AssetPatch], error) {
	if len(b) > maxAssetRecord {
		return record[AssetPatch]{}, fmt.Errorf("%d bytes are too many, at most %d are read", len(b), maxAssetRecord)
	}
	var w assetWire
	if err := json.Unmarshal(b, &w); err != nil {
		return record[AssetPatch]{}, err
	}
	if w.Deleted {
		return record[AssetPatch]{deleted: true}, nil
	}
	r := record[AssetPatch]{patch: AssetPatch{Title: w.Title, Sites: w.Sites, Tracks: w.Tracks}}
	if w.Files != nil {
		files, err := ParseAssetFiles(*w.Files)
		if err != nil {
			return record[AssetPatch]{}, fmt.Errorf("files: %w", err)
		}
		r.patch.Files = &files
	}
	return r, nil
}
