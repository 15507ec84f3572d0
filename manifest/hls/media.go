package hls

import (
	"weir/internal/media"
	"weir/manifest"
)

// Media renders the media playlist of one track. Rows of runs that lack the track, and rows where it has no media, are listed as
// gaps, so that all playlists of a channel have the same numbers and discontinuities.
//
// In a window of low latency it also has segments of w.Open that are closed in this track, and the parts of the one behind them; parts
// of closed segments are listed within three target durations of the end. See Last. Once w.Ended it is a VOD playlist.
//
// delta may ask for a delta update (rfc8216bis, 6.2.5.1). Where nothing is old enough to be skipped, it is the full playlist. Skipped segments' tags go
// with them, EXT-X-DISCONTINUITY too: who asks for it has them; the EXT-X-MAP in force is said again. MEDIA-SEQUENCE and DISCONTINUITY-SEQUENCE are those of the full playlist.
//
// It costs as much as there are rows; Renderer makes the same text without.
//
// Errors: ErrEmpty, and ErrTrack where no run of the window has the track.
func Media(w *media.Window, track string, links manifest.Links, delta Delta) ([]byte, error) {
	return whole(w, track, links, delta, false)
}

// IFrames renders the I-frame playlist of a video track (rfc8216bis, 4.4.3.6): for each row its first frame, as a byte range of the segment from
// `moof` to the end of that frame. A row that does not begin with an I-frame, or has no media, is a gap. There is one entry a row, so that
// media sequence numbers are those of the rows, the same on every edge and at every time. Only complete rows are listed: see LastRow.
//
// Errors: as those of Media; ErrTrack also where the track is not video.
func IFrames(w *media.Window, track string, links manifest.Links, delta Delta) ([]byte, error) {
	return whole(w, track, links, delta, true)
}

// whole renders a playlist from nothing.
func whole(w *media.Window, track string, links manifest.Links, delta Delta, iframes bool) ([]byte, error) {
	l, err := list(w, track, links, iframes)
	if err != nil {
		return nil, err
	}
	if delta != Whole {
		l.skip = l.skippable()
	}
	header, err := l.header(delta, l.survey(surveyed(w, track)))
	if err != nil {
		return nil, err
	}
	segments, err := l.segments(l.skip, l.len(), true)
	if err != nil {
		return nil, err
	}
	text := make([]byte, 0, len(header)+len(segments)+trailerSize)
	text = append(append(text, header...), segments...)
	return l.appendTrailer(text), nil
}

// trailerSize is room for what follows the last closed segment.
const trailerSize = 2048
