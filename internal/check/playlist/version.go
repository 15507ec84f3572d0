package playlist

// Needs is the least EXT-X-VERSION that what the playlist has needs, and what needs it (section 8).
func (p *Playlist) Needs() (version int, why string) {
	version, why = 1, "nothing"
	need := func(v int, tag string) {
		if v > version {
			version, why = v, tag
		}
	}
	for i := range p.Segments {
		s := &p.Segments[i]
		if s.Decimal {
			need(3, "a decimal EXTINF")
		}
		if p.Target > 0 && s.Duration > p.Target { // before version 6 it was not rounded
			need(6, "an EXTINF above EXT-X-TARGETDURATION")
		}
		if s.Range != nil {
			need(4, "EXT-X-BYTERANGE")
		}
		a, _ := parseAttributes(s.Key)
		if a.Has("IV") {
			need(2, "IV of EXT-X-KEY")
		}
		if a.Has("KEYFORMAT") || a.Has("KEYFORMATVERSIONS") {
			need(5, "KEYFORMAT of EXT-X-KEY")
		}
		if s.Map != nil {
			if p.IFramesOnly {
				need(5, "EXT-X-MAP")
			} else {
				need(6, "EXT-X-MAP")
			}
		}
	}
	if p.IFramesOnly {
		need(4, "EXT-X-I-FRAMES-ONLY")
	}
	for _, m := range p.Media {
		if len(m.Attributes.Text("INSTREAM-ID")) > 7 && m.Attributes.Text("INSTREAM-ID")[:7] == "SERVICE" {
			need(7, "SERVICE of INSTREAM-ID")
		}
	}
	if p.Has("#EXT-X-DEFINE") {
		need(8, "EXT-X-DEFINE")
	}
	if p.Skip != nil {
		need(9, "EXT-X-SKIP")
		if p.Skip.Attributes.Has("RECENTLY-REMOVED-DATERANGES") {
			need(10, "RECENTLY-REMOVED-DATERANGES of EXT-X-SKIP")
		}
	}
	return version, why
}
