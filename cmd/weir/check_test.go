package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir/internal/check"
)

func TestCheckTellsByItsExitCode(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/index.m3u8" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nabsent.m4s\n#EXT-X-ENDLIST\n"))
	}))
	t.Cleanup(server.Close)
	for args, code := range map[string]int{
		"check --for 1s --json " + server.URL + "/index.m3u8": 1,
		"check --for 1s " + server.URL + "/nothing.m3u8":      1,
		"check": 2,
		"check --for soon " + server.URL + "/index.m3u8": 2,
	} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), asProgram+"="+args)
		out, err := cmd.Output()
		exit := &exec.ExitError{}
		require.ErrorAs(t, err, &exit, args)
		assert.Equal(t, code, exit.ExitCode(), "%s: %s", args, exit.Stderr)
		if len(out) > 0 && out[0] == '{' {
			var report check.Report
			require.NoError(t, json.Unmarshal(out, &report))
			assert.Equal(t, "HLS", report.Format)
			assert.True(t, report.Failed())
			assert.Equal(t, check.Fail, report.Findings[2].Verdict, "a segment that is listed is not there")
			assert.Equal(t, check.Fail, report.Findings[13].Verdict, "the content type is wrong")
		}
	}
}
