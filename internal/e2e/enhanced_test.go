package e2e

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/bluenviron/gortmplib/pkg/amf0"
	"github.com/stretchr/testify/require"

	"weir/internal/testmedia"
)

// enhancedTrack is a track of a file as Enhanced RTMP carries it.
type enhancedTrack struct {
	name    string // that weir gives it
	typ     byte   // of its messages
	id      byte
	fourCC  string
	config  []byte
	samples []mp4.Sample
	data    [][]byte
	scale   int64
}

// enhancedTrackOf reads the beginning of a file's track.
func enhancedTrackOf(t testing.TB, name, file, handler string, most uint32) *enhancedTrack {
	t.Helper()
	all, err := os.ReadFile(testmedia.File(t, file))
	require.NoError(t, err)
	parsed, err := mp4.DecodeFile(bytes.NewReader(all))
	require.NoError(t, err)
	for _, trak := range parsed.Moov.Traks {
		if trak.Mdia.Hdlr.HandlerType != handler {
			continue
		}
		n := min(most, trak.GetNrSamples())
		e := &enhancedTrack{name: name, typ: rtmpVideo, scale: int64(trak.Mdia.Mdhd.Timescale)}
		e.samples, err = trak.GetSampleData(1, n)
		require.NoError(t, err)
		ranges, err := trak.GetRangesForSampleInterval(1, n)
		require.NoError(t, err)
		var media []byte
		for _, r := range ranges {
			media = append(media, all[r.Offset:r.Offset+r.Size]...)
		}
		for _, s := range e.samples {
			e.data = append(e.data, media[:s.Size])
			media = media[s.Size:]
		}
		e.describe(t, trak.Mdia.Minf.Stbl.Stsd)
		return e
	}
	t.Fatalf("%s has no track of %s", file, handler)
	return nil
}

func (e *enhancedTrack) describe(t testing.TB, stsd *mp4.StsdBox) {
	t.Helper()
	body := func(b mp4.Box) []byte {
		var w bytes.Buffer
		require.NoError(t, b.Encode(&w))
		return w.Bytes()[8:]
	}
	switch entry := stsd.Children[0].(type) {
	case *mp4.VisualSampleEntryBox:
		if entry.HvcC != nil {
			e.fourCC, e.config = "hvc1", body(entry.HvcC)
		} else {
			e.fourCC, e.config = "av01", body(entry.Av1C)
		}
	case *mp4.AudioSampleEntryBox:
		e.typ = rtmpAudio
		switch {
		case entry.Dops != nil:
			d := entry.Dops
			h := append([]byte("OpusHead"), 1, d.OutputChannelCount)
			h = binary.LittleEndian.AppendUint16(h, d.PreSkip)
			h = binary.LittleEndian.AppendUint32(h, d.InputSampleRate)
			h = binary.LittleEndian.AppendUint16(h, uint16(d.OutputGain))
			e.fourCC, e.config = "Opus", append(h, d.ChannelMappingFamily)
		case entry.Dec3 != nil:
			e.fourCC = "ec-3"
		case entry.Dac3 != nil:
			e.fourCC = "ac-3"
		default:
			e.fourCC, e.config = "mp4a", entry.Esds.DecConfigDescriptor.DecSpecificInfo.DecConfig
		}
	}
}

// at is a time of the track as RTMP has it: milliseconds, and nanoseconds above them.
func (e *enhancedTrack) at(ticks int64) (ms, ns int64) {
	ns = ticks * int64(time.Second) / e.scale
	return ns / 1_000_000, ns % 1_000_000
}

// message is the body of a packet of one track. Frames of pictures say their nanoseconds.
func (e *enhancedTrack) message(packetType byte, key bool, nanos int64, payload []byte) []byte {
	head := byte(0x90)
	if e.typ == rtmpVideo && !key {
		head = 0xa0
	}
	if e.typ == rtmpAudio {
		return append([]byte{head | 5, packetType, e.fourCC[0], e.fourCC[1], e.fourCC[2], e.fourCC[3], e.id}, payload...)
	}
	return append([]byte{head | 7, 2, byte(nanos >> 16), byte(nanos >> 8), byte(nanos), packetType, e.fourCC[0], e.fourCC[1], e.fourCC[2], e.fourCC[3]}, payload...)
}

