package whip

import (
	"bytes"
	"log/slog"
	"slices"
	"testing"
	"time"

	"weir/ingest"
	"weir/ingest/ingesttest"
	"weir/internal/media"
)

// sender sends packets straight into an intake, without a network.
type sender struct {
	t       *testing.T
	intake  *intake
	feed    *ingesttest.Feed
	now     time.Time
	numbers [2]uint16
}

func newSender(t *testing.T, video, audio bool) *sender {
	o := offer{}
	if video {
		o.video = []format{{}}
	}
	if audio {
		o.audio = []format{{}}
	}
	feed := ingesttest.NewFeed(ingest.Publish{})
	return &sender{t: t, intake: newIntake(feed, 2*time.Second, waits{video: videoWait, audio: audioWait}, o, slog.New(slog.DiscardHandler)), feed: feed, now: ms(0)}
}

// after lets time pass.
func (s *sender) after(d time.Duration) *sender {
	s.t.Helper()
	for end := s.now.Add(d); s.now.Before(end); {
		s.now = s.now.Add(min(beat, end.Sub(s.now)))
		if err := s.intake.tick(s.now); err != nil {
			s.t.Fatal(err)
		}
	}
	return s
}

func (s *sender) packet(kind media.Kind, at uint32, marker bool, payload []byte) {
	s.t.Helper()
	track := 0
	if kind == media.Audio {
		track = 1
	}
	p := packet{seq: s.numbers[track], time: at, marker: marker, payload: bytes.Clone(payload)}
	s.numbers[track]++
	if err := s.intake.packet(kind, p, s.now); err != nil {
		s.t.Fatal(err)
	}
}

// trial sends key frames as they are asked for, so that the feed begins with the next one.
func (s *sender) trial() {
	s.t.Helper()
	for n := range uint32(trials) {
		s.video(n*3000-20_000, testSPS, testPPS, idr)
	}
	if len(s.feed.Got().Samples) != 0 {
		s.t.Fatal("the feed began before it was known whether the sender answers")
	}
}

// video sends a frame, one packet a NAL unit.
func (s *sender) video(at uint32, units ...[]byte) {
	s.t.Helper()
	for i, u := range units {
		s.packet(media.Video, at, i == len(units)-1, u)
	}
}

func (s *sender) reports(video, audio uint32) {
	s.intake.reported(media.Video, senderReport{ntp: 1 << 40, time: video})
	s.intake.reported(media.Audio, senderReport{ntp: 1 << 40, time: audio})
}

var (
	idr   = []byte{0x65, 0x88, 1}
	inter = []byte{0x41, 0x9a, 2}
	voice = []byte{0xfc, 1, 2, 3}
)

func TestFeedBeginsWithAKeyFrameOnceTheTracksAreTied(t *testing.T) {
	t.Parallel()
	s := newSender(t, true, true)
	s.video(0, testSPS, testPPS, idr)
	s.packet(media.Audio, 0, false, voice)
	s.after(trialTime)
	s.video(3*90000, inter)
	if len(s.feed.Got().Samples) != 0 {
		t.Fatal("began without sender reports")
	}
	s.reports(3*90000, 3*48000)
	s.after(beat)
	s.video(273000, inter)
	if len(s.feed.Got().Samples) != 0 || s.intake.keys.opened.IsZero() {
		t.Fatalf("%d samples; a key frame was asked for: %t", len(s.feed.Got().Samples), !s.intake.keys.opened.IsZero())
	}
	s.packet(media.Audio, 144960, false, voice)
	s.video(276000, idr)
	s.packet(media.Audio, 147200, false, voice)
	if len(s.feed.Got().Starts) != 1 || len(s.feed.Got().Starts[0]) != 2 || len(s.feed.Got().Samples) != 2 {
		t.Fatalf("%d starts, %d samples", len(s.feed.Got().Starts), len(s.feed.Got().Samples))
	}
	if s.feed.Got().Starts[0][0].KeysOnDemand {
		t.Error("the packager is told that key frames come on demand")
	}
	v, a := s.feed.Got().Samples[0], s.feed.Got().Samples[1]
	if !v.Sync || v.PTS.Duration(pictureRate) != a.PTS.Duration(soundRate) {
		t.Errorf("both were sent at one time: %v, %v", v, a)
	}
}

