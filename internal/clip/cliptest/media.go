// Package cliptest puts real CMAF into made-up windows, for the tests of clips: every segment that package manifesttest only describes
// gets samples, whose bytes and times a test can look for afterwards.
package cliptest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"strconv"

	"github.com/Eyevinn/mp4ff/mp4"

	"weir/internal/media"
)

// Sample is one sample as it was put into a segment.
type Sample struct {
	Row    uint64
	Track  media.Track
	Init   []byte
	DTS    media.Ticks
	PTS    media.Ticks
	Length media.Ticks
	Sync   bool
	Data   []byte
}

// Filled is a window whose segments have their media.
type Filled struct {
	Window  *media.Window
	Samples map[string][]Sample // by the track's name, in order
}

// Init is the header of a track's version, as an edge gives it.
func (f *Filled) Init(track string, version uint32) []byte {
	for i := range f.Window.Rows.Len() {
		if t, ok := f.Window.Rows.At(i).Run.Track(track); ok && t.Init == version {
			return Header(t)
		}
	}
	return nil
}

type rows []*media.Row

func (r rows) Len() int            { return len(r) }
func (r rows) At(i int) *media.Row { return r[i] }

const (
	videoFrame = 3600 // ticks of 90 kHz
	audioFrame = 1024
	trackID    = 1
)

// Fill gives every segment of the window samples drawn from the seed: pictures in another order than they are decoded in, with
// offsets of either sign, several chunks a segment.
func Fill(w *media.Window, seed uint64) *Filled {
	rng := rand.New(rand.NewPCG(seed, 1))
	out := *w
	f := &Filled{Window: &out, Samples: make(map[string][]Sample)}
	var all rows
	delays := make(map[string]int) // frames by which decoding leads, of each track of a run
	for i := range w.Rows.Len() {
		row := *w.Rows.At(i)
		row.Segments = make([]*media.Segment, len(row.Run.Tracks))
		for k, t := range row.Run.Tracks {
			was := w.Rows.At(i).Segments[k]
			if was == nil || was.Gap() {
				row.Segments[k] = was
				continue
			}
			id := t.Name + "/" + strconv.FormatUint(row.Run.ID, 10)
			if _, ok := delays[id]; !ok && t.Kind == media.Video {
				delays[id] = rng.IntN(4)
			}
			row.Segments[k] = f.segment(t, was, delays[id], rng)
		}
		all = append(all, &row)
	}
	out.Rows = all
	return f
}

// segment makes the media of one segment.
func (f *Filled) segment(t media.Track, was *media.Segment, delay int, rng *rand.Rand) *media.Segment {
	frame := media.Ticks(videoFrame)
	if t.Kind == media.Audio {
		frame, delay = audioFrame, 0
	}
	var starts []media.Ticks
	for at := was.Start; at < was.Start+was.Duration; at += frame {
		starts = append(starts, at)
	}
	end := was.Start + was.Duration
	order, header := presentation(len(starts), delay), Header(t)
	samples := make([]Sample, len(starts))
	for i := range starts {
		next := end
		if i+1 < len(starts) {
			next = starts[i+1]
		}
		s := Sample{
			Row: was.Segment, Track: t, Init: header, Length: next - starts[i],
			DTS: starts[i] - media.Ticks(delay/2)*frame, PTS: starts[order[i]],
			Sync: t.Kind == media.Audio || i == 0 && was.Parts[0].Independent,
			Data: make([]byte, 8+rng.IntN(100)),
		}
		binary.BigEndian.PutUint64(s.Data, rng.Uint64())
		samples[i] = s
	}
	f.Samples[t.Name] = append(f.Samples[t.Name], samples...)

	seg := *was
	seg.Parts, seg.Data = nil, nil
	for len(samples) > 0 {
		n := min(len(samples), 1+rng.IntN(20))
		chunk := encode(samples[:n], uint32(was.Segment))
		part := media.Part{Offset: len(seg.Data), Size: len(chunk), Independent: samples[0].Sync}
		for _, s := range samples[:n] {
			part.Duration += s.Length
		}
		if part.Independent {
			part.Key = len(chunk)
			for _, s := range samples[1:n] {
				part.Key -= len(s.Data)
			}
		}
		seg.Parts = append(seg.Parts, part)
		seg.Data = append(seg.Data, chunk...)
		samples = samples[n:]
	}
	seg.Chunks, seg.Bytes = len(seg.Parts), int64(len(seg.Data))
	seg.Checksum = crc32.Checksum(seg.Data, crc32.MakeTable(crc32.Castagnoli))
	return &seg
}

// presentation is at which place each of n frames is shown, in decoding order: groups of a frame and the ones before it that refer to it.
func presentation(n, delay int) []int {
	order := make([]int, 0, n)
	for at := 0; at < n; {
		if group := delay + 1; at > 0 && at+group <= n {
			order = append(order, at+group-1)
			for k := range group - 1 {
				order = append(order, at+k)
			}
			at += group
			continue
		}
		order = append(order, at)
		at++
	}
	return order
}

// encode makes a chunk.
func encode(samples []Sample, sequence uint32) []byte {
	frag, err := mp4.CreateFragment(sequence, trackID)
	if err != nil {
		panic(err)
	}
	for _, s := range samples {
		flags := mp4.NonSyncSampleFlags
		if s.Sync {
			flags = mp4.SyncSampleFlags
		}
		frag.AddFullSample(mp4.FullSample{
			Sample:     mp4.NewSample(flags, uint32(s.Length), uint32(len(s.Data)), int32(s.PTS-s.DTS)),
			DecodeTime: uint64(s.DTS), Data: s.Data,
		})
	}
	var b bytes.Buffer
	if err := frag.Encode(&b); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// Header is the CMAF header of a track; each version is another one.
func Header(t media.Track) []byte {
	init := mp4.NewMP4Init()
	init.AddChild(mp4.NewFtyp("cmfc", 0, []string{"iso6", "cmfc"}))
	moov := mp4.NewMoovBox()
	init.AddChild(moov)
	moov.AddChild(mp4.CreateMvhd())
	trak := mp4.CreateEmptyTrak(trackID, t.Timescale, string(t.Kind), "und")
	config := mp4.CreateUnknownBox("conf", 12, []byte{byte(t.Init >> 24), byte(t.Init >> 16), byte(t.Init >> 8), byte(t.Init)})
	var entry mp4.Box
	if t.Kind == media.Video {
		trak.Tkhd.Width, trak.Tkhd.Height = mp4.Fixed32(t.Width<<16), mp4.Fixed32(t.Height<<16)
		entry = mp4.CreateVisualSampleEntryBox(EntryName(t.Codec), uint16(t.Width), uint16(t.Height), config)
	} else {
		e := mp4.CreateAudioSampleEntryBox(EntryName(t.Codec), uint16(t.Channels), 16, uint16(t.SampleRate), nil)
		e.Children = append(e.Children, config)
		entry = e
	}
	trak.Mdia.Minf.Stbl.Stsd.AddChild(entry)
	moov.AddChild(trak)
	mvex := mp4.NewMvexBox()
	mvex.AddChild(mp4.CreateTrex(trackID))
	moov.AddChild(mvex)
	var b bytes.Buffer
	if err := init.Encode(&b); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// EntryName is the type of the sample entry of a codec.
func EntryName(c media.Codec) string {
	switch c {
	case media.AVC:
		return "avc1"
	case media.HEVC:
		return "hvc1"
	case media.AC3:
		return "ac-3"
	}
	return "mp4a"
}
