package check

import (
	"regexp"
	"strings"

	"weir/internal/check/playlist"
)

var (
	resolutionForm = regexp.MustCompile(`^[1-9]\d{0,5}x[1-9]\d{0,5}$`)
	languageForm   = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)
	videoCodecs    = []string{"avc", "hvc", "hev", "dvh", "av01", "vp0", "mp4v"}
)

// isVideo tells that a list of codecs has one of video.
func isVideo(codecs string) bool {
	for _, c := range strings.Split(codecs, ",") {
		for _, v := range videoCodecs {
			if strings.HasPrefix(strings.TrimSpace(c), v) {
				return true
			}
		}
	}
	return false
}

// multivariant looks at a multivariant playlist (rules 9 to 11) and notes what it names.
func (h *hls) multivariant(url string, p *playlist.Playlist) {
	groups := map[string][]*rendition{}
	names := map[string]bool{}
	for i := range p.Media {
		m := &p.Media[i]
		a, at := m.Attributes, place{url, m.Line}
		kind := strings.ToLower(a.Text("TYPE"))
		key := kind + "\n" + a.Text("GROUP-ID")
		h.media(a, at)
		name := key + "\n" + a.Text("NAME")
		h.expect(!names[name], ruleRenditions, at, "NAME %q is there twice in the group", a.Text("NAME"))
		names[name] = true
		if m.URI == "" {
			continue
		}
		if r := h.add(resolve(url, m.URI), kind, false); r != nil {
			groups[key] = append(groups[key], r)
		}
	}
	if len(p.Variants) == 0 {
		h.fail(ruleVariants, place{url: url}, "there is no EXT-X-STREAM-INF")
	}
	for i := range p.Variants {
		v := variant{stream: p.Variants[i], at: place{url, p.Variants[i].Line}}
		a := v.stream.Attributes
		kind := "audio"
		if isVideo(a.Text("CODECS")) || a.Has("RESOLUTION") {
			kind = "video"
		}
		h.streamInf(a, v.at, kind == "video")
		v.main = h.add(resolve(url, v.stream.URI), kind, false)
		if group := a.Text("AUDIO"); group != "" {
			v.audio = groups["audio\n"+group]
			h.expect(named(p, "AUDIO", group), ruleVariants, v.at, "there is no audio group %q", group)
		}
		h.variants = append(h.variants, v)
	}
	h.iframeStreams(url, p)
	for _, r := range h.renditions {
		r.mainIndependent = p.IndependentSegments
	}
}

// named tells that there is a group of that name and type.
func named(p *playlist.Playlist, kind, group string) bool {
	for i := range p.Media {
		if a := p.Media[i].Attributes; a.Text("TYPE") == kind && a.Text("GROUP-ID") == group {
			return true
		}
	}
	return false
}

// media is rule 10.
func (h *hls) media(a playlist.Attributes, at place) {
	for _, name := range []string{"TYPE", "GROUP-ID", "NAME", "DEFAULT", "AUTOSELECT"} {
		h.expect(a.Has(name), ruleRenditions, at, "EXT-X-MEDIA has no %s", name)
	}
	switch kind := a.Text("TYPE"); kind {
	case "AUDIO":
		h.expect(a.Text("CHANNELS") != "", ruleRenditions, at, "EXT-X-MEDIA has no CHANNELS")
		fallthrough
	case "SUBTITLES":
		h.expect(a.Has("LANGUAGE"), ruleRenditions, at, "EXT-X-MEDIA has no LANGUAGE")
	}
	if language := a.Text("LANGUAGE"); a.Has("LANGUAGE") {
		h.expect(languageForm.MatchString(language), ruleRenditions, at, "LANGUAGE %q is not of BCP 47", language)
	}
	if a.Yes("DEFAULT") && a.Has("AUTOSELECT") {
		h.expect(a.Yes("AUTOSELECT"), ruleRenditions, at, "DEFAULT is YES, AUTOSELECT is not")
	}
}

// streamInf is what rule 9 wants of attributes.
func (h *hls) streamInf(a playlist.Attributes, at place, video bool) {
	for _, name := range []string{"BANDWIDTH", "AVERAGE-BANDWIDTH"} {
		_, ok := a.Integer(name)
		h.expect(ok, ruleVariants, at, "EXT-X-STREAM-INF has no %s", name)
	}
	h.expect(a.Text("CODECS") != "", ruleVariants, at, "EXT-X-STREAM-INF has no CODECS")
	peak, _ := a.Integer("BANDWIDTH")
	if average, ok := a.Integer("AVERAGE-BANDWIDTH"); ok {
		h.expect(average <= peak, ruleVariants, at, "AVERAGE-BANDWIDTH is more than BANDWIDTH")
	}
	if video {
		h.expect(resolutionForm.MatchString(a.Text("RESOLUTION")), ruleVariants, at, "EXT-X-STREAM-INF has no RESOLUTION")
		_, ok := a.Seconds("FRAME-RATE")
		h.expect(ok, ruleVariants, at, "EXT-X-STREAM-INF has no FRAME-RATE")
	}
	if r := a.Text("VIDEO-RANGE"); r != "" {
		h.expect(r == "SDR" || r == "HLG" || r == "PQ", ruleVariants, at, "VIDEO-RANGE is %q", r)
	}
}

// iframeStreams checks that every video rendition has an I-frame playlist (rule 11).
func (h *hls) iframeStreams(url string, p *playlist.Playlist) {
	sizes := map[string]bool{}
	for i := range p.IFrameStreams {
		m := &p.IFrameStreams[i]
		at := place{url, m.Line}
		for _, name := range []string{"URI", "BANDWIDTH", "CODECS", "RESOLUTION"} {
			h.expect(m.Attributes.Has(name), ruleIFrames, at, "EXT-X-I-FRAME-STREAM-INF has no %s", name)
		}
		sizes[m.Attributes.Text("RESOLUTION")] = true
		if m.URI != "" {
			h.add(resolve(url, m.URI), "video", true)
		}
	}
	for i := range p.Variants {
		a := p.Variants[i].Attributes
		if size := a.Text("RESOLUTION"); size != "" {
			h.expect(sizes[size], ruleIFrames, place{url, p.Variants[i].Line}, "there is no I-frame playlist of %s", size)
		}
	}
}
