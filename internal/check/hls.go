package check

import (
	"context"
	"net/http"
	"sync"

	"weir/internal/check/playlist"
)

const (
	maxRenditions = 48
	hlsType       = "application/vnd.apple.mpegurl"
)

// hls is the check of an HLS service.
type hls struct {
	*session
	renditions []*rendition
	variants   []variant
}

// variant is an EXT-X-STREAM-INF with what it names.
type variant struct {
	stream playlist.Stream
	at     place
	main   *rendition
	audio  []*rendition // of its group
}

// checkHLS follows what the first answer names.
func (s *session) checkHLS(ctx context.Context, first *answer) {
	h := &hls{session: s}
	p, err := playlist.Parse(first.body)
	if err != nil {
		s.fail(ruleReadable, place{url: first.url}, "%v", err)
		return
	}
	if p.Multivariant {
		s.playlistProblems(first.url, p)
		s.manifestHTTP(ctx, first, hlsType, true)
		h.multivariant(first.url, p)
	} else {
		h.add(first.url, "", p.IFramesOnly)
	}
	var wg sync.WaitGroup
	for _, r := range h.renditions {
		wg.Go(func() { r.follow(ctx) })
	}
	wg.Wait()
	h.compare()
	h.compareMedia()
	h.bandwidths()
}

// add notes a rendition to be followed, once.
func (h *hls) add(url, kind string, iframes bool) *rendition {
	for _, r := range h.renditions {
		if r.url == url {
			return r
		}
	}
	if len(h.renditions) >= maxRenditions {
		h.note(ruleReadable, "more than 48 renditions: the others were not followed")
		return nil
	}
	r := newRendition(h, url, kind, iframes)
	h.renditions = append(h.renditions, r)
	return r
}

// playlistProblems tells what the syntax does not allow, and whether the version is right (rule 12).
func (s *session) playlistProblems(url string, p *playlist.Playlist) {
	for _, x := range p.Problems {
		s.fail(ruleReadable, place{url, x.Line}, "%s", x.Text)
	}
	if len(p.Problems) == 0 {
		s.ok(ruleReadable)
	}
	at := place{url, p.Tags["#EXT-X-VERSION"]}
	needs, why := p.Needs()
	least := needs
	if p.Multivariant && len(p.Media) > 0 {
		least = max(needs, 4) // EXT-X-MEDIA came with version 4, though older players may read on
	}
	switch {
	case p.Version < needs:
		s.fail(ruleForm, at, "EXT-X-VERSION is %d, %s needs %d", p.Version, why, needs)
	case p.Version > least:
		s.warn(ruleForm, at, "EXT-X-VERSION is %d, %d would do", p.Version, needs)
	default:
		s.ok(ruleForm)
	}
}

// load fetches a playlist. It is nil where none came; what is wrong has been told then, but for the status of one that waits.
func (r *rendition) load(ctx context.Context, a ask) (*answer, *playlist.Playlist) {
	a.header = zippedToo()
	got, err := r.h.get(ctx, a)
	if err != nil {
		if ctx.Err() == nil {
			r.h.fail(ruleReadable, place{url: a.url}, "it cannot be fetched: %v", err)
		}
		return nil, nil
	}
	if a.waits && got.status != http.StatusOK {
		return got, nil
	}
	if got.status != http.StatusOK {
		r.h.fail(ruleReadable, place{url: a.url}, "it is answered with %d", got.status)
		return got, nil
	}
	p, err := playlist.Parse(got.body)
	if err != nil || p.Multivariant {
		r.h.fail(ruleReadable, place{url: a.url}, "it is not a media playlist: %v", err)
		return got, nil
	}
	r.h.playlistProblems(r.url, p)
	return got, p
}
