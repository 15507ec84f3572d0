package hls

import "weir/internal/media"

const endList = "#EXT-X-ENDLIST\n"

// appendTrailer appends all behind the last closed segment.
func (l *listing) appendTrailer(b []byte) []byte {
	if !l.live {
		return append(b, endList...)
	}
	if l.part > 0 {
		b = l.appendOpen(b)
	}
	if l.w.LowLatency {
		b = l.appendReports(b)
	}
	return b
}

// appendOpen appends the parts of the segment that is being made, and a hint of the next one (rfc8216bis, 4.4.5.3),
// unless it is known that there will be none.
func (l *listing) appendOpen(b []byte) []byte {
	o := &l.open
	if o.segment != nil {
		timescale := o.run.Tracks[o.column].Timescale
		first := begins(o.number, o.run, o.prev)
		if first && o.run.ID > 0 {
			b = append(b, "#EXT-X-DISCONTINUITY\n"...)
		}
		if first || l.skip > 0 && l.skip == l.len() {
			b = append(b, `#EXT-X-MAP:URI="`...)
			b = append(mapURI(b, o.run, o.column), l.links.Media...)
			b = append(b, "\"\n"...)
		}
		var d dates
		b = append(b, dateTag...)
		b = append(d.append(b, millisOf(o.wall.Add(o.segment.Start.Time(timescale).Sub(o.start)))), '\n')
		b = appendParts(b, o.number, o.segment.Start, timescale, o.segment.Parts, l.links.Media)
	}
	if o.silent {
		return b
	}
	number, part := l.hint()
	b = append(b, `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="`...)
	b = appendPartURI(b, number, part, l.links.Media)
	return append(b, "\"\n"...)
}

// hint is the part that the playlist hints at.
func (l *listing) hint() (number uint64, part int) {
	var last, before entry
	if n := l.len(); n > 1 {
		last, before = l.at(n-1), l.at(n-2)
	}
	return l.open.hint(last, before)
}

// appendReports appends an EXT-X-RENDITION-REPORT for each other playlist of the channel (4.4.5.4, B.1): a player that changes over knows
// what to ask for.
func (l *listing) appendReports(b []byte) []byte {
	for i := range l.w.Tracks {
		t := &l.w.Tracks[i]
		if t.Name == l.track && !l.iframes {
			continue
		}
		if e, ok := Last(l.w, t.Name); ok {
			b = l.appendReport(b, t.Name, playlistName, e)
		}
	}
	for i := range l.w.Tracks {
		t := &l.w.Tracks[i]
		if t.Kind != media.Video || t.Name == l.track && l.iframes {
			continue
		}
		if e, ok := LastRow(l.w); ok {
			b = l.appendReport(b, t.Name, iframesName, e)
		}
	}
	return b
}

func (l *listing) appendReport(b []byte, track, name string, e Edge) []byte {
	msn, parts := e.MSN, e.Parts
	if e.Open > 0 {
		msn, parts = msn+1, e.Open
	}
	b = append(b, `#EXT-X-RENDITION-REPORT:URI="../`...)
	b = append(append(b, track...), name...)
	b = append(append(b, l.links.Playlists...), `",LAST-MSN=`...)
	b = appendUint(b, msn)
	if parts > 0 {
		b = append(b, ",LAST-PART="...)
		b = appendUint(b, uint64(parts-1))
	}
	return append(b, '\n')
}
