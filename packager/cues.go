package packager

import (
	"encoding/binary"
	"slices"

	"weir/internal/media"
	"weir/packager/moof"
)

// Cue is a cue of WebVTT on the timeline of its track.
type Cue struct {
	From, To media.Ticks
	Source   uint32 // tells the cue from others: the samples that it is cut over have the same (ISO/IEC 14496-30, 5.6)
	Body     []byte // of its VTTCueBox, but for the source ID: see CueBody
	id       string
}

// CueBody is what is in a cue's VTTCueBox behind its source ID (ISO/IEC 14496-30, 5.6).
func CueBody(c *media.Line) []byte {
	var b []byte
	add := func(name, value string) {
		if value != "" {
			b = append(moof.Box(b, 8+len(value), name), value...)
		}
	}
	add("iden", c.ID)
	add("sttg", c.Settings)
	return append(moof.Box(b, 8+len(c.Text), "payl"), c.Text...)
}

// MaxTogether is how many cues of a TextSegment are on the screen at one time.
const MaxTogether = 32

// crowd bounds what a segment of text may hold.
type crowd struct {
	together int // cues on the screen at one time
	pieces   int // samples of a segment
	bytes    int // of the segment
}

// TextSegment is the segment of a track of WebVTT in one chunk: styp, moof, mdat, between two points of its timeline, which must not be the
// same. Cues are by From; those that lie over a border are in the segments on both of its sides. No more than MaxTogether are shown at one time.
// first is where the first sample ends.
func TextSegment(cues []Cue, from, to media.Ticks, sequence uint32) (data []byte, first int) {
	f := fragment{sequence: sequence, first: true, samples: cutCues(cues, from, to, crowd{together: MaxTogether, pieces: 1024, bytes: 1 << 20})}
	return f.encode()
}

// cutCues are samples between two points that join and fill the time: a new one begins wherever a cue does, or ends. Cues are by From.
func cutCues(cues []Cue, from, to media.Ticks, most crowd) []timed {
	edges := []media.Ticks{from}
	for i := range cues {
		for _, at := range []media.Ticks{cues[i].From, cues[i].To} {
			if at > from && at < to {
				edges = append(edges, at)
			}
		}
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	edges = append(edges[:min(len(edges), most.pieces)], to)
	var out []timed
	var shown []*Cue // at the edge, in their order
	next, bytes := 0, 0
	for i := range len(edges) - 1 {
		a, b := edges[i], edges[i+1]
		if a >= b {
			continue
		}
		shown = slices.DeleteFunc(shown, func(c *Cue) bool { return c.To <= a })
		for ; next < len(cues) && cues[next].From <= a; next++ {
			if cues[next].To > a {
				shown = append(shown, &cues[next])
			}
		}
		data := textSample(shown[:min(len(shown), most.together)])
		if bytes += len(data); bytes > most.bytes {
			data = emptyWVTT
		}
		out = append(out, timed{dts: a, pts: a, pos: a, duration: b - a, sync: true, data: data})
	}
	return out
}

// textSample is a sample with these cues.
func textSample(cues []*Cue) []byte {
	if len(cues) == 0 {
		return emptyWVTT
	}
	var data []byte
	for _, c := range cues {
		data = moof.Box(data, 8+12+len(c.Body), "vttc")
		data = moof.Box(data, 12, "vsid")
		data = binary.BigEndian.AppendUint32(data, c.Source)
		data = append(data, c.Body...)
	}
	return data
}
