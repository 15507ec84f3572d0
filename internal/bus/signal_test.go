package bus

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

func testSignal(id string, row uint64) media.Signal {
	return media.Signal{
		ID: id, Row: row, Start: timeline.Add(time.Second), Date: timeline.Add(time.Second + time.Millisecond), Planned: time.Minute,
		Out: []byte{0xfc, 1, 2}, AutoReturn: true, Type: 0x34,
	}
}

// Signals come where they were sent among the media, also those of a writer that follows another, whose numbers it must not use again.
func TestSignalsTravelWithTheMedia(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	live := read(t, b, "news")
	var sent []media.Signal
	for life := range uint64(3) {
		w := acquire(t, b, "news")
		first := w.Resume().Segment
		run, inits := testRun(w.Resume().Run, first, timeline.Add(time.Duration(first)*2*time.Second))
		require.NoError(t, w.Run(run, inits))
		if life == 0 {
			require.NoError(t, w.Target(3*time.Second))
		}
		tell := func(row uint64) {
			for i := range 3 {
				s := testSignal(fmt.Sprintf("splice-%d-%d-%d", life, row, i), row)
				require.NoError(t, w.Signal(s))
				sent = append(sent, s)
			}
		}
		tell(first)
		for n := first; n < first+2; n++ {
			writeRow(t, w, run, n, 100)
			tell(n)
		}
		again := testSignal("splice-again", first) // of an old row
		require.NoError(t, w.Signal(again))
		sent = append(sent, again)
		closeWriter(t, w)
		require.Zero(t, w.Stats().PendingMessages)
		require.Zero(t, w.Stats().DroppedSegments)
	}
	late := read(t, b, "news")
	for name, r := range map[string]*recorder{"live": live, "late": late} {
		r.wait(t, "all signals", func() bool { return len(r.signals) >= len(sent) && r.caughtUp == 1 })
		require.Equal(t, sent, r.signals, name)
		require.Empty(t, r.problems)
	}
	require.Zero(t, b.ReadStats("news").Malformed+b.ReadStats("news").Unknown)
}

func TestSignalsThatAreRefused(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	w := acquire(t, b, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	for name, change := range map[string]func(*media.Signal){
		"no ID":           func(s *media.Signal) { s.ID = "" },
		"a quote":         func(s *media.Signal) { s.ID = `a"b` },
		"no time":         func(s *media.Signal) { s.Start = time.Time{} },
		"no date":         func(s *media.Signal) { s.Date = time.Time{} },
		"less than none":  func(s *media.Signal) { s.Planned = -1 },
		"nothing in it":   func(s *media.Signal) { s.Out = nil },
		"too much in it":  func(s *media.Signal) { s.Out = make([]byte, maxSignal) },
		"no scheme":       func(s *media.Signal) { s.InBand = true },
		"too high a row":  func(s *media.Signal) { s.Row = maxNumber + 1 },
		"too long a name": func(s *media.Signal) { s.Value = string(make([]byte, 1000)) },
	} {
		s := testSignal("splice-1", 0)
		change(&s)
		require.Error(t, w.Signal(s), name)
		data, err := json.Marshal(s)
		require.NoError(t, err)
		m := message{Data: data}
		if _, err := m.signal(); name != "too much in it" || len(data) > maxSignal {
			require.ErrorIs(t, err, ErrMalformed, name)
		}
	}
	require.NoError(t, w.Signal(testSignal("splice-1", 0)))
	closeWriter(t, w)
}

func FuzzSignal(f *testing.F) {
	s, err := json.Marshal(testSignal("splice-1-2", 7))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s)
	f.Add([]byte(`{"id":"messages-0-0","row":1,"inBand":true,"scheme":"https://aomedia.org/emsg/ID3"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m := message{Data: data}
		s, err := m.signal()
		if err != nil {
			require.ErrorIs(t, err, ErrMalformed)
			return
		}
		require.NoError(t, checkSignal(&s))
		s.End()
	})
}
