package cmaf

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/stretchr/testify/require"

	"weir/ingest/ingesttest"
	"weir/internal/media"
)

// expected are the samples of a track as mp4ff reads them.
func expected(t testing.TB, header []byte, segments ...[]byte) []media.Sample {
	t.Helper()
	file, err := mp4.DecodeFileSR(bits.NewFixedSliceReader(append(bytes.Clone(header), bytes.Join(segments, nil)...)))
	require.NoError(t, err)
	var trex *mp4.TrexBox
	if mvex := file.Init.Moov.Mvex; mvex != nil {
		trex = mvex.Trex
	}
	shift := media.Ticks(0)
	if edts := file.Init.Moov.Trak.Edts; edts != nil {
		shift = media.Ticks(edts.Elst[0].Entries[0].MediaTime)
	}
	var all []media.Sample
	for _, s := range file.Segments {
		for _, f := range s.Fragments {
			samples, err := f.GetFullSamples(trex)
			require.NoError(t, err)
			for _, x := range samples {
				all = append(all, media.Sample{
					DTS: media.Ticks(x.DecodeTime) - shift, Data: x.Data,
					PTS: media.Ticks(x.DecodeTime) + media.Ticks(x.CompositionTimeOffset) - shift,
				})
			}
		}
	}
	return all
}

// requireSame checks that every sample came out once, bit-exact, in order, with its times.
func requireSame(t *testing.T, want, got []media.Sample) {
	t.Helper()
	require.Equal(t, len(want), len(got), "samples")
	for i := range want {
		require.Equal(t, want[i].DTS, got[i].DTS, "DTS of sample %d", i)
		require.Equal(t, want[i].PTS, got[i].PTS, "PTS of sample %d", i)
		require.True(t, bytes.Equal(want[i].Data, got[i].Data), "bytes of sample %d", i)
	}
}

// presentations are those of the shared media, as their sender had them: tracks in the order in which a feed announces them.
var presentations = []struct {
	name   string
	dir    string
	tracks []string
	header string
	file   func(track string, n int) string
	count  int
}{
	{
		"a ladder", "testpic_2s_low_delay",
		[]string{"1080", "720", "360", "A48"},
		"init.mp4", number, 4,
	},
	{
		"a ladder in chunks", "testpic_2s_low_delay",
		[]string{"LD_1080", "LD_720", "LD_360", "LD_A48"},
		"init.mp4", number, 4,
	},
	{"pictures, sound and subtitles", "testpic_2s", []string{"V300", "A48", "imsc1_txt_sv"}, "init.mp4", number, 4},
	{"captions in pictures", "testpic_2s", []string{"V300_with_cc1_and_cc3", "A48"}, "init.mp4", number, 4},
	{
		"a real encoder", "awsMediaLiveScte35",
		[]string{"video", "audio"},
		"init.cmf%c", func(track string, n int) string { return fmt.Sprintf("%d.cmf%c", 896605654+n, track[0]) }, 4,
	},
}

func number(_ string, n int) string { return fmt.Sprintf("%d.m4s", n) }

// Every sample of the shared CMAF comes out once, bit-exact, with its times, however it is pushed: a segment a request, by either naming,
// or all of a track in one request that is cut anywhere.
func TestSharedMediaComesOut(t *testing.T) {
	t.Parallel()
	ways := map[string]func(b *bench, track string, header []byte, segments [][]byte){
		"a file a segment": func(b *bench, track string, header []byte, segments [][]byte) {
			b.put("/cmaf/live/"+track+"/init.mp4", header)
			for i, s := range segments {
				b.put(fmt.Sprintf("/cmaf/live/%s/%d.m4s", track, i+1), s)
			}
		},
		"streams": func(b *bench, track string, header []byte, segments [][]byte) {
			for _, s := range append([][]byte{header}, segments...) {
				b.put("/cmaf/live//Streams("+track+".cmfv)", s)
			}
		},
		"flat names": func(b *bench, track string, header []byte, segments [][]byte) {
			b.put("/cmaf/live/init-"+track+".m4s", header)
			for i, s := range segments {
				b.put(fmt.Sprintf("/cmaf/live/chunk-%s-%05d.m4s", track, i+1), s)
			}
		},
		"one request": func(b *bench, track string, header []byte, segments [][]byte) {
			r, w := io.Pipe()
			go func() {
				whole := append(bytes.Clone(header), bytes.Join(segments, nil)...)
				for len(whole) > 0 {
					n := min(len(whole), 7919)
					if _, err := w.Write(whole[:n]); err != nil {
						return
					}
					whole = whole[n:]
				}
				_ = w.Close()
			}()
			status, words := b.send("POST", "/cmaf/live/"+track+".cmfv", r)
			require.Equal(b.t, 200, status, words)
		},
	}
	for _, p := range presentations {
		for way, push := range ways {
			t.Run(p.name+", "+way, func(t *testing.T) {
				t.Parallel()
				b := newBench(t, func(c *Config) { c.Gather, c.GatherMost = 3*time.Second, 15*time.Second })
				var senders sync.WaitGroup
				want := make([][]media.Sample, len(p.tracks))
				for i, track := range p.tracks {
					name := p.header
					if p.dir == "awsMediaLiveScte35" {
						name = fmt.Sprintf(p.header, track[0])
					}
					header := shared(t, p.dir+"/"+track+"/"+name)
					segments := make([][]byte, p.count)
					for n := range segments {
						segments[n] = shared(t, p.dir+"/"+track+"/"+p.file(track, n+1))
					}
					want[i] = expected(t, header, segments...)
					senders.Go(func() { push(b, track, header, segments) })
				}
				senders.Wait()
				total := 0
				for _, w := range want {
					total += len(w)
				}
				f := b.feed(0)
				t.Cleanup(func() {
					if t.Failed() {
						for i := range f.Got().Formats() {
							t.Logf("track %d: %d of %d samples", i, len(f.Got().Of(i)), len(want[i]))
						}
					}
				})
				f.Wait(t, fmt.Sprintf("all %d samples", total), func(r ingesttest.Record) bool { return len(r.Samples)+r.Dropped() >= total })
				require.Len(t, b.opener.Feeds(), 1)
				require.Len(t, f.Got().Formats(), len(p.tracks))
				r := f.Got()
				require.Len(t, r.Starts, 1)
				require.Zero(t, r.Dropped(), "%q", r.Drops)
				for i := range p.tracks {
					requireSame(t, want[i], f.Got().Of(i))
				}
				requireInOrder(t, f)
			})
		}
	}
}

// requireInOrder checks that samples of all tracks were handed over by decoding time, but for the slack.
func requireInOrder(t *testing.T, f *ingesttest.Feed) {
	t.Helper()
	formats := f.Got().Formats()
	newest := media.Ticks(0)
	for i, s := range f.Got().Samples {
		at := media.Rescale(s.DTS, formats[s.Track].Clock.Timescale, nanoscale)
		require.LessOrEqual(t, newest-at, media.Ticks(slack)+media.Ticks(100*time.Millisecond), "sample %d", i)
		newest = max(newest, at)
	}
}
