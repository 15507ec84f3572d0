package e2e

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What an operator got wrong is said in one clear line, with exit code 1.
func TestStartSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	file := filepath.Join(t.TempDir(), "a-file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))

	for name, c := range map[string]struct{ config, says string }{
		"used port":                {"edge: {listen: \"" + taken.Addr().String() + "\"}", "address already in use"},
		"unwritable data":          {"data: " + file, file},
		"unknown key":              {"edge: {listne: \":8080\"}", "weir.yaml:1:8:"},
		"not YAML":                 {"edge: [", "weir.yaml:1:"},
		"impossible DVR":           {"channels: {news: {dvr: -5s}}", "dvr"},
		"channel name not allowed": {"channels: {\"a b\": {}}", "a b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			config := filepath.Join(dir, "weir.yaml")
			text := c.config + "\n"
			for key, value := range map[string]string{
				"data": dir, "edge": "{listen: \"127.0.0.1:0\"}", "admin": "{listen: \"127.0.0.1:0\"}",
				"ingest": "{rtmp: \"127.0.0.1:0\", srt: \"127.0.0.1:0\", http: \"\"}",
			} {
				if !strings.HasPrefix(c.config, key+":") {
					text += key + ": " + value + "\n"
				}
			}
			require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
			out, err := serveBriefly(t, config)
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit, string(out))
			require.Equal(t, 1, exit.ExitCode(), string(out))
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			last := lines[len(lines)-1]
			require.Contains(t, last, c.says)
			require.NotContains(t, string(out), "goroutine")
		})
	}
}

// A second server must not open the data of a running one.
func TestDataDirectoryIsLocked(t *testing.T) {
	t.Parallel()
	s := settings{data: t.TempDir(), channels: "  live: {}\n"}
	start(t, s)
	config := filepath.Join(t.TempDir(), "weir.yaml")
	text := "data: " + s.data + "\nedge: {listen: \"127.0.0.1:0\"}\nadmin: {listen: \"127.0.0.1:0\"}\ningest: {rtmp: \"127.0.0.1:0\", srt: \"127.0.0.1:0\", http: \"\"}\n"
	require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
	out, err := serveBriefly(t, config)
	require.Error(t, err)
	require.Contains(t, string(out), s.data)
}

// serveBriefly runs a server that is to end by itself.
func serveBriefly(t *testing.T, config string) (output []byte, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	return exec.CommandContext(ctx, weirBinary, "serve", "--config", config).CombinedOutput()
}
