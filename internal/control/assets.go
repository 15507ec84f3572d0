package control

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"weir/internal/catalog"
)

// Assets is what operators set of assets. *catalog.Assets is one.
type Assets interface {
	Resolve(id string) (catalog.Asset, bool)              // a member of a library too
	Page(prefix, after string, limit int) []catalog.Asset // sorted by ID, from behind after on; without members of libraries
	Put(ctx context.Context, id string, p catalog.AssetPatch) (a catalog.Asset, created bool, err error)
	Delete(ctx context.Context, id string) error
}

// maxAssetBody is the largest request body, in bytes: the longest album with every character escaped.
const maxAssetBody = 1 << 20

// assets adds the assets' operations to the API.
func (s *Server) assets(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "list-assets", Method: http.MethodGet, Path: "/api/v1/assets",
		Summary: "The assets, by ID, page by page", Description: "Files of libraries are not among them: see /api/v1/libraries.",
	}, s.listAssets)
	huma.Register(api, huma.Operation{
		OperationID: "get-asset", Method: http.MethodGet, Path: "/api/v1/assets/{id}",
		Summary: "An asset's settings and state", Description: "Also of a file of a library: LIBRARY~dir~file.mp4.",
		Errors: []int{http.StatusNotFound},
	}, s.getAsset)
	huma.Register(api, huma.Operation{
		OperationID: "put-asset", Method: http.MethodPut, Path: "/api/v1/assets/{id}", MaxBodyBytes: maxAssetBody,
		Summary:     "Set some of an asset's settings, or make the asset",
		Description: "What is not given stays as it is. An asset has files on sites, or it is an album and has tracks.",
		Errors: []int{
			http.StatusBadRequest, http.StatusForbidden, http.StatusConflict, http.StatusRequestEntityTooLarge,
			http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusServiceUnavailable,
		},
	}, s.putAsset)
	huma.Register(api, huma.Operation{
		OperationID: "delete-asset", Method: http.MethodDelete, Path: "/api/v1/assets/{id}",
		Summary:     "Forget an asset",
		Description: "Its files stay. One of the configuration file stays deleted over restarts, until it is put again.",
		Errors:      []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable},
	}, s.deleteAsset)
	describeCreated(api, "/api/v1/assets/{id}")
}

// Asset is what the API answers about an asset: its settings and its state.
type Asset struct {
	ID       string      `json:"id" doc:"Name of the asset in URLs" example:"night"`
	Title    string      `json:"title" doc:"For people"`
	Sites    []string    `json:"sites,omitempty" doc:"That have its files, the first choice first"`
	Files    []string    `json:"files,omitempty" doc:"Paths on the sites, each with # and its language behind it where one is set" example:"[\"night_1080.mp4\",\"night_de.m4a#de\"]"`
	Tracks   []string    `json:"tracks,omitempty" doc:"Of an album: the assets that are played one after another"`
	FromFile bool        `json:"fromFile" doc:"Whether the configuration file has the asset, or its library"`
	HLS      string      `json:"hls" doc:"Path of the multivariant playlist, where players are served" example:"/vod/night/index.m3u8"`
	DASH     string      `json:"dash" doc:"Path of the MPD, where players are served" example:"/vod/night/manifest.mpd"`
	State    *AssetState `json:"state,omitempty" doc:"Where this process serves players"`
}

type assetPath struct {
	ID string `path:"id" doc:"The asset's ID" example:"night"`
}

type assetAnswer struct {
	Status   int
	Location string `header:"Location" doc:"Of an asset that was made"`
	Body     Asset
}

type assetsRequest struct {
	Prefix string `query:"prefix" doc:"Of the IDs" maxLength:"64"`
	After  string `query:"after" doc:"The ID behind which the page begins: next of the page before" maxLength:"64"`
	Limit  int    `query:"limit" doc:"How many at most" minimum:"1" maximum:"1000" default:"100"`
}

type assetsAnswer struct {
	Body AssetPage
}

