package vod

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// film is four hours of 60 pictures a second, a key frame every two seconds, with sound.
func film(b *testing.B) *Index {
	var video, audio []Sample
	late := []int32{2, 5, 2, 0, 1}
	for i := range int64(4 * 3600 * 60) {
		s := Sample{Offset: i * 10000, Size: uint32(5000 + i*7919%3000), DTS: i * 256, Duration: 256, CTS: 512, Sync: i%120 == 0}
		if k := i % 120; k > 0 {
			s.CTS = 256 * late[1+(k-1)%4]
		}
		video = append(video, s)
	}
	for i := range int64(4 * 3600 * 48000 / 1024) {
		audio = append(audio, Sample{Offset: i*12800 + 9000, Size: uint32(300 + i%100), DTS: i * 1024, Duration: 1024, Sync: true})
	}
	return &Index{Size: testFile, Tracks: []*Track{
		made(b, 1, media.Video, media.Format{Codec: media.AVC, Config: []byte(avcConfig), Clock: media.Clock{Timescale: 15360}}, video),
		made(b, 2, media.Audio, media.Format{Codec: media.AAC, Config: []byte{0x11, 0x90}, Clock: media.Clock{Timescale: 48000}}, audio),
	}}
}

func BenchmarkNewFilm(b *testing.B) {
	x := film(b)
	b.ReportMetric(float64(x.Bytes())/4, "B/h")
	for b.Loop() {
		_, err := New([]Input{{Index: x}}, 4*time.Second)
		require.NoError(b, err)
	}
}

func BenchmarkSegment(b *testing.B) {
	t, err := New([]Input{{Index: film(b)}}, 4*time.Second)
	require.NoError(b, err)
	n := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		_, ok := t.Segment("v1", n%3600)
		require.True(b, ok)
		n++
	}
}

func BenchmarkRow(b *testing.B) {
	t, err := New([]Input{{Index: film(b)}}, 4*time.Second)
	require.NoError(b, err)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		t.Window().Rows.At(n % 3600)
		n++
	}
}
