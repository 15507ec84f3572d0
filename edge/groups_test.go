package edge

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/catalog"
)

// A channel that is pinned to groups is read and served by their edges alone, also when it is pinned or let go while it is on air.
func TestPinnedChannelsAreServedByTheirGroups(t *testing.T) {
	t.Parallel()
	f := newFixtureWith(t, Config{Group: "eu"}, "news")
	<-f.handlers
	pin := func(id string, groups ...string) {
		ch := catalog.New(id)
		ch.Segment, ch.DVR, ch.Groups = lasts, time.Minute, catalog.MakeNames(groups)
		f.catalog.changes <- catalog.Change{ID: id, Channel: ch}
	}
	status := func(id string) int {
		resp, _ := f.get(http.MethodGet, "/live/"+id+"/v1/1.m4s")
		return resp.StatusCode
	}
	becomes := func(id string, want int) {
		t.Helper()
		require.Eventually(t, func() bool { return status(id) == want }, time.Minute, 5*time.Millisecond)
	}
	becomes("news", 503) // it is being read
	pin("news", "us", "asia")
	becomes("news", 421)
	require.NoError(t, f.server.Ready(), "nothing is waited for that others serve")
	pin("sport", "us")
	becomes("sport", 421)
	require.Empty(t, f.handlers, "what others serve is not read")
	resp, body := f.get(http.MethodGet, "/live/index.json")
	require.Equal(t, 200, resp.StatusCode)
	require.NotContains(t, body, "news")
	pin("news", "us", "eu")
	<-f.handlers
	becomes("news", 503)
	pin("sport")
	<-f.handlers
	becomes("sport", 503)
	pin("news", "us")
	becomes("news", 421)
	f.catalog.changes <- catalog.Change{ID: "news", Deleted: true}
	becomes("news", 404)
	require.Equal(t, 404, status("never"))
}
