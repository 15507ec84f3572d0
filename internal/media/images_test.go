package media_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

func TestSheets(t *testing.T) {
	t.Parallel()
	m := media.Images{Interval: 2 * time.Second, Columns: 3, Rows: 2}
	require.Equal(t, 12*time.Second, m.Sheet())
	for length, want := range map[time.Duration]int{-1: 0, 0: 0, 1: 1, 12 * time.Second: 1, 12*time.Second + 1: 2, time.Hour: 300} {
		require.Equal(t, want, m.Sheets(length), length)
	}
}
