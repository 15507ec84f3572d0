package control

import (
	"context"
	"net/url"
	"time"

	"weir/internal/catalog"
	"weir/internal/library"
)

// Library tells of the assets that this process serves. *library.Library is one.
type Library interface {
	Status(id string) (library.Status, bool) // false: nobody has asked for it lately
	Stats() library.Stats
	// Libraries are the directories that are mapped, and Members a part of the files of one: see library.Library.
	Libraries() []catalog.Library
	Members(ctx context.Context, name, folder, after string, limit int) (library.Members, error)
}

// AssetState is what the API answers about how an asset does.
type AssetState struct {
	Opened      *time.Time `json:"opened,omitempty" doc:"When its files were indexed; none: nobody has asked for it lately, or it could not be opened"`
	Tracks      []Track    `json:"tracks,omitempty"`
	Duration    float64    `json:"durationSeconds,omitempty"`
	IndexBytes  int64      `json:"indexBytes,omitempty" doc:"Memory that the indexes of its files take"`
	Site        string     `json:"site,omitempty" doc:"That its files are read from"`
	LastError   string     `json:"lastError,omitempty" doc:"Why it could not be opened or read"`
	LastErrorAt *time.Time `json:"lastErrorAt,omitempty"`
	Problems    []string   `json:"problems,omitempty" doc:"Files that it is played without, and what else is wrong in its files"`
}

// asset is what the API answers about an asset.
func (s *Server) asset(a catalog.Asset) Asset {
	base := "/vod/" + url.PathEscape(a.ID)
	out := Asset{
		ID: a.ID, Title: a.Title, Sites: a.Sites, Tracks: a.Tracks, FromFile: a.FromFile,
		HLS: base + "/index.m3u8", DASH: base + "/manifest.mpd",
	}
	for _, f := range a.Files {
		out.Files = append(out.Files, f.String())
	}
	if s.cfg.Library == nil {
		return out
	}
	out.State = &AssetState{}
	if st, ok := s.cfg.Library.Status(a.ID); ok {
		*out.State = AssetState{
			Opened: instant(st.Opened), Tracks: tracksOf(st.Tracks), Duration: st.Duration.Seconds(), IndexBytes: st.IndexBytes,
			Site: st.Site, LastError: st.LastError, LastErrorAt: instant(st.LastErrorAt), Problems: st.Problems,
		}
	}
	return out
}