// AssetPage is a part of the list of assets.
type AssetPage struct {
	Assets []Asset `json:"assets"`
	Next   string  `json:"next,omitempty" doc:"after of the next page; none: this is the last"`
}

func (s *Server) listAssets(_ context.Context, in *assetsRequest) (*assetsAnswer, error) {
	found := s.cfg.Assets.Page(in.Prefix, in.After, in.Limit+1)
	out := &assetsAnswer{}
	if len(found) > in.Limit {
		found = found[:in.Limit]
		out.Body.Next = found[in.Limit-1].ID
	}
	out.Body.Assets = make([]Asset, len(found))
	for i, a := range found {
		out.Body.Assets[i] = s.asset(a)
	}
	return out, nil
}

func (s *Server) getAsset(_ context.Context, in *assetPath) (*assetAnswer, error) {
	a, ok := s.cfg.Assets.Resolve(in.ID)
	if !ok {
		return nil, s.refusal("asset", in.ID, catalog.ErrNotFound)
	}
	return &assetAnswer{Status: http.StatusOK, Body: s.asset(a)}, nil
}

// AssetSettings is the body of a PUT: what is to be changed.
type AssetSettings struct {
	Title  *string   `json:"title,omitempty" doc:"For people, at most 200 bytes"`
	Sites  *[]string `json:"sites,omitempty" doc:"That have the files, the first choice first: what is missing or fails there is read from the next" maxItems:"16"`
	Files  *[]string `json:"files,omitempty" doc:"Paths on the sites, in the order of the tracks; # and a language behind a path says what language it has" maxItems:"32"`
	Tracks *[]string `json:"tracks,omitempty" doc:"Other assets, or files of libraries, that are played one after another without a gap: instead of sites and files" maxItems:"1000"`
}

// patch is the body as the catalog takes it; the error is a *catalog.FieldError.
func (b AssetSettings) patch() (catalog.AssetPatch, error) {
	p := catalog.AssetPatch{Title: b.Title, Sites: b.Sites, Tracks: b.Tracks}
	if b.Files != nil {
		files, err := catalog.ParseAssetFiles(*b.Files)
		if err != nil {
			return p, &catalog.FieldError{Field: "files", Problem: err.Error()}
		}
		p.Files = &files
	}
	return p, nil
}

type putAssetRequest struct {
	ID   string `path:"id" doc:"The asset's ID" example:"night"`
	Body AssetSettings
}

func (s *Server) putAsset(ctx context.Context, in *putAssetRequest) (*assetAnswer, error) {
	// Clips are served where assets are, and come first: an asset of that ID would never be seen. The other way round nothing has to be
	// asked, for the ID of a new clip ends in what nobody can guess.
	if s.cfg.Clips != nil {
		if _, taken := s.cfg.Clips.Get(in.ID); taken {
			return nil, huma.Error409Conflict(fmt.Sprintf("there is a clip %q: an asset cannot have its ID", in.ID))
		}
	}
	p, err := in.Body.patch()
	if err != nil {
		return nil, s.refusal("asset", in.ID, err)
	}
	a, created, err := s.cfg.Assets.Put(ctx, in.ID, p)
	if err != nil {
		return nil, s.refusal("asset", in.ID, err)
	}
	s.cfg.Log.Info("asset set by the API", "asset", in.ID, "created", created, "set", p)
	out := &assetAnswer{Status: http.StatusOK, Body: s.asset(a)}
	if created {
		out.Status, out.Location = http.StatusCreated, "/api/v1/assets/"+in.ID
	}
	return out, nil
}

func (s *Server) deleteAsset(ctx context.Context, in *assetPath) (*struct{}, error) {
	if err := s.cfg.Assets.Delete(ctx, in.ID); err != nil {
		return nil, s.refusal("asset", in.ID, err)
	}
	s.cfg.Log.Info("asset deleted by the API", "asset", in.ID)
	return nil, nil
}
