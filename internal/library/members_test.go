package library

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/catalog"
	"weir/internal/origin"
)

func TestMembersOfALibraryAreListed(t *testing.T) {
	t.Parallel()
	dirs := map[string]string{"one": t.TempDir(), "two": t.TempDir()}
	for name, paths := range map[string][]string{
		"one": {"a.mp4", "dir/b.mp4", "dir/c.mp4", "odd+name.mp4", ".hidden", "dir/sub dir/ü.flac"},
		"two": {"a.mp4", "dir/b2.mp4", "z.mp4"},
	} {
		for _, path := range paths {
			at := filepath.Join(dirs[name], path)
			require.NoError(t, os.MkdirAll(filepath.Dir(at), 0o700))
			require.NoError(t, os.WriteFile(at, []byte(name+path), 0o600))
		}
	}
	f := newFixture(t, listing{}, 0)
	sites, err := origin.New([]origin.Config{
		{Name: "one", URL: "file:" + dirs["one"]},
		{Name: "two", URL: "file:" + dirs["two"]},
		{Name: "web", URL: "http://127.0.0.1:1/"},
		{Name: "lost", URL: "file:" + filepath.Join(dirs["one"], "not", "mounted")},
	}, f.cfg.Log, f.clock.now)
	require.NoError(t, err)
	t.Cleanup(sites.Close)
	f.cfg.Origin = sites
	f.cfg.Catalog = mapped{f.cfg.Catalog, []catalog.Library{
		{Name: "movies", Sites: []string{"one", "two"}}, {Name: "partly", Sites: []string{"web", "lost", "two"}}, {Name: "web", Sites: []string{"web"}},
	}}
	for _, tc := range []struct {
		library, folder, after string
		limit                  int
		want                   string
	}{
		{"movies", "", "", 100, "movies~a.mp4@one movies~dir~b.mp4@one movies~dir~b2.mp4@two movies~dir~c.mp4@one movies~dir~sub dir~ü.flac@one movies~z.mp4@two skipped 1"},
		{"movies", "", "", 2, "movies~a.mp4@one movies~dir~b.mp4@one next dir/b.mp4"},
		{"movies", "", "dir/b.mp4", 2, "movies~dir~b2.mp4@two movies~dir~c.mp4@one next dir/c.mp4"},
		{"movies", "", "dir/c.mp4", 2, "movies~dir~sub dir~ü.flac@one skipped 1 next odd+name.mp4"},
		{"movies", "", "odd+name.mp4", 2, "movies~z.mp4@two"},
		{"movies", "", "z.mp4", 2, ""},
		{"movies", "dir", "", 3, "movies~dir~b.mp4@one movies~dir~b2.mp4@two movies~dir~c.mp4@one next dir/c.mp4"},
		{"movies", "dir/sub dir", "", 3, "movies~dir~sub dir~ü.flac@one"},
		{"movies", "none", "", 3, ""},
		{"partly", "", "", 100, "partly~a.mp4@two partly~dir~b2.mp4@two partly~z.mp4@two without web without lost"},
	} {
		m, err := f.Members(t.Context(), tc.library, tc.folder, tc.after, tc.limit)
		require.NoError(t, err)
		require.Equal(t, tc.want, told(m), "%+v", tc)
		for _, one := range m.Members {
			require.Equal(t, int64(len(one.Site+one.Path)), one.Size)
			require.WithinDuration(t, time.Now(), one.Modified, time.Hour)
		}
	}
	_, err = f.Members(t.Context(), "none", "", "", 10)
	require.ErrorIs(t, err, ErrNotFound)
	m, err := f.Members(t.Context(), "web", "", "", 10)
	require.ErrorIs(t, err, ErrUnlisted)
	require.ErrorIs(t, err, origin.ErrUnlisted)
	require.Equal(t, "without web", told(m))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = f.Members(ctx, "movies", "", "", 10)
	require.ErrorIs(t, err, context.Canceled)
}

// mapped is a catalog with libraries.
type mapped struct {
	Catalog
	libraries []catalog.Library
}

func (m mapped) Libraries() []catalog.Library { return m.libraries }

// told is a list of members in a line.
func told(m Members) string {
	var all []string
	for _, one := range m.Members {
		all = append(all, one.ID+"@"+one.Site)
	}
	if m.Skipped > 0 {
		all = append(all, "skipped 1")
	}
	if m.Next != "" {
		all = append(all, "next "+m.Next)
	}
	for _, site := range m.Unlisted {
		all = append(all, "without "+site.Site)
	}
	return strings.Join(all, " ")
}
