package check

import (
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var captureFrom = flag.String("capture", "", "`URL` of a channel of Weir to capture anew (see testdata/capture.sh)")

// TestEachFaultInACapturedChannelIsFound replays what a channel of Weir answered: as it is no rule fails, and with something changed in
// the captured text or bytes the rules fail that are broken by it, and no others.
func TestEachFaultInACapturedChannelIsFound(t *testing.T) {
	t.Parallel()
	if *captureFrom != "" {
		c, err := record(t.Context(), *captureFrom)
		require.NoError(t, err)
		require.NoError(t, c.write())
	}
	c, err := readCapture()
	require.NoError(t, err)
	paths := map[string]string{"HLS": mainList, "DASH": manifest, "DASH, finished": c.finished(t)}
	for name, path := range paths {
		t.Run(name+", as it is", func(t *testing.T) {
			t.Parallel()
			r := checked(t, &server{captured: c}, path, simLength)
			require.Empty(t, text(r, Fail), "fails")
			require.Empty(t, text(r, Warning), "warnings")
		})
	}
	for name, faults := range map[string]map[string]capturedFault{"HLS": capturedHLS(c), "DASH": capturedDASH(c), "DASH, finished": capturedStatic()} {
		for what, f := range faults {
			t.Run(name+", "+what, func(t *testing.T) {
				t.Parallel()
				f.find(t, paths[name], c)
			})
		}
	}
	t.Run("HLS, nothing new comes for five seconds", func(t *testing.T) {
		t.Parallel()
		capturedFault{rules: []int{rulePace, ruleParts}}.find(t, mainList, c.withheld(6*time.Second, 5*time.Second))
	})
}

// find injects the fault into the capture.
func (f capturedFault) find(t *testing.T, path string, c *capture) {
	fault{rules: f.rules, do: f.do}.find(t, path, c)
}

// finished is the MPD of a form of the channel that has ended.
func (c *capture) finished(t *testing.T) string {
	for key := range c.manifests {
		if strings.HasPrefix(key, manifest+"?end=") {
			return key
		}
	}
	require.Fail(t, "no finished form was captured")
	return ""
}