// pushEnhanced sends the tracks in order of time.
func (p *publisher) pushEnhanced(tracks []*enhancedTrack) {
	for _, e := range tracks {
		if e.config != nil {
			p.send(e.typ, 0, e.message(0, true, 0, e.config))
		}
	}
	next, dts := make([]int, len(tracks)), make([]int64, len(tracks))
	for {
		first, earliest := -1, int64(0)
		for i, e := range tracks {
			if ns := dts[i] * int64(time.Second) / e.scale; next[i] < len(e.data) && (first < 0 || ns < earliest) {
				first, earliest = i, ns
			}
		}
		if first < 0 {
			return
		}
		e, i := tracks[first], next[first]
		s := e.samples[i]
		ms, ns := e.at(dts[first])
		payload := e.data[i]
		if e.fourCC == "hvc1" {
			offset := int64(s.CompositionTimeOffset) * 1000 / e.scale
			payload = append([]byte{byte(offset >> 16), byte(offset >> 8), byte(offset)}, payload...)
		}
		p.send(e.typ, uint32(ms), e.message(1, s.Flags&mp4.NonSyncSampleFlags == 0, ns, payload))
		next[first]++
		dts[first] += int64(s.Dur)
	}
}

// HEVC with AC-3, E-AC-3 and Opus in two languages, and AV1 with AAC, each on one connection of Enhanced RTMP: every sample comes out as it
// was sent, pictures at their exact times, and players are told the languages.
func TestEnhancedRTMP(t *testing.T) {
	t.Parallel()
	realtime(t, enhancedRTMP)
}

func enhancedRTMP(t *attempt) {
	srv := start(t, settings{channels: "  hevc: {dvr: 60s}\n  av1: {dvr: 60s}\n"})
	hevc := []*enhancedTrack{
		enhancedTrackOf(t, "v1", "mp4/h265_bframes.mp4", "vide", 30),
		enhancedTrackOf(t, "a1", "mp4/sample_eac3.mp4", "soun", 32),
		enhancedTrackOf(t, "a2", "mp4/sample_opus.mp4", "soun", 50),
		enhancedTrackOf(t, "a3", "mp4/sample_ac3.mp4", "soun", 32),
	}
	for i := range hevc {
		hevc[i].id = byte(max(i-1, 0))
	}
	av1 := []*enhancedTrack{
		enhancedTrackOf(t, "v1", "mp4/long_1080p_av1.mp4", "vide", 120),
		enhancedTrackOf(t, "a1", "mp4/long_1080p_av1.mp4", "soun", 94),
	}
	for channel, tracks := range map[string][]*enhancedTrack{"hevc": hevc, "av1": av1} {
		p, err := srv.publish(channel)
		require.NoError(t, err)
		meta, err := amf0.Data{"@setDataFrame", "onMetaData", amf0.ECMAArray{
			{Key: "language", Value: "en"},
			{Key: "audioTrackIdInfoMap", Value: amf0.Object{{Key: "1", Value: amf0.Object{{Key: "language", Value: "de"}}}}},
		}}.Marshal()
		require.NoError(t, err)
		p.send(18, 0, meta)
		p.pushEnhanced(tracks)
		require.NoError(t, p.err)
		p.stop()
		for _, e := range tracks {
			var got []mp4.FullSample
			eventually(t, time.Minute, channel+"/"+e.name+" is listed", func() bool {
				got, _ = srv.timedSamples(channel, e.name)
				return len(got) == len(e.data)
			})
			for i, sample := range got {
				require.True(t, bytes.Equal(e.data[i], sample.Data), "%s/%s: bytes of sample %d", channel, e.name, i)
				if e.typ == rtmpVideo && i > 0 {
					require.InDelta(t, float64(e.samples[i-1].Dur)*90000/float64(e.scale), float64(sample.DecodeTime-got[i-1].DecodeTime), 1.01, "%s: picture %d", channel, i)
				}
			}
		}
	}
	for channel, tracks := range map[string][]*enhancedTrack{"hevc": hevc, "av1": av1} {
		var dash form
		eventually(t, time.Minute, channel+" is in DASH", func() (all bool) {
			dash, all = srv.inDASH(channel)
			for _, e := range tracks {
				all = all && len(dash[e.name]) >= len(e.data)
			}
			return all
		})
		for _, e := range tracks {
			require.Len(t, dash[e.name], len(e.data), "%s/%s in DASH", channel, e.name)
			for i, sample := range dash[e.name] {
				require.Equal(t, hashOf(e.data[i]), sample.hash, "%s/%s: bytes of sample %d in DASH", channel, e.name, i)
			}
		}
	}
	_, list := srv.get("/live/hevc/index.m3u8")
	for _, want := range []string{`LANGUAGE="en"`, `LANGUAGE="de"`, "hvc1", "ec-3", "ac-3", "opus"} {
		require.Contains(t, string(bytes.ReplaceAll(list, []byte("Opus"), []byte("opus"))), want)
	}
}
