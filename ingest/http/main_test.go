package http

import (
	"log/slog"
	"net"
	"testing"

	"go.uber.org/goleak"

	"weir/ingest/ingesttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve runs a server until the test ends, and gives its URL and what stops it before.
func serve(t *testing.T, cfg Config) (url string, stop func()) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listener, cfg.Log = ln, slog.New(slog.DiscardHandler)
	return "http://" + ln.Addr().String(), ingesttest.Run(t, New(cfg).Run)
}
