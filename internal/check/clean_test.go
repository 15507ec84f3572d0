package check

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// simLength is how long the simulated channel is followed.
const simLength = 16 * time.Second

// checked checks the simulated channel for a while, on the clock of a bubble.
func checked(t *testing.T, s *server, path string, length time.Duration) *Report {
	t.Helper()
	var report *Report
	synctest.Test(t, func(t *testing.T) {
		if s.captured != nil {
			require.NoError(t, until(t.Context(), s.captured.Start))
		}
		if s.begin.IsZero() {
			s.begin = time.Now().Add(-100 * time.Second)
		}
		if s.window == 0 {
			s.window = 10
		}
		var err error
		report, err = Run(context.Background(), Options{URL: "http://sim.invalid" + path, For: length, Transport: s})
		require.NoError(t, err)
	})
	return report
}

// text is what a report says of the rules that were not kept.
func text(r *Report, v Verdict) string {
	var b strings.Builder
	for i := range r.Findings {
		if r.Findings[i].Verdict == v {
			for _, e := range r.Findings[i].Evidence {
				b.WriteString(r.Findings[i].Title + ": " + e.Text + " " + e.URL + "\n")
			}
		}
	}
	return b.String()
}

func TestAChannelThatKeepsTheRulesIsClean(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path    string
		channel channel
	}{
		"HLS":                          {"/index.m3u8", channel{}},
		"HLS, a media playlist alone":  {"/v1/index.m3u8", channel{}},
		"HLS, without low latency":     {"/index.m3u8", channel{plain: true}},
		"HLS, audio only":              {"/index.m3u8", channel{audio: true}},
		"HLS, a feed that reconnects":  {"/index.m3u8", channel{cut: 53}},
		"HLS, a channel that ends":     {"/index.m3u8", channel{end: 55}},
		"HLS, finished":                {"/index.m3u8", channel{end: 40, window: 40}},
		"DASH":                         {"/manifest.mpd", channel{}},
		"DASH, low latency":            {"/manifest.mpd", channel{ahead: true}},
		"DASH, audio only":             {"/manifest.mpd", channel{audio: true}},
		"DASH, a feed that reconnects": {"/manifest.mpd", channel{cut: 53}},
		"DASH, a channel that ends":    {"/manifest.mpd", channel{end: 55}},
		"DASH, finished":               {"/manifest.mpd", channel{end: 40, window: 40}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := checked(t, &server{channel: c.channel}, c.path, simLength)
			require.Empty(t, text(r, Fail), "fails")
			require.Empty(t, text(r, Warning), "warnings")
		})
	}
}
