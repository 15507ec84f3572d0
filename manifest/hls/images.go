package hls

import (
	"bytes"
	"fmt"
	"time"

	"github.com/grafov/m3u8"

	"weir/internal/media"
	"weir/manifest"
)

// imageSuffix is that of a sheet's URI.
const imageSuffix = ".jpg"

// Images renders the playlist of thumbnails, as the Image Media Playlist specification 0.4 has it: an entry a sheet, of which the last one
// ends with what is listed. Players that do not know it ignore it, for only EXT-X-IMAGE-STREAM-INF leads to it.
//
// Errors: ErrEmpty, and ErrTrack where the window has no thumbnails.
func Images(w *media.Window, links manifest.Links) ([]byte, error) {
	from, to, ok := w.Bounds()
	switch {
	case !ok:
		return nil, fmt.Errorf("playlist of images of channel %s: %w", w.Channel, ErrEmpty)
	case w.Images == nil:
		return nil, fmt.Errorf("playlist of images of channel %s: %w", w.Channel, ErrTrack)
	}
	m, length, links := w.Images, to.Sub(from), escaped(links)
	n := m.Sheets(length)
	list, err := m3u8.NewMediaPlaylist(0, uint(n))
	if err != nil {
		return nil, fmt.Errorf("playlist of images of channel %s: %w", w.Channel, err)
	}
	list.SetVersion(versionDecimals)
	list.MediaType = m3u8.VOD
	list.SeqNo = media.FirstSheet
	list.SetCustomTag(imagesOnly{})
	tiles := &tilesTag{images: m}
	custom := map[string]m3u8.CustomTag{tiles.TagName(): tiles}
	for i := range n {
		rest := length - time.Duration(i)*m.Sheet()
		seg := &m3u8.MediaSegment{
			URI: fmt.Sprint(media.FirstSheet+i, imageSuffix, links.Media), Duration: min(rest, m.Sheet()).Seconds(), Custom: custom,
		}
		if err := list.AppendSegment(seg); err != nil {
			return nil, fmt.Errorf("playlist of images of channel %s: list sheet %d: %w", w.Channel, i, err)
		}
	}
	list.TargetDuration = min(length+time.Second-1, m.Sheet()).Truncate(time.Second).Seconds()
	list.Close()
	return bytes.Clone(list.Encode().Bytes()), nil
}

// imagesOnly is EXT-X-IMAGES-ONLY.
type imagesOnly struct{}

// TagName implements m3u8.CustomTag.
func (imagesOnly) TagName() string { return "images" }

// Encode implements m3u8.CustomTag.
func (imagesOnly) Encode() *bytes.Buffer { return bytes.NewBufferString("#EXT-X-IMAGES-ONLY") }

func (imagesOnly) String() string { return "#EXT-X-IMAGES-ONLY" }

// tilesTag is EXT-X-TILES, the same for all sheets.
type tilesTag struct{ images *media.Images }

// TagName implements m3u8.CustomTag.
func (*tilesTag) TagName() string { return "tiles" }

// Encode implements m3u8.CustomTag.
func (t *tilesTag) Encode() *bytes.Buffer { return bytes.NewBufferString(t.String()) }

func (t *tilesTag) String() string {
	m := t.images
	return fmt.Sprintf("#EXT-X-TILES:RESOLUTION=%dx%d,LAYOUT=%dx%d,DURATION=%d", m.Width, m.Height, m.Columns, m.Rows, m.Interval/time.Second)
}

// appendImageStream appends what leads from a multivariant playlist to that of thumbnails. links are escaped.
func appendImageStream(text []byte, m *media.Images, links manifest.Links) []byte {
	if m == nil {
		return text
	}
	return fmt.Appendf(text, "#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=%d,RESOLUTION=%dx%d,CODECS=\"jpeg\",URI=\"%s%s%s\"\n",
		m.Bandwidth, m.Width, m.Height, m.Name, playlistName, links.Playlists)
}
