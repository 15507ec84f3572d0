package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"weir/internal/sizing"
)

// size runs `weir size` and gives what it prints, and what it says where it fails.
func size(t *testing.T, args ...string) (out, failure string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), asProgram+"=size")
	for _, a := range args {
		cmd.Env[len(cmd.Env)-1] += " " + a
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	b, err := cmd.Output()
	if err != nil {
		require.NotEmpty(t, said.String())
	}
	return string(b), said.String()
}

// sizeOf is the number of that key.
func sizeOf(t *testing.T, key string, args ...string) float64 {
	t.Helper()
	out, failure := size(t, append(args, "--json")...)
	require.Empty(t, failure)
	var p sizing.Plan
	require.NoError(t, json.Unmarshal([]byte(out), &p))
	l, ok := p.Line(key)
	require.True(t, ok, key)
	return l.Value
}

func TestSize(t *testing.T) {
	t.Parallel()
	out, failure := size(t, "--channels", "10", "--bitrate", "8M", "--dvr", "4h", "--viewers", "2000", "--viewer-bitrate", "8M", "--edge-memory", "64GiB")
	require.Empty(t, failure)
	require.Contains(t, out, "16 Gb/s  bandwidth out, to viewers\n")
	require.Contains(t, out, "= 16 Gb/s ÷ (10 Gb/s × 0.8)\n")
	require.Contains(t, out, "Σ bitrate ÷ 8 × (DVR + 4 segments)")
	require.Contains(t, out, "of the windows that is not in memory with this edge.memory, and is read back")
	require.Contains(t, out, "memory of each server of the bus")
	require.Equal(t, 2., sizeOf(t, "nics", "--viewers", "2000", "--viewer-bitrate", "8M"))
}

func TestSizeOfAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "weir.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
edge: {memory: 3GiB}
channels:
  news: {dvr: 1h}
  sport: {dvr: 2h, ladder: {preset: 480p}}
`), 0o600))
	// 5 Mb/s are assumed, and for sport the three rungs of 480p beside it.
	require.Equal(t, 12_600_000., sizeOf(t, "bandwidth.in", "-c", file))
	require.Equal(t, 7_000_000., sizeOf(t, "bandwidth.in", "-c", file, "--bitrate", "3M", "--bitrate", "sport=4M"))
	require.Equal(t, sizeOf(t, "disk", "-c", file)*3, sizeOf(t, "disk", "-c", file, "--replicas", "3"))
	_, failure := size(t, "-c", file, "--bitrate", "sprt=4M")
	require.Contains(t, failure, `has no channel "sprt"`)
	_, failure = size(t, "--bitrate", "news=4M")
	require.Contains(t, failure, "with --config only")
	_, failure = size(t, "--nic", "fast")
	require.Contains(t, failure, "--nic: \"fast\" is no bitrate")
	_, failure = size(t, "--replicas", "3", "--nodes", "2")
	require.Contains(t, failure, "3 replicas need as many nodes, there are 2")
}
