package dash

import (
	"fmt"
	"strings"
	"time"

	"github.com/Eyevinn/dash-mpd/mpd"

	"weir/internal/media"
)

const (
	// schemeTiles tells that pictures are sheets of thumbnails (DASH-IF IOP 4.3, 6.2.6). Its value is how many columns and rows they have.
	schemeTiles = "http://dashif.org/guidelines/thumbnail_tile"
	mimeImage   = "image/jpeg"
	// imageSet is the AdaptationSet@id of thumbnails: see setID.
	imageSet = 6*setsAKind + 1
)

// images describes the thumbnails of a window that has one Period: sheets of constant duration, the first one at the Period's beginning.
func (b *builder) images() *mpd.AdaptationSetType {
	m := b.window.Images
	set := mpd.NewAdaptationSet()
	set.Id = mpd.Ptr(uint32(imageSet))
	set.ContentType = "image"
	st := mpd.NewSegmentTemplate()
	st.Timescale = mpd.Ptr(uint32(1))
	st.Duration = mpd.Ptr(uint32(m.Sheet() / time.Second))
	st.StartNumber = mpd.Ptr(uint32(media.FirstSheet))
	st.Media = m.Name + "/$Number$.jpg" + strings.ReplaceAll(b.links.Media, "$", "%24")
	set.SegmentTemplate = st
	r := mpd.NewRepresentation()
	r.Id = m.Name
	r.Bandwidth = uint32(m.Bandwidth)
	r.MimeType = mimeImage
	r.Width, r.Height = uint32(m.Columns*m.Width), uint32(m.Rows*m.Height)
	r.EssentialProperties = []*mpd.DescriptorType{{SchemeIdUri: schemeTiles, Value: fmt.Sprintf("%dx%d", m.Columns, m.Rows)}}
	set.Representations = []*mpd.RepresentationType{r}
	return set
}
