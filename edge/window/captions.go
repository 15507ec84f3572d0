package window

import "weir/internal/media"

// caption finds anew which caption channels manifests announce: those that the operator has named, else all that were found in the
// pictures of any run of the listing.
func (w *Window) caption() {
	w.captions = nil
	if said := w.settings.Captions; said != "" {
		w.captions, _ = media.ParseCaptions(said) // the catalog has no others
		return
	}
	var found media.Captions
	for _, r := range w.runs {
		if r.listed > 0 {
			found |= r.captions
		}
	}
	for _, id := range found.IDs() {
		w.captions = append(w.captions, media.Caption{ID: id})
	}
}
