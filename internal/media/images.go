package media

import "time"

// Images is an image track: thumbnails of the pictures, put together on sheets. Thumbnail k of all shows what is presented k intervals behind the
// beginning of what is listed; sheets have them row by row, and the last sheet has room left.
type Images struct {
	Name          string        // in URLs, beside those of tracks: i1
	Interval      time.Duration // from one thumbnail to the next: whole seconds
	Columns, Rows int           // of a sheet
	Width, Height int           // of a thumbnail, in pixels
	Bandwidth     int           // bits a second, about
}

// FirstSheet is the number of the first sheet; the others follow.
const FirstSheet = 1

// Thumbnails is how many a sheet has.
func (m *Images) Thumbnails() int { return m.Columns * m.Rows }

// Sheet is how long a sheet's thumbnails last together: whole seconds.
func (m *Images) Sheet() time.Duration { return m.Interval * time.Duration(m.Thumbnails()) }

// Sheets is how many there are for so long a presentation.
func (m *Images) Sheets(length time.Duration) int {
	if length <= 0 {
		return 0
	}
	return int((length-1)/m.Sheet()) + 1
}
