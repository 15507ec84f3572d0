package hls

import (
	"bytes"
	"fmt"

	"github.com/grafov/m3u8"

	"weir/internal/media"
)

// The least protocol versions that tags of a media playlist need (rfc8216bis, 8). None of those of low latency but EXT-X-SKIP needs any.
const (
	versionDecimals  = 3  // EXTINF with decimals
	versionIFrames   = 4  // EXT-X-I-FRAMES-ONLY, EXT-X-BYTERANGE
	versionIFrameMap = 5  // EXT-X-MAP with EXT-X-I-FRAMES-ONLY
	versionMap       = 6  // EXT-X-MAP without it
	versionRounded   = 6  // EXT-X-TARGETDURATION that is shorter than a segment, but not than its rounded duration
	versionSkip      = 9  // EXT-X-SKIP
	versionGone      = 10 // RECENTLY-REMOVED-DATERANGES in it
)

// header is all before the first segment, in a delta update of that kind where segments are left out; all is the survey of what is listed.
func (l *listing) header(delta Delta, all survey) ([]byte, error) {
	list, err := m3u8.NewMediaPlaylist(0, 0)
	if err != nil {
		return nil, fmt.Errorf("playlist of %s of channel %s: %w", l.track, l.w.Channel, err)
	}
	mapped := l.mapped()
	listed, gone := l.ranges()
	switch {
	case l.skip > 0 && delta == SkipRanges:
		list.SetVersion(versionGone)
	case l.skip > 0:
		list.SetVersion(versionSkip)
	case all.long:
		list.SetVersion(versionRounded)
	case l.iframes && mapped:
		list.SetVersion(versionIFrameMap)
	case l.iframes:
		list.SetVersion(versionIFrames)
	case mapped:
		list.SetVersion(versionMap)
	default:
		list.SetVersion(versionDecimals)
	}
	first := l.w.Rows.At(0)
	list.SeqNo = first.Number
	list.TargetDuration = l.w.Target.Seconds()
	list.Iframe = l.iframes
	if list.StartTime = l.w.At.Seconds(); list.StartTime > 0 {
		list.StartTimePrecise = true
	}
	if !l.live {
		list.MediaType = m3u8.VOD
	}
	list.SetCustomTag(headerTags{l, !all.cut, discontinuitySequence(first), len(listed)+len(gone) > 0})
	text := list.Encode().Bytes()
	if l.skip > 0 {
		text = append(text, "#EXT-X-SKIP:SKIPPED-SEGMENTS="...)
		text = appendUint(text, uint64(l.skip))
		if delta == SkipRanges {
			text = appendGone(text, gone)
		}
		text = append(text, '\n')
	}
	return l.appendRanges(text, listed, delta), nil
}

// discontinuitySequence is EXT-X-DISCONTINUITY-SEQUENCE of a playlist that begins with row. A segment's discontinuity sequence
// number is that plus the EXT-X-DISCONTINUITY tags up to and with its own (rfc8216bis, 4.4.3.3): it comes out as its run's ID,
// however far the window has slid.
func discontinuitySequence(row *media.Row) uint64 {
	if row.Run.ID > 0 && begins(row.Number, row.Run, nil) {
		return row.Run.ID - 1
	}
	return row.Run.ID
}

// headerTags are the lines of a media playlist's header that the library has no field for, or leaves out when they say 0.
type headerTags struct {
	l               *listing
	independent     bool
	discontinuities uint64
	ranges          bool // there are date ranges, or were lately
}

// TagName implements m3u8.CustomTag.
func (headerTags) TagName() string { return "header" }

// Encode implements m3u8.CustomTag. The library writes custom tags in random order: all are one.
func (h headerTags) Encode() *bytes.Buffer {
	var b []byte
	if h.independent {
		b = append(b, "#EXT-X-INDEPENDENT-SEGMENTS\n"...)
	}
	b = append(b, "#EXT-X-DISCONTINUITY-SEQUENCE:"...)
	b = appendUint(b, h.discontinuities)
	if h.l.live {
		b = h.l.appendControl(b, h.ranges)
	}
	return bytes.NewBuffer(b)
}

func (h headerTags) String() string { return h.Encode().String() }

// appendControl appends EXT-X-SERVER-CONTROL, which is the same in all playlists of a channel (6.2.4), and EXT-X-PART-INF.
func (l *listing) appendControl(b []byte, ranges bool) []byte {
	b = append(b, "\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL="...)
	b = appendSeconds(b, skipTargets*l.target)
	if ranges {
		b = append(b, ",CAN-SKIP-DATERANGES=YES"...)
	}
	b = append(b, ",HOLD-BACK="...)
	b = appendSeconds(b, holdTargets*l.target)
	if l.holdBack > 0 {
		b = append(b, ",PART-HOLD-BACK="...)
		b = appendSeconds(b, l.holdBack)
	}
	if l.part > 0 {
		b = append(b, "\n#EXT-X-PART-INF:PART-TARGET="...)
		b = appendSeconds(b, millisUp(l.part))
	}
	return b
}
