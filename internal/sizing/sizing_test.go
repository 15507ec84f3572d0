package sizing

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// value is the number of that key, of a plan that must have it.
func value(t *testing.T, p *Plan, key string) float64 {
	t.Helper()
	l, ok := p.Line(key)
	require.True(t, ok, key)
	require.False(t, l.Impossible, "%s: %s", key, l.Formula)
	require.NotEmpty(t, l.Formula, key)
	return l.Value
}

// service is 100 channels of 10 Mb/s with a day each, for 20,000 viewers.
func service() Input {
	return Input{
		Channels: []Group{{Count: 100, Channel: Channel{ID: "c", Bitrate: 10_000_000, DVR: 24 * time.Hour, Segment: 2 * time.Second, Chunk: 200 * time.Millisecond}}},
		Viewers:  20_000, ViewerBitrate: 5_000_000, DASH: 0.25, LowLatency: 0.5, Session: 20 * time.Minute,
		NIC: 10e9, NICs: 2, EdgeMemory: 4 << 40, Nodes: 5, Replicas: 3,
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	p, err := New(service())
	require.NoError(t, err)
	const media = 100 * 10e6 / 8 * 86400.
	require.InEpsilon(t, media, value(t, p, "memory.windows"), 0.02)
	require.Greater(t, value(t, p, "memory.windows"), media)
	require.InEpsilon(t, media*1.08, value(t, p, "memory.process"), 0.02)
	require.InEpsilon(t, 3*media, value(t, p, "disk"), 0.02)
	require.Equal(t, value(t, p, "disk")/5, value(t, p, "disk.node"))
	require.Equal(t, 1e9, value(t, p, "bandwidth.in"))
	require.Equal(t, 3e9, value(t, p, "bandwidth.bus"))
	require.Equal(t, 100e9, value(t, p, "bandwidth.out"))
	require.Equal(t, 13., value(t, p, "nics")) // 100 ÷ 8
	require.Equal(t, 7., value(t, p, "edges.bandwidth"))
	require.InEpsilon(t, media/WindowsShare, value(t, p, "memory.edge"), 0.02)
	const live = 100 * 10e6 / 8 * 16.
	require.Greater(t, value(t, p, "memory.least"), live/WindowsShare)
	require.InEpsilon(t, (live+100*2*43200*(segmentBytes+partBytes))/WindowsShare, value(t, p, "memory.least"), 0.05)
	require.InEpsilon(t, value(t, p, "memory.windows")-WindowsShare*float64(service().EdgeMemory), value(t, p, "memory.readback"), 1e-9)
	require.InEpsilon(t, WindowsShare*float64(service().EdgeMemory)*1.08, value(t, p, "memory.process.edge"), 0.02)
	require.Equal(t, 1., value(t, p, "edges.memory"), "it works with any that is not less than the least")
	require.Equal(t, 7*256.*(1<<20), value(t, p, "cache.sharded"))
	require.InEpsilon(t, 64<<20+3./5*100*(8<<20+10e6/8*10+(86400+64)/2*2*11*256.), value(t, p, "memory.node"), 0.01)
	require.Equal(t, 7., value(t, p, "edges"))
	require.Equal(t, 7e9, value(t, p, "bandwidth.bus.out"))

	require.Equal(t, 7500., value(t, p, "requests.hls.media"))           // 7500 × 2 tracks ÷ 2 s
	require.Equal(t, 7500*10., value(t, p, "requests.ll-hls.media"))     // 2 tracks ÷ 200 ms
	require.Equal(t, 7500*10., value(t, p, "requests.ll-hls.manifests")) // likewise
	require.Equal(t, 1250., value(t, p, "requests.dash.manifests"))      // 2500 ÷ 2 s
	require.Equal(t, 2500., value(t, p, "requests.ll-dash.media"))       // 2500 × 2 tracks ÷ 2 s
	require.Equal(t, 5000., value(t, p, "requests.ll-dash.manifests"))
	require.Equal(t, 7500*2.+75000*2+2500*1.5+2500*3, value(t, p, "requests"))
	require.Equal(t, 7500*2.+7500*4+5000*2, value(t, p, "connections"))
	require.InDelta(t, 55000/1200., value(t, p, "connections.new"), 1e-9)
}

// What is not known is not made up.
func TestPlanWithoutMachines(t *testing.T) {
	t.Parallel()
	in := service()
	in.NIC, in.EdgeMemory = 0, 0
	p, err := New(in)
	require.NoError(t, err)
	for _, key := range []string{"nics", "edges.bandwidth", "edges.memory", "memory.readback", "memory.process.edge", "cache.sharded", "edges"} {
		l, ok := p.Line(key)
		require.True(t, ok && l.Impossible && l.Text() == "none", key)
	}
	in = service()
	in.EdgeMemory = 1 << 30 // what is live of all channels is 2 GB
	p, err = New(in)
	require.NoError(t, err)
	for key, why := range map[string]string{"edges.memory": "more than there is, 1 GiB", "memory.readback": "1 GiB, is less than the least", "edges": "or there is none"} {
		l, _ := p.Line(key)
		require.True(t, l.Impossible, key)
		require.Contains(t, l.Formula, why)
	}
}

func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*Input){
		"less than nothing":    func(in *Input) { in.Viewers = -1 },
		"cannot be less":       func(in *Input) { in.Channels[0].DVR = -1 },
		"from 0 to 1":          func(in *Input) { in.DASH = 1.1 },
		"shares of the":        func(in *Input) { in.LowLatency = math.NaN() },
		"need as many nodes":   func(in *Input) { in.Nodes = 2 },
		"bitrate of a viewer:": func(in *Input) { in.ViewerBitrate = -5 },
	} {
		in := service()
		spoil(&in)
		_, err := New(in)
		require.ErrorContains(t, err, name)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	news := Channel{ID: "news", Bitrate: 8_000_000, DVR: time.Hour, Segment: 2 * time.Second}
	sport := Channel{ID: "sport", Bitrate: 8_000_000, DVR: 4 * time.Hour, Segment: 2 * time.Second, Assumed: true}
	v := Check([]Channel{news, sport}, Have{Memory: 20 << 30, Disk: 20 << 30})
	require.True(t, v.Fits())
	require.Empty(t, v.Warnings())
	require.Equal(t, "sport", v.Channels[0].ID, "the largest is first")

	v = Check([]Channel{news, sport}, Have{Memory: 2 << 30, Disk: 20 << 30, Replicas: 3})
	require.False(t, v.Fits())
	require.Equal(t, v.Memory.Need-2<<30, v.Memory.Over())
	warnings := append(v.Notes(), v.Warnings()...)
	require.Len(t, warnings, 2)
	require.Empty(t, Check([]Channel{news, sport}, Have{Memory: 2 << 30}).Warnings(), "edges work with that")
	v = Check([]Channel{news, sport}, Have{Memory: 32 << 20, Disk: 200 << 30})
	require.False(t, v.Fits())
	require.Empty(t, v.Notes())
	require.Equal(t, []string{"what is live of 2 channels, and what is to be known of their DVR windows, takes " + Bytes(v.Least.Need) + " of memory, edge.memory has 32 MiB for them: " +
		Bytes(v.Least.Over()) + " too much (of 1 that nothing came of yet 5 Mb/s a feed is assumed)"}, v.Warnings())
	v = Check([]Channel{news, sport}, Have{Memory: 2 << 30, Disk: 20 << 30, Replicas: 3})
	require.Equal(t, "the DVR windows of 2 channels need "+Bytes(v.Memory.Need)+" of memory when they are full, edge.memory has 2 GiB for them: "+
		Bytes(v.Memory.Over())+" too much; about 11% of them stay in memory, what is older is read back from the bus when it is asked for (of 1 that nothing came of yet 5 Mb/s a feed is assumed)", warnings[0])
	require.Contains(t, warnings[1], "of the bus's disk")
	n, ok := v.Of("news")
	require.True(t, ok)
	require.Contains(t, n.Words(), "8 Mb/s (measured) for 1h")

	v = Check([]Channel{news, sport}, Have{})
	require.True(t, v.Fits(), "what is not known is not too little")
	huge := Channel{ID: "huge", Bitrate: math.MaxInt64, DVR: math.MaxInt64}
	v = Check([]Channel{huge, huge}, Have{Memory: 1, Disk: 1, Replicas: 5})
	require.Equal(t, int64(math.MaxInt64-1), v.Memory.Over())
	require.Equal(t, int64(math.MaxInt64-1), v.Disk.Over())
}

func TestUnits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"8M": 8e6, "2.5 Mb/s": 25e5, "500k": 5e5, "10G": 1e10, "10Gbit/s": 1e10, "1200": 1200, " 3 M ": 3e6, "1T": 1e12, "100bps": 100,
	} {
		got, err := ParseRate(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "M", "-1M", "8X", "NaN", "Inf", "1e300", "8M8", strings.Repeat("9", 400)} {
		_, err := ParseRate(text)
		require.Error(t, err, text)
	}
	require.Equal(t, "1.5 GiB", Bytes(3<<29))
	require.Equal(t, "999 B", Bytes(999))
	require.Equal(t, "12.3 Mb/s", Rate(12_345_678))
	require.Equal(t, "123 Mb/s", Rate(123_456_789))
	require.Equal(t, "1h30m", Span(90*time.Minute))
}
