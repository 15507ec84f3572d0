package subtitles

import (
	"fmt"
	"unicode/utf8"

	"weir/internal/subtitle"
)

// Bounds on a document.
const (
	maxDocument = 256 << 10 // bytes
	maxLines    = 1000      // cues
)

// parse reads a document. Who pushes is told what is wrong with it.
func parse(b []byte) (*subtitle.Document, error) {
	if len(b) > maxDocument || !utf8.Valid(b) {
		return nil, fmt.Errorf("%w: it has more than %d bytes, or is not UTF-8", subtitle.ErrWebVTT, maxDocument)
	}
	return subtitle.WebVTT(string(b), subtitle.Rules{Cues: maxLines})
}
