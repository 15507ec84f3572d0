package edge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"weir/internal/library"
	"weir/internal/origin"
	"weir/packager/vod"
)

// failing are assets that cannot be opened: why is the asset's ID.
type failing map[string]error

func (f failing) Open(_ context.Context, id string) (library.Asset, error) { return nil, f[id] }
func (f failing) List(int) []library.Entry                                 { return nil }

func TestAssetsThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	told := fmt.Errorf("/srv/secret: %w", origin.ErrRefused)
	f := newFixtureWith(t, Config{Assets: failing{
		"none": library.ErrNotFound, "missing": fmt.Errorf("x: %w", origin.ErrNotFound), "forbidden": fmt.Errorf("%w: %w", library.ErrForbidden, told),
		"down": errors.Join(origin.ErrUnavailable, told), "broken": fmt.Errorf("%w: no moov", vod.ErrFile), "busy": library.ErrBusy,
		"changed": origin.ErrChanged, "late": context.DeadlineExceeded,
	}})
	for id, want := range map[string]int{
		"none": 404, "missing": 404, "forbidden": 404, "down": 502, "broken": 422, "busy": 503, "changed": 410, "late": 504,
	} {
		for _, path := range []string{"/index.m3u8", "/manifest.mpd", "/v1/0.m4s"} {
			resp, text := f.get(http.MethodGet, "/vod/"+id+path)
			require.Equal(t, want, resp.StatusCode, "%s: %s", id, text)
			require.NotContains(t, text, "secret")
		}
	}
}
