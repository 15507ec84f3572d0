package mpegts

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"weir/ingest"
	"weir/ingest/ingesttest"
	"weir/ingest/mpegts/tstest"
	"weir/internal/media"
)

// stream is a feed of the test muxer.
func stream25(f tstest.Feed) []byte {
	m := &tstest.Muxer{}
	f.Write(m)
	return m.Bytes()
}

// Whatever the cut, the size of packets, and how PES end: the same samples.
func TestTransportsAreAlike(t *testing.T) {
	t.Parallel()
	plain := stream25(tstest.Feed{Frames: 60, Start: 90000})
	want, err := demux(plain, len(plain), Config{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(want.Of(0)); n != 60 {
		t.Fatalf("%d pictures", n)
	}
	if n := len(want.Of(1)); n != 114 {
		t.Fatalf("%d audio frames", n)
	}
	if want.Dropped() != 0 || len(want.Starts) != 1 || want.Starts[0][1].Language != "de" {
		t.Fatalf("%v %v", want.Drops, want.Starts)
	}
	wide := func(before, after int) (out []byte) {
		for p := range slices.Chunk(plain, packetSize) {
			out = append(out, bytes.Repeat([]byte{0x11}, before)...)
			out = append(out, p...)
			out = append(out, bytes.Repeat([]byte{0x22}, after)...)
		}
		return out
	}
	for name, tc := range map[string]struct {
		data  []byte
		piece int
	}{
		"byte by byte":   {plain, 1},
		"odd":            {plain, 1000},
		"M2TS":           {wide(4, 0), 777},
		"parity":         {wide(0, 16), 1880},
		"with lengths":   {stream25(tstest.Feed{Frames: 60, Start: 90000, Bounded: true}), 1316},
		"garbage before": {append(bytes.Repeat([]byte{0x47, 0, 1, 2, 3}, 500), plain...), 1316},
		"M2TS in a lump": {wide(4, 0), 1 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := demux(tc.data, tc.piece, Config{})
			if err != nil {
				t.Fatal(err)
			}
			for track := range 2 {
				requireEqual(t, want.Of(track), got.Of(track))
			}
		})
	}
}

func requireEqual(t *testing.T, want, got []media.Sample) {
	t.Helper()
	if len(want) != len(got) {
		t.Fatalf("%d samples, not %d", len(got), len(want))
	}
	for i := range want {
		if got[i].PTS != want[i].PTS || got[i].DTS != want[i].DTS || got[i].Sync != want[i].Sync || !bytes.Equal(got[i].Data, want[i].Data) {
			t.Fatalf("sample %d differs", i)
		}
	}
}

// What comes of a damaged stream are samples that were sent, at their times, in order; what is missing is counted.
func TestDamageIsLeftOut(t *testing.T) {
	t.Parallel()
	plain := stream25(tstest.Feed{Frames: 500, Start: 90000})
	want, err := demux(plain, 1316, Config{})
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func(*rand.Rand) []byte{
		"1 % is lost": func(r *rand.Rand) (out []byte) {
			for p := range slices.Chunk(plain, packetSize) {
				if r.IntN(100) > 0 {
					out = append(out, p...)
				}
			}
			return out
		},
		"neighbours are swapped": func(r *rand.Rand) []byte {
			out := bytes.Clone(plain)
			for range 40 {
				i := r.IntN(len(out)/1316-1) * 1316
				a, b := bytes.Clone(out[i:i+1316]), bytes.Clone(out[i+1316:min(i+2632, len(out))])
				copy(out[i:], append(b, a...))
			}
			return out
		},
		"garbage between": func(r *rand.Rand) (out []byte) {
			for p := range slices.Chunk(plain, packetSize) {
				if r.IntN(200) == 0 {
					for range r.IntN(1000) {
						out = append(out, byte(r.Uint32()))
					}
				}
				out = append(out, p...)
			}
			return out
		},
		"bits are flipped in headers": func(r *rand.Rand) []byte {
			out := bytes.Clone(plain)
			for range 60 {
				// Sync byte, error, start, PID, counter. Flags of scrambling and adaptation cannot be told from right ones.
				bit := []int{0, 1, 7, 8, 9, 11, 15, 18, 21, 22, 23, 28, 29, 30, 31}[r.IntN(15)]
				out[r.IntN(len(out)/packetSize)*packetSize+bit/8] ^= 0x80 >> (bit % 8)
			}
			return out
		},
		"errors are indicated, packets are scrambled": func(r *rand.Rand) []byte {
			out := bytes.Clone(plain)
			for range 30 {
				out[r.IntN(len(out)/packetSize)*packetSize+1] |= 0x80
				out[r.IntN(len(out)/packetSize)*packetSize+3] |= 0x80
			}
			return out
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := demux(damage(rand.New(rand.NewPCG(1, 2))), 1316, Config{})
			if err != nil {
				t.Fatal(err)
			}
			missing := 0
			for track := range 2 {
				all, have := want.Of(track), got.Of(track)
				at := 0
				for _, s := range have {
					if strings.Contains(name, "swapped") { // what comes late is handed over late
						at = 0
					}
					for at < len(all) && !(all[at].PTS == s.PTS && all[at].DTS == s.DTS && bytes.Equal(all[at].Data, s.Data)) {
						at++
					}
					if at == len(all) {
						t.Fatalf("a sample of track %d at %d that was not sent, or not in this order", track, s.DTS)
					}
					at++
				}
				missing += len(all) - len(have)
				if len(have) < len(all)*6/10 {
					t.Errorf("only %d of %d samples of track %d", len(have), len(all), track)
				}
			}
			if missing == 0 && !strings.Contains(name, "garbage") || got.Dropped() == 0 {
				t.Errorf("%d are missing, %v", missing, got.Drops)
			}
		})
	}
}

