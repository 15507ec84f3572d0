package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir/internal/catalog"
)

func TestLadderHasThreeForms(t *testing.T) {
	t.Parallel()
	list := []catalog.Rung{{Height: 360, Bitrate: 800_000, FPS: 25}, {Name: "low", Height: 180, Bitrate: 200_000, Codec: "hevc"}}
	for text, want := range map[string]catalog.LadderSettings{
		"720p": {Preset: "720p"},
		"[{height: 360, bitrate: 800k, fps: 25}, {name: low, height: 180, bitrate: 200k, codec: hevc}]":                        {Rungs: list},
		"{rungs: [{height: 360, bitrate: 800k, fps: 25}, {name: low, height: 180, bitrate: 200k, codec: hevc}], source: drop}": {Rungs: list, DropSource: true},
		"{preset: 480p, source: keep}": {Preset: "480p"},
	} {
		c, err := parse("weir.yaml", []byte("ingest: {ladder: {children: 2, nice: 19, speed: fast, ffmpeg: /opt/ffmpeg}}\nchannels: {news: {ladder: "+text+"}}"))
		require.NoError(t, err, text)
		assert.Equal(t, want, c.Channels[0].Ladder.Settings(), text)
		assert.Equal(t, Ladder{Children: 2, Nice: 19, Speed: "fast", FFmpeg: "/opt/ffmpeg"}, c.Ingest.Ladder)
	}
	for text, want := range map[string]string{
		"channels: {news: {ladder: 8k}}":                                   `1:27: channels.news.ladder: "8k" is no preset, known: 1080p, 480p, 720p`,
		"channels: {news: {ladder: [{height: 360}]}}":                      "1:27: channels.news.ladder: rung 360: a bitrate of 0 bit/s is out of bounds, must be from 20k to 100M",
		"channels: {news: {ladder: {rungs: 5}}}":                           "1:35: channels.news.ladder.rungs: must be a list in brackets, like [{height: 720, bitrate: 3M}, {height: 360, bitrate: 800k}]",
		"channels: {news: {ladder: {preset: 480p, source: no}}}":           `1:50: channels.news.ladder.source: "no" must be keep or drop`,
		"channels: {news: {ladder: [{height: 360, bitrate: 1M, crf: 1}]}}": `1:55: unknown key "crf" in channels.news.ladder, known: name, height, bitrate, fps, codec`,
		"ingest: {ladder: {nice: 20}}":                                     `1:25: ingest.ladder.nice: "20" must be a whole number from 0 to 19`,
		"ingest: {ladder: {speed: warp}}":                                  `1:26: ingest.ladder.speed: "warp" is not known, must be one of ultrafast, superfast, veryfast, faster, fast, medium, slow`,
		"ingest: {ladder: {children: 0}}":                                  `1:29: ingest.ladder.children: "0" must be a whole number from 1 to 1000`,
	} {
		_, err := parse("weir.yaml", []byte(text))
		assert.EqualError(t, err, "weir.yaml:"+want)
	}
}
