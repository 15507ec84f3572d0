package edge

import (
	"github.com/valyala/fasthttp"

	"weir/internal/library"
	"weir/internal/media"
)

// imagesOf tells whether the window has thumbnails of that name.
func imagesOf(w *media.Window, name string) bool { return w.Images != nil && w.Images.Name == name }

// serveAssetImage sends a sheet of thumbnails, which may have to be made.
func (s *Server) serveAssetImage(ctx *fasthttp.RequestCtx, a library.Asset, r *route) {
	if !imagesOf(a.Window(), string(r.track)) {
		s.notInAsset(ctx, r)
		return
	}
	sheet, err := a.Sheet(s.ctx, r.number)
	if err != nil {
		s.failAsset(ctx, r, err)
		return
	}
	out := assetContent(ctx, a, r, "image/jpeg")
	out.data = sheet
	s.send(ctx, &out, sumTag(sheet))
}