// Duplicate packets, once each, are part of the standard.
func TestDuplicatesChangeNothing(t *testing.T) {
	t.Parallel()
	plain := stream25(tstest.Feed{Frames: 50})
	var twice []byte
	for p := range slices.Chunk(plain, packetSize) {
		twice = append(append(twice, p...), p...)
	}
	want, _ := demux(plain, 1316, Config{})
	got, err := demux(twice, 1316, Config{})
	if err != nil || got.Dropped() != 0 {
		t.Fatal(err, got.Drops)
	}
	requireEqual(t, want.Of(0), got.Of(0))
	requireEqual(t, want.Of(1), got.Of(1))
}

// Timestamps are handed over as they are, with the clock that says where they wrap.
func TestTimestampsWrap(t *testing.T) {
	t.Parallel()
	const start = 1<<33 - 20*3600
	r, err := demux(stream25(tstest.Feed{Frames: 50, Start: start}), 1316, Config{})
	if err != nil || r.Dropped() != 0 || len(r.Starts) != 1 {
		t.Fatal(err, r.Drops, len(r.Starts))
	}
	if c := r.Starts[0][0].Clock; c != (media.Clock{Timescale: 90000, Wrap: 1 << 33}) {
		t.Error(c)
	}
	for i, s := range r.Of(0) {
		if want := media.Ticks(start+i*3600) & timeMask; s.DTS != want {
			t.Fatalf("DTS of picture %d is %d, not %d", i, s.DTS, want)
		}
	}
	for i, s := range r.Of(1) {
		if want := media.Ticks(start+7200+i*1920) & timeMask; s.PTS != want {
			t.Fatalf("PTS of audio frame %d is %d, not %d", i, s.PTS, want)
		}
	}
}

func TestNoTransportStream(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	noise := make([]byte, 600<<10)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	for name, data := range map[string][]byte{"noise": noise, "nothing": nil, "text": bytes.Repeat([]byte("GET / HTTP/1.1\r\n"), 99)} {
		rec, err := demux(data, 1316, Config{})
		if !errors.Is(err, ErrNoTS) || len(rec.Starts) > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A track that is announced and silent is waited for, then left out, and joins when it comes.
func TestSilentTrackJoinsLater(t *testing.T) {
	t.Parallel()
	m := &tstest.Muxer{}
	program := tstest.Program{Number: 1, PCR: 0x100, Streams: []tstest.Stream{{PID: 0x100, Type: 0x1b}, {PID: 0x101, Type: 0x0f}}}
	m.Tables(false, program)
	for i := range int64(150) {
		m.PES(0x100, 0xe0, i*3600, -1, false, tstest.AnnexB(tstest.SPS64, tstest.PPS, tstest.Slice(true, int(i), 100)))
		if i >= 100 {
			m.PES(0x101, 0xc0, i*3600, -1, true, tstest.ADTS(int(i), 100))
		}
	}
	r, err := demux(m.Bytes(), 1316, Config{})
	if err != nil || len(r.Starts) != 2 || len(r.Starts[0]) != 1 || len(r.Starts[1]) != 2 {
		t.Fatal(err, r.Starts)
	}
	if v, a := len(r.Of(0)), len(r.Of(1)); v != 150 || a != 50 || r.Dropped() != 1 {
		t.Errorf("%d pictures, %d audio frames, %v", v, a, r.Drops)
	}
}

// unwilling counts how often it is told of tracks.
type unwilling struct {
	*ingesttest.Feed
	starts int
}

func (u *unwilling) Start(formats []media.Format) error {
	u.starts++
	return u.Feed.Start(formats)
}

// The feed's error is final and comes back as it is.
func TestFeedsErrorIsFinal(t *testing.T) {
	t.Parallel()
	r := &unwilling{Feed: ingesttest.NewFeed(ingest.Publish{})}
	r.End(errors.New("no"))
	d := NewDemuxer(r, Config{})
	_, err := d.Write(stream25(tstest.Feed{Frames: 200}))
	if !errors.Is(err, r.Err()) {
		t.Error(err)
	}
	if _, err := d.Write(nil); !errors.Is(err, r.Err()) || !errors.Is(d.Flush(), r.Err()) || r.starts != 1 {
		t.Error(err)
	}
}