func TestSendersWithoutReportsArePlacedByArrival(t *testing.T) {
	t.Parallel()
	s := newSender(t, true, true)
	for n := range uint32(30) {
		s.video(n*18000, testSPS, testPPS, idr)
		s.packet(media.Audio, 777+n*9600, false, voice)
		s.after(200 * time.Millisecond)
	}
	if len(s.feed.Got().Samples) == 0 {
		t.Fatal("no samples")
	}
	v, a := s.feed.Got().Samples[0], s.feed.Got().Samples[1]
	if d := v.PTS.Duration(pictureRate) - a.PTS.Duration(soundRate); v.Track != 0 || a.Track != 1 || d.Abs() > time.Millisecond {
		t.Errorf("both came at one time: %v, %v", v, a)
	}
}

func TestSoundGoesAloneWherePicturesNeverCome(t *testing.T) {
	t.Parallel()
	s := newSender(t, true, true)
	for n := range uint32(60) {
		s.packet(media.Audio, n*9600, false, voice)
		s.after(200 * time.Millisecond)
	}
	if len(s.feed.Got().Starts) != 1 || len(s.feed.Got().Starts[0]) != 1 || s.feed.Got().Starts[0][0].Codec != media.Opus {
		t.Fatalf("starts: %v", s.feed.Got().Starts)
	}
	// Then the camera is switched on.
	for n := uint32(60); n < 90; n++ {
		s.video(n*18000, testSPS, testPPS, idr)
		s.packet(media.Audio, n*9600, false, voice)
		s.after(200 * time.Millisecond)
	}
	if len(s.feed.Got().Starts) != 2 || len(s.feed.Got().Starts[1]) != 2 || s.feed.Got().Starts[1][0].Codec != media.AVC {
		t.Fatalf("starts: %v", s.feed.Got().Starts)
	}
	var v, a media.Sample
	for i, m := range s.feed.Got().Samples {
		switch {
		case s.feed.Got().At[i] == 1 && m.Track == 0:
			v = m
		case s.feed.Got().At[i] == 1 && !bytes.Equal(m.Data, silence()):
			a = m
		}
	}
	if d := v.PTS.Duration(pictureRate) - a.PTS.Duration(soundRate); d.Abs() > time.Millisecond {
		t.Errorf("both came at one time: %v, %v", v, a)
	}
}

func TestParameterSets(t *testing.T) {
	t.Parallel()
	s := newSender(t, true, false)
	s.trial()
	delimiter, sei, filler, end := []byte{9, 0xf0}, []byte{6, 5, 1, 0x80}, []byte{12, 0xff, 0x80}, []byte{10}
	s.video(3000, delimiter, testSPS, testPPS, sei, idr, filler, end)
	s.video(6000, inter, inter)
	changed := bytes.Clone(testSPS)
	changed[3] = 40 // another level
	s.video(9000, changed, testPPS, idr)
	s.video(12000, []byte{0x68, 0xeb, 1}, inter) // a PPS in mid-stream is needed where it stands
	s.video(15000, inter)
	s.video(18000, testPPS, idr)
	want := [][]byte{sample([][]byte{sei, idr}, 0), sample([][]byte{inter, inter}, 0), sample([][]byte{idr}, 0), sample([][]byte{{0x68, 0xeb, 1}, inter}, 0), sample([][]byte{inter}, 0), sample([][]byte{idr}, 0)}
	for i, m := range s.feed.Got().Samples {
		if i >= len(want) || !bytes.Equal(m.Data, want[i]) || m.Sync != slices.Contains([]int{0, 2, 5}, i) {
			t.Errorf("sample %d: %x, key frame: %t", i, m.Data, m.Sync)
		}
	}
	if !slices.Equal(s.feed.Got().At, []int{0, 0, 1, 1, 1, 1}) {
		t.Errorf("samples follow starts %v", s.feed.Got().At)
	}
	// High Profile has its chroma format and bit depths at the end.
	record := s.feed.Got().Starts[0][0].Config
	if !s.feed.Got().Starts[0][0].KeysOnDemand {
		t.Error("the packager is not told that key frames come on demand")
	}
	if !bytes.Equal(record[:6], []byte{1, 0x64, 0, 0x1f, 0xff, 0xe1}) || !bytes.HasSuffix(record, []byte{0xfd, 0xf8, 0xf8, 0}) {
		t.Errorf("record %x", record)
	}
}

