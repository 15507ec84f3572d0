package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir/testdata"
)

// demoFile is the bundled clip as a file.
func demoFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "demo.mp4")
	require.NoError(t, os.WriteFile(path, []byte(testdata.Demo), 0o600))
	return path
}

var packetHash = regexp.MustCompile("MD5:[0-9a-f]{32}")

// need skips a test where a program is not there that it drives; `make test` sees to it.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skip(program + " is not installed: `make test` sees to it")
	}
}

// hashes are those of all packets of a kind, in order, as ffmpeg reads them.
func hashes(t *testing.T, input, kind string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-select_streams", kind, "-show_packets", "-show_data_hash", "md5",
		"-show_entries", "packet=data_hash", "-of", "csv=p=0", input).Output()
	require.NoError(t, err, input)
	return packetHash.FindAllString(string(out), -1)
}

// What is packaged is read by ffmpeg from both manifests, every packet of it.
func TestVodPackage(t *testing.T) {
	t.Parallel()
	need(t, "ffprobe")
	demo, dir := demoFile(t), filepath.Join(t.TempDir(), "new", "demo")
	c := &vodPackageCommand{Paths: []string{demo + "#fr", dir}, Segment: 2 * time.Second}
	require.NoError(t, c.Run(t.Context()))
	for _, kind := range []string{"v:0", "a:0"} {
		want := hashes(t, demo, kind)
		require.NotEmpty(t, want)
		for _, name := range []string{"index.m3u8", "manifest.mpd"} {
			assert.True(t, slices.Equal(want, hashes(t, filepath.Join(dir, name), kind)), "%s of %s", kind, name)
		}
	}
	playlist, err := os.ReadFile(filepath.Join(dir, "index.m3u8"))
	require.NoError(t, err)
	assert.Contains(t, string(playlist), `LANGUAGE="fr"`)
	for _, name := range []string{"v1/init-1.mp4", "v1/0.m4s", "v1/0.key.m4s", "v1/index.m3u8", "v1/iframes.m3u8", "a1/0.m4s"} {
		st, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o644), st.Mode().Perm(), name)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(dir), ".*"))
	require.NoError(t, err)
	assert.Empty(t, left)

	// What is there is not written over, unless that is asked for.
	require.ErrorContains(t, c.Run(t.Context()), "--force")
	own := filepath.Join(dir, "own.txt")
	require.NoError(t, os.WriteFile(own, []byte("mine"), 0o600))
	c.Force = true
	require.NoError(t, c.Run(t.Context()))
	assert.FileExists(t, own)
	left, err = filepath.Glob(filepath.Join(dir, "*", ".*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

// Files of subtitles are tracks of the title: HLS has them as WebVTT, DASH in MP4.
func TestVodSubtitles(t *testing.T) {
	t.Parallel()
	demo, dir := demoFile(t), filepath.Join(t.TempDir(), "out")
	spoken := filepath.Join(t.TempDir(), "de.srt")
	require.NoError(t, os.WriteFile(spoken, []byte("1\n00:00:01,000 --> 00:00:03,000\nHallo\n\n2\n00:10:00,000 --> 00:10:01,000\nzu sp\xe4t\n"), 0o600))
	c := &vodPackageCommand{Paths: []string{demo, spoken + "#de", dir}, Segment: 2 * time.Second}
	require.NoError(t, c.Run(t.Context()))
	read := func(name string) string {
		raw, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		require.NoError(t, err)
		return string(raw)
	}
	assert.Contains(t, read("index.m3u8"), `LANGUAGE="de"`)
	assert.Contains(t, read("manifest.mpd"), `codecs="wvtt"`)
	assert.Contains(t, read("t1/0.m4s"), "Hallo")
	assert.Contains(t, read("t1/0.vtt"), "00:00:01.000 --> 00:00:02.000\nHallo\n")
	assert.Contains(t, read("t1/1.vtt"), "00:00:02.000 --> 00:00:03.000\nHallo\n")

	inputs, err := openInputs(t.Context(), []string{demo, spoken + "#de"})
	require.NoError(t, err)
	defer closeInputs(inputs)
	title, err := titleOf(inputs, 2*time.Second)
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, inspect(inputs, title).writeText(&b))
	assert.Contains(t, b.String(), "  ! it is not UTF-8: it is read as Windows-1252\n")
	assert.Contains(t, b.String(), "       2 cues, the last ends at 10m1s\n")
	assert.Contains(t, b.String(), "  ! t1: 1 cue is left out that begins behind the end of the title")
}

// A file that cannot be packaged leaves nothing behind.
func TestVodPackageLeavesNothing(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	bad := filepath.Join(base, "bad.mp4")
	require.NoError(t, os.WriteFile(bad, []byte(testdata.Demo)[:len(testdata.Demo)/2], 0o600))
	c := &vodPackageCommand{Paths: []string{bad, filepath.Join(base, "out")}, Segment: time.Second}
	require.ErrorContains(t, c.Run(t.Context()), "cut off")
	c.Paths = []string{demoFile(t), filepath.Join(base, "out")}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, c.Run(ctx), context.Canceled)
	entries, err := os.ReadDir(base)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
	c.Paths = c.Paths[:1]
	require.ErrorContains(t, c.Run(t.Context()), "at least one file")
}

// The report tells the tracks and the plan, as JSON and in words.
func TestVodInspect(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), asProgram+"=vod inspect --json --segment 2s "+demoFile(t))
	out, err := cmd.Output()
	require.NoError(t, err)
	var r vodReport
	require.NoError(t, json.Unmarshal(out, &r))
	require.Len(t, r.Files, 1)
	f := r.Files[0]
	assert.Equal(t, "MP4", f.Container)
	assert.LessOrEqual(t, f.Ranges, 3)
	require.Len(t, f.Tracks, 2)
	require.NotNil(t, r.Plan)
	assert.Equal(t, len(r.Plan.Tracks), len(f.Tracks))
	assert.InDelta(t, f.Duration, r.Plan.Duration, 0.1)
	assert.Positive(t, r.Plan.Segments)
	for _, track := range f.Tracks {
		assert.NotEmpty(t, track.Name)
		assert.NotEmpty(t, track.Description.Codecs)
	}
	var b bytes.Buffer
	require.NoError(t, r.writeText(&b))
	assert.Contains(t, b.String(), "key frames, ")
	assert.Contains(t, b.String(), "Plan: ")
}

// Files that do not play say why, and make the program fail.
func TestVodInspectTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "text.mp4")
	require.NoError(t, os.WriteFile(path, []byte("no media at all"), 0o600))
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), asProgram+"=vod inspect "+path)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	exit := &exec.ExitError{}
	require.ErrorAs(t, cmd.Run(), &exit)
	assert.Equal(t, exitFailure, exit.ExitCode())
	assert.Contains(t, stderr.String(), "no format that is known")
}
