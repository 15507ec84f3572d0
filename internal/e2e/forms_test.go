package e2e

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/stretchr/testify/require"
)

// form is what a channel's manifests of one format list, read as a player reads it: every sample of each track by the track's name, at its
// time on the channel's timeline.
type form map[string][]packet

// whole asks for the form of a channel that lists whole segments only.
const whole = "?ll=0"

// inHLS reads the playlists of these tracks, up to the first discontinuity. ok is false where one of them is not there.
func (s *server) inHLS(channel string, tracks ...string) (f form, ok bool) {
	s.t.Helper()
	f = form{}
	for _, track := range tracks {
		list, ok := s.mediaForm(channel, track, whole)
		if !ok {
			return nil, false
		}
		for i, segment := range list.segments {
			if i > 0 && segment.discontinuity {
				break
			}
			require.False(s.t, segment.gap, "segment %d of %s/%s", segment.number, channel, track)
			f[track] = append(f[track], s.samplesOf(segment.init, segment.uri)...)
		}
	}
	return f, true
}

// mpd is what is read of an MPD.
type mpd struct {
	Periods []struct {
		Sets []struct {
			Content         string     `xml:"contentType,attr"`
			Essential       []struct{} `xml:"EssentialProperty"` // trick modes have one
			Template        *template  `xml:"SegmentTemplate"`
			Representations []struct {
				ID       string    `xml:"id,attr"`
				Template *template `xml:"SegmentTemplate"` // where the renditions of a set have different ones
			} `xml:"Representation"`
		} `xml:"AdaptationSet"`
	} `xml:"Period"`
}

type template struct {
	Media     string `xml:"media,attr"`
	Init      string `xml:"initialization,attr"`
	Timescale int64  `xml:"timescale,attr"`
	Offset    int64  `xml:"presentationTimeOffset,attr"`
	Number    int    `xml:"startNumber,attr"`
	Timeline  []struct {
		T *int64 `xml:"t,attr"`
		D int64  `xml:"d,attr"`
		R int    `xml:"r,attr"`
	} `xml:"SegmentTimeline>S"`
}

// inDASH reads the MPD, and checks that segments begin where it says, and that all tracks of a Period have one zero.
func (s *server) inDASH(channel string) (f form, ok bool) {
	s.t.Helper()
	base := manifests(channel)
	status, doc := s.get(base + "/manifest.mpd" + whole)
	if status != 200 {
		return nil, false
	}
	var m mpd
	require.NoError(s.t, xml.Unmarshal(doc, &m))
	f = form{}
	for _, period := range m.Periods {
		zero := math.NaN()
		for _, set := range period.Sets {
			if set.Content == "image" {
				continue
			}
			for _, representation := range set.Representations {
				line := cmp.Or(representation.Template, set.Template)
				require.NotNil(s.t, line, string(doc))
				if math.IsNaN(zero) {
					zero = float64(line.Offset) / float64(line.Timescale)
				}
				require.InDelta(s.t, zero, float64(line.Offset)/float64(line.Timescale), 0.0001, "zero of the Period")
				if len(set.Essential) > 0 {
					continue
				}
				f[representation.ID] = append(f[representation.ID], s.inTemplate(base, representation.ID, line)...)
			}
		}
	}
	return f, true
}

// inTemplate are the samples of the segments of a Representation.
func (s *server) inTemplate(base, id string, line *template) (all []packet) {
	s.t.Helper()
	fill := strings.NewReplacer("$RepresentationID$", id, "$Number$", "%d")
	number, at := line.Number, int64(0)
	for _, entry := range line.Timeline {
		if entry.T != nil {
			at = *entry.T
		}
		for range entry.R + 1 {
			uri := strings.ReplaceAll(fill.Replace(line.Media), "%d", strconv.Itoa(number))
			samples := s.samplesOf(path.Join(base, fill.Replace(line.Init)), path.Join(base, uri))
			earliest := slices.MinFunc(samples, func(a, b packet) int { return cmp.Compare(a.pts, b.pts) })
			begins := earliest.pts
			if at == line.Offset && earliest.early { // what an edit list takes off is not presented
				begins = max(begins, float64(at)/float64(line.Timescale))
			}
			require.InDelta(s.t, float64(at)/float64(line.Timescale), begins, 0.0001, "beginning of %s/%s", base, uri)
			all = append(all, samples...)
			number, at = number+1, at+entry.D
		}
	}
	return all
}