func TestAfterLossNothingIsShownUntilTheNextKeyFrame(t *testing.T) {
	t.Parallel()
	s := newSender(t, true, false)
	s.trial()
	s.video(3000, testSPS, testPPS, idr)
	s.video(6000, inter)
	s.intake.wanted = false
	s.numbers[0]++ // a packet is lost
	s.video(9000, inter)
	s.video(12000, inter)
	if len(s.feed.Got().Samples) != 2 {
		t.Fatalf("%d samples: the lost packet may still come", len(s.feed.Got().Samples))
	}
	s.after(videoWait + beat)
	if len(s.feed.Got().Samples) != 2 || !s.intake.wanted {
		t.Fatalf("%d samples; a key frame is wanted: %t", len(s.feed.Got().Samples), s.intake.wanted)
	}
	s.video(15000, idr)
	s.video(18000, inter)
	if len(s.feed.Got().Samples) != 4 || !s.feed.Got().Samples[2].Sync {
		t.Fatalf("%d samples", len(s.feed.Got().Samples))
	}
	if d := s.feed.Got().Drops; d["video frame: packets were lost"] != 1 || d["video frame: it waits for a key frame after loss"] != 1 {
		t.Errorf("dropped: %v", d)
	}
}

func TestSilenceFillsWhatDTXLeavesOut(t *testing.T) {
	t.Parallel()
	s := newSender(t, false, true)
	s.packet(media.Audio, 960, true, voice)
	s.packet(media.Audio, 960+400*48, false, voice) // 400 ms later, and no packet was lost
	s.numbers[1]++
	s.packet(media.Audio, 960+440*48, false, voice) // one was
	s.after(audioWait + beat)
	s.packet(media.Audio, 960+460*48, false, voice)
	var at []media.Ticks
	quiet := 0
	for _, m := range s.feed.Got().Samples {
		at = append(at, m.PTS-s.feed.Got().Samples[0].PTS)
		if bytes.Equal(m.Data, silence()) {
			quiet++
		}
	}
	want := []media.Ticks{0}
	for n := media.Ticks(1); n < 20; n++ {
		want = append(want, n*960)
	}
	want = append(want, 400*48, 440*48, 460*48)
	if !slices.Equal(at, want) || quiet != 19 {
		t.Errorf("samples at %v, %d of silence", at, quiet)
	}
	if d := s.feed.Got().Drops; d["audio packet was lost"] != 1 {
		t.Errorf("dropped: %v", d)
	}
	if soundDuration(silence()) != soundFrame {
		t.Error("silence is not as long as its frame")
	}
}

func TestFramesOutOfOrderAreLeftOut(t *testing.T) {
	t.Parallel()
	s := newSender(t, true, false)
	s.trial()
	for _, at := range []uint32{3000, 12000, 6000, 9000, 15000} {
		s.video(at, testSPS, testPPS, idr)
	}
	if len(s.feed.Got().Samples) != 3 || s.feed.Got().Drops["video frame: out of order, as B-frames are: switch them off"] != 2 {
		t.Errorf("%d samples, dropped: %v", len(s.feed.Got().Samples), s.feed.Got().Drops)
	}
}
