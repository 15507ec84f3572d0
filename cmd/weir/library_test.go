package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"weir/internal/config"
)

// What cannot be opened is an error, and nothing else happens.
func TestHoldingsCannotBeOpened(t *testing.T) {
	t.Parallel()
	cfg := config.Default()
	cfg.Data = t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(cfg.Data, "clips"), nil, 0o600))
	_, err := openHoldings(t.Context(), cfg, nil, nil, slog.New(slog.DiscardHandler))
	require.Error(t, err)
}
