package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"weir/internal/library"
)

// listFor is how long sites may take to list files.
const listFor = 20 * time.Second

// libraries adds what can be asked about mapped directories to the API.
func (s *Server) libraries(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "list-libraries", Method: http.MethodGet, Path: "/api/v1/libraries",
		Summary: "The libraries: directories of which every file is an asset", Description: "They are set in the configuration file.",
	}, s.listLibraries)
	huma.Register(api, huma.Operation{
		OperationID: "list-members", Method: http.MethodGet, Path: "/api/v1/libraries/{name}",
		Summary: "The files of a library, by path, page by page",
		Description: "Its sites are listed when this is asked for. Whether a file plays is not known before somebody asks for it, " +
			"and a page may have fewer files than limit says though others follow.",
		Errors: []int{http.StatusNotFound, http.StatusBadGateway},
	}, s.listMembers)
}

// MappedLibrary is what the API answers about a library.
type MappedLibrary struct {
	Name  string   `json:"name" example:"movies"`
	Sites []string `json:"sites" doc:"That have its files, the first choice first"`
}

type librariesAnswer struct {
	Body []MappedLibrary
}

func (s *Server) listLibraries(context.Context, *struct{}) (*librariesAnswer, error) {
	all := s.cfg.Library.Libraries()
	out := &librariesAnswer{Body: make([]MappedLibrary, len(all))}
	for i, l := range all {
		out.Body[i] = MappedLibrary{l.Name, l.Sites}
	}
	return out, nil
}

type membersRequest struct {
	Name   string `path:"name" doc:"The library's name" example:"movies"`
	Folder string `query:"folder" doc:"Below which the files lie; none: all" maxLength:"1024" example:"2026/november"`
	After  string `query:"after" doc:"The path behind which the page begins: next of the page before" maxLength:"1024"`
	Limit  int    `query:"limit" doc:"How many files at most" minimum:"1" maximum:"1000" default:"100"`
}

type membersAnswer struct {
	Body MemberPage
}

// MemberPage is a part of the list of a library's files.
type MemberPage struct {
	Members  []Member          `json:"members"`
	Skipped  int               `json:"skipped,omitempty" doc:"Files among these that cannot be assets: their names have other characters than letters, digits, dots, underscores, dashes and spaces"`
	Next     string            `json:"next,omitempty" doc:"after of the next page; none: this is the last"`
	Unlisted map[string]string `json:"unlisted,omitempty" doc:"Sites whose files are not among these, and why"`
}

// Member is what the API answers about a file of a library.
type Member struct {
	ID       string    `json:"id" doc:"Of the asset that it is" example:"movies~dir~film.mp4"`
	Path     string    `json:"path" doc:"On the site" example:"dir/film.mp4"`
	Site     string    `json:"site" doc:"The first that has it" example:"store"`
	Bytes    int64     `json:"bytes" doc:"There"`
	Modified time.Time `json:"modified" doc:"When it was written there"`
	HLS      string    `json:"hls" doc:"Path of the multivariant playlist, where players are served" example:"/vod/movies~dir~film.mp4/index.m3u8"`
	DASH     string    `json:"dash" doc:"Path of the MPD, where players are served" example:"/vod/movies~dir~film.mp4/manifest.mpd"`
}

func (s *Server) listMembers(ctx context.Context, in *membersRequest) (*membersAnswer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, listFor, fmt.Errorf("not listed within %v", listFor))
	defer cancel()
	found, err := s.cfg.Library.Members(ctx, in.Name, in.Folder, in.After, in.Limit)
	switch {
	case errors.Is(err, library.ErrNotFound):
		return nil, huma.Error404NotFound(fmt.Sprintf("there is no library %.70q", in.Name))
	case err != nil:
		s.cfg.Log.Warn("a library cannot be listed", "library", in.Name, "err", err)
		return nil, huma.Error502BadGateway(err.Error())
	}
	out := &membersAnswer{MemberPage{Members: make([]Member, len(found.Members)), Skipped: found.Skipped, Next: found.Next}}
	for i, m := range found.Members {
		base := "/vod/" + url.PathEscape(m.ID)
		out.Body.Members[i] = Member{
			ID: m.ID, Path: m.Path, Site: m.Site, Bytes: m.Size, Modified: m.Modified.UTC(), HLS: base + "/index.m3u8", DASH: base + "/manifest.mpd",
		}
	}
	for _, site := range found.Unlisted {
		if out.Body.Unlisted == nil {
			out.Body.Unlisted = map[string]string{}
		}
		out.Body.Unlisted[site.Site] = site.Err.Error()
	}
	return out, nil
}