// samplesOf fetches a segment and lists its samples.
func (s *server) samplesOf(init, uri string) (all []packet) {
	s.t.Helper()
	status, bytesOf := s.get(init)
	require.Equal(s.t, 200, status, init)
	status, body := s.get(uri)
	require.Equal(s.t, 200, status, uri)
	file, err := mp4.DecodeFile(bytes.NewReader(append(bytesOf, body...)))
	require.NoError(s.t, err, uri)
	trak := file.Init.Moov.Trak
	scale, early := float64(trak.Mdia.Mdhd.Timescale), int64(0)
	if trak.Edts != nil {
		early = trak.Edts.Elst[0].Entries[0].MediaTime
	}
	for _, segment := range file.Segments {
		for _, fragment := range segment.Fragments {
			samples, err := fragment.GetFullSamples(file.Init.Moov.Mvex.Trex)
			require.NoError(s.t, err, uri)
			for _, sample := range samples {
				all = append(all, packet{
					hash: hashOf(sample.Data), size: len(sample.Data), early: early > 0,
					dts: float64(int64(sample.DecodeTime)-early) / scale,
					pts: float64(int64(sample.DecodeTime)-early+int64(sample.CompositionTimeOffset)) / scale,
				})
			}
		}
	}
	require.NotEmpty(s.t, all, uri)
	return all
}

// hashOf is what ffprobe tells of the bytes of a sample.
func hashOf(sample []byte) string {
	sum := sha256.Sum256(sample)
	return "SHA256:" + hex.EncodeToString(sum[:])
}

// sent is what a sender was given, by the name of the track that comes of it.
type sent struct {
	tracks form
	// least is how much of it has to come out, in seconds: 0 is all. A sender that loses its end when it goes, or stays connected behind it,
	// has a last segment that is not whole.
	least float64
	// apart is how far sound and pictures may be moved against each other, in seconds: what the sender's container rounds.
	apart float64
}

// sentFrom are the samples of a file with pictures and sound.
func sentFrom(t testing.TB, file string) sent {
	t.Helper()
	return sent{tracks: form{"v1": packets(t, file, "video"), "a1": packets(t, file, "audio")}, apart: 0.003}
}

// requireForms waits until all that was sent is listed in HLS and DASH, and checks that it is nothing else: every sample once, bit-exact, in
// order, at its time, and all tracks moved by the same time.
func (s *server) requireForms(t testing.TB, channel string, want sent) {
	t.Helper()
	of := *s
	of.t = t
	s = &of
	tracks := make([]string, 0, len(want.tracks))
	for track := range want.tracks {
		tracks = append(tracks, track)
	}
	read := map[string]func() (form, bool){
		"HLS":  func() (form, bool) { return s.inHLS(channel, tracks...) },
		"DASH": func() (form, bool) { return s.inDASH(channel) },
	}
	eventually(t, 2*time.Minute, "what was sent to "+channel+" is listed", func() bool {
		for track, packets := range want.tracks {
			if list, ok := s.media(channel, track); !ok || list.seconds() < want.seconds(packets) {
				return false
			}
		}
		return true
	})
	offsets := map[string]float64{}
	for name, look := range read {
		var got form
		eventually(t, 2*time.Minute, fmt.Sprintf("what was sent to %s is in %s", channel, name), func() (all bool) {
			if got, all = look(); !all {
				return false
			}
			for track, packets := range want.tracks {
				all = all && want.enough(packets, got[track])
			}
			return all
		})
		require.Len(t, got, len(want.tracks), "tracks of %s in %s", channel, name)
		for track, expected := range want.tracks {
			had := got[track]
			if want.least > 0 { // of what is repeated, the first time
				expected, had = expected[:min(len(expected), len(had))], had[:min(len(expected), len(had))]
			}
			offsets[name+" "+track] = requireSamePackets(t, expected, had)
		}
		for track := range want.tracks {
			require.InDelta(t, offsets[name+" "+tracks[0]], offsets[name+" "+track], want.apart, "%s: %s against %s", name, track, tracks[0])
		}
	}
}

// requireAlike waits until HLS and DASH list the same samples of a track of which nothing else is known.
func (s *server) requireAlike(t testing.TB, channel, track string) {
	t.Helper()
	of := *s
	of.t = t
	eventually(t, 2*time.Minute, channel+" is the same in HLS and DASH", func() bool {
		inHLS, listed := of.inHLS(channel, track)
		inDASH, ok := of.inDASH(channel)
		return listed && ok && len(inHLS[track]) > 0 && slices.Equal(inHLS[track], inDASH[track])
	})
}

// seconds is how long what comes of a track has to be.
func (w sent) seconds(expected []packet) float64 {
	if w.least > 0 {
		return w.least
	}
	return expected[len(expected)-1].dts - expected[0].dts - 0.1
}

// enough tells whether as much came as has to.
func (w sent) enough(expected, got []packet) bool {
	if w.least == 0 || len(got) == 0 {
		return len(got) >= len(expected)
	}
	return got[len(got)-1].dts-got[0].dts >= w.least-0.1
}
