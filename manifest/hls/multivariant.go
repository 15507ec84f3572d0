package hls

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/grafov/m3u8"

	"weir/internal/media"
	"weir/manifest"
)

// The least protocol versions of a multivariant playlist. Nothing in it needs more than 1; but a client older than 4 would play a
// variant without its audio (rfc8216bis, 8).
const (
	versionVariants = 1
	versionGroups   = 4
	versionServices = 7 // INSTREAM-ID of CEA-708
)

// Multivariant renders the multivariant playlist: a variant for each video track and audio group, with the audio tracks in one group a codec;
// where there is no video, an audio-only variant for each audio group, of which there is one for each bitrate too; for each video track its
// I-frame playlist. Subtitles are one group of all variants, and so are the captions in the pictures. Thumbnails, where there are some, come last.
// URIs are relative to the playlist.
//
// Its text changes with the tracks of the window, and, in few and coarse steps, with w.Rates and the size of I-frames. It costs as much as there are
// rows; Renderer makes the same text without.
//
// Errors: ErrEmpty.
func Multivariant(w *media.Window, links manifest.Links) ([]byte, error) {
	return multivariant(w, links, func(track string) survey { return surveyed(w, track) })
}

// multivariant asks look about each video track.
func multivariant(w *media.Window, links manifest.Links, look func(track string) survey) ([]byte, error) {
	if w.Rows == nil || w.Rows.Len() == 0 {
		return nil, fmt.Errorf("multivariant playlist of channel %s: %w", w.Channel, ErrEmpty)
	}
	links = escaped(links)
	spans := manifest.Spans(w.Rows)
	list := m3u8.NewMasterPlaylist()

	var videos, audios, texts []media.Track
	surveys := make(map[string]survey)
	independent, ranges := true, false
	for _, t := range w.Tracks {
		if t.Kind == media.Video {
			surveys[t.Name] = look(t.Name)
			independent = independent && !surveys[t.Name].cut // audio always is
		}
		switch {
		case !manifest.Plays(w.Rows, spans, t.Name): // to some players a playlist of nothing but gaps is an error
		case t.Kind == media.Video:
			videos = append(videos, t)
			ranges = ranges || (t.VideoRange != "" && t.VideoRange != "SDR")
		case t.Kind == media.Text:
			texts = append(texts, t)
		default:
			audios = append(audios, t)
		}
	}
	if len(videos)+len(audios) == 0 {
		return nil, fmt.Errorf("multivariant playlist of channel %s: %w", w.Channel, ErrEmpty)
	}
	list.SetIndependentSegments(independent)
	groups := groupsOf(audios, len(videos) == 0)
	d := describer{w: w, spans: spans, texts: texts}
	for _, v := range videos {
		p := pictures(v, ranges)
		p.FrameRate = v.FrameRate.Float()
		p.Captions = captionsOf(w)
		if len(groups) == 0 {
			list.Append(uri(v, links), nil, d.describe(p, &v, group{}))
		}
		for _, g := range groups {
			list.Append(uri(v, links), nil, d.describe(p, &v, g))
		}
	}
	tags := renditionTags{links: links, texts: texts}
	if len(videos) > 0 {
		tags.captions = w.Captions
	}
	if len(videos) > 0 || !interchangeable(groups) {
		tags.groups = groups
	}
	if len(videos) == 0 {
		for _, g := range groups {
			p := d.describe(m3u8.VariantParams{}, nil, g)
			if tags.groups == nil {
				p.Audio = ""
			}
			list.Append(uri(g.tracks[0], links), nil, p)
		}
	}
	for _, v := range videos {
		if peak := surveys[v.Name].peak; peak > 0 {
			p := pictures(v, ranges)
			p.Iframe, p.Bandwidth, p.Codecs = true, keyBandwidth(peak), codecs(spans, []media.Track{v})
			list.Append(v.Name+iframesName+links.Playlists, nil, p)
		}
	}
	list.SetVersion(versionVariants)
	if text := tags.Encode(); text.Len() > 0 {
		list.SetVersion(versionGroups)
		if slices.ContainsFunc(tags.captions, func(c media.Caption) bool { return strings.HasPrefix(c.ID, "SERVICE") }) {
			list.SetVersion(versionServices)
		}
		list.SetCustomTag(tags)
	}
	// The library always writes PROGRAM-ID, which was taken out of HLS with protocol version 6.
	text := bytes.ReplaceAll(list.Encode().Bytes(), []byte("-INF:PROGRAM-ID=0,"), []byte("-INF:"))
	return appendImageStream(text, w.Images, links), nil
}

// pictures are the attributes of a video track that a variant and its I-frames have alike. Where ranges is false VIDEO-RANGE is absent, which
// means SDR (rfc8216bis, 4.4.6.2).
func pictures(v media.Track, ranges bool) m3u8.VariantParams {
	var p m3u8.VariantParams
	if v.Width > 0 && v.Height > 0 {
		p.Resolution = fmt.Sprintf("%dx%d", v.Width, v.Height)
	}
	if ranges {
		p.VideoRange = v.VideoRange
	}
	return p
}

func uri(t media.Track, links manifest.Links) string { return t.Name + playlistName + links.Playlists }

// describer knows what all variants have alike.
type describer struct {
	w     *media.Window
	spans []manifest.Span
	texts []media.Track
}

// describe fills in what depends on both the video track, nil for none, and the group of audio tracks of a variant.
func (d *describer) describe(p m3u8.VariantParams, video *media.Track, g group) m3u8.VariantParams {
	var named []media.Track
	var v media.Rate
	if video != nil {
		named = append(named, *video)
		v = d.w.Rates[video.Name]
	}
	named = append(append(named, g.tracks...), d.texts...)
	p.Codecs = codecs(d.spans, named)
	p.Audio = g.id
	if len(d.texts) > 0 {
		p.Subtitles = subtitlesID
	}
	sound, text := d.most(g.tracks), d.most(d.texts)
	p.Bandwidth = manifest.Peak(v, sound, text)
	p.AverageBandwidth = min(manifest.Average(v, sound, text), p.Bandwidth)
	return p
}

// most is what a group needs: of its tracks one is played, and the one that needs most counts.
func (d *describer) most(tracks []media.Track) (most media.Rate) {
	for _, t := range tracks {
		r := d.w.Rates[t.Name]
		most.Peak, most.Average = max(most.Peak, r.Peak), max(most.Average, r.Average)
	}
	return most
}

// codecs are the distinct codec strings of those tracks in all runs of the window, the newest first: a player may come to play
// any of them.
func codecs(spans []manifest.Span, tracks []media.Track) string {
	var names []string
	seen := make(map[string]bool)
	add := func(name string) {
		if name != "" && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	for _, t := range tracks {
		add(t.Codecs)
	}
	for i := len(spans) - 1; i >= 0; i-- {
		for _, t := range tracks {
			if older, ok := spans[i].Run.Track(t.Name); ok {
				add(older.Codecs)
			}
		}
	}
	return strings.Join(names, ",")
}
