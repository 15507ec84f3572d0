// Package subtitle reads documents of subtitles: WebVTT (W3C WebVTT) and SubRip (.srt, which has no standard).
//
//	bytes ─► Decode ─► text ─► WebVTT or SubRip ─► Document
//
// A Document has its cues in the order of the text, as WebVTT has them: what SubRip marks up otherwise is written anew. Where they stand
// on the timeline of a channel or a title is for others to say.
package subtitle

import (
	"fmt"

	"weir/internal/media"
)

// Document is what a document says.
type Document struct {
	// Header is the WebVTT header (ISO/IEC 14496-30, 5.5): the line of the signature, lines of metadata, styles and regions. It has no empty
	// line at its end.
	Header   string
	Language string       // BCP 47, where the header says it
	Cues     []media.Line // in the order of the text; each has text, and ends after it begins
	// Stamped tells that there is an X-TIMESTAMP-MAP. Stamp is then where the document's 0 is, in 1/90000 s modulo 2^33 (rfc8216bis, 3.1.4).
	Stamped bool
	Stamp   media.Ticks
	// Backward is how many cues were left out because they do not end after they begin.
	Backward int
}

// Rules are how a document is read.
type Rules struct {
	Cues int // most that there may be
	// Loose takes what players take too: a cue that does not end after it begins is left out, and no empty line need stand before the timing of
	// the next. Else they are errors: who sends a document is told.
	Loose bool
}

// maxCue is the most bytes that the text of a cue may have.
const maxCue = 4 << 10

// add takes a cue whose lines of text are there.
func (d *Document) add(c media.Line, rules Rules) error {
	switch {
	case c.Text == "": // one that says nothing is as good as none
		return nil
	case len(d.Cues) >= rules.Cues:
		return fmt.Errorf("more than %d cues", rules.Cues)
	case len(c.Text)+len(c.ID)+len(c.Settings) > maxCue:
		return fmt.Errorf("a cue of %d bytes, %d are taken", len(c.Text)+len(c.ID)+len(c.Settings), maxCue)
	}
	d.Cues = append(d.Cues, c)
	return nil
}
