package subtitles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"weir/ingest"
	httpingest "weir/ingest/http"
	"weir/internal/media"
	"weir/packager"
)

// Ingest is where subtitles go. *ingest.Server is one.
type Ingest interface {
	// Subtitles admits a push and places it on the channel.
	Subtitles(ctx context.Context, p ingest.Publish, s media.Subtitles) error
}

// Config is what a handler needs.
type Config struct {
	Ingest Ingest
	Log    *slog.Logger
	Now    func() time.Time
}

// bodyTimeout is how long a document may take to come.
const bodyTimeout = 15 * time.Second

// New serves what is below /subtitles/.
func New(cfg Config) http.Handler {
	mux := http.NewServeMux()
	h := &handler{cfg}
	for _, method := range []string{http.MethodPost, http.MethodPut} {
		mux.HandleFunc(method+" /subtitles/{channel}/{language}", h.push)
	}
	return mux
}

type handler struct{ Config }

func (h *handler) push(w http.ResponseWriter, r *http.Request) {
	arrived := h.Now()
	p := ingest.Publish{Channel: r.PathValue("channel"), Key: httpingest.Key(r), Protocol: "webvtt", Remote: r.RemoteAddr}
	status, err := h.take(w, r, p, arrived)
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	h.Log.Warn("subtitles refused", "publish", p, "language", shorten(r.PathValue("language")), "reason", err)
	w.Header().Set("Connection", "close")
	http.Error(w, err.Error(), status)
}

// take is the push itself; the status goes with its error.
func (h *handler) take(w http.ResponseWriter, r *http.Request, p ingest.Publish, arrived time.Time) (status int, err error) {
	s := media.Subtitles{Language: r.PathValue("language"), Origin: arrived}
	if !media.IsLanguage(s.Language) {
		return http.StatusNotFound, fmt.Errorf("%q is no language, write it like en or pt-BR", shorten(s.Language))
	}
	if start := r.URL.Query().Get("start"); start != "" {
		if s.Origin, err = instant(start); err != nil {
			return http.StatusBadRequest, err
		}
	}
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return http.StatusInternalServerError, fmt.Errorf("set a deadline: %w", err)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDocument))
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return http.StatusRequestEntityTooLarge, fmt.Errorf("more than %d bytes: send the cues that are new, in several documents", maxDocument)
		}
		return http.StatusRequestTimeout, fmt.Errorf("the document did not come within %v: %w", bodyTimeout, err)
	}
	d, err := parse(body)
	if err != nil {
		return http.StatusBadRequest, err
	}
	s.Lines, s.Stamped, s.Stamp = d.Cues, d.Stamped, d.Stamp
	if err := h.Ingest.Subtitles(r.Context(), p, s); err != nil {
		return answer(p.Channel, err)
	}
	return 0, nil
}

// answer is the status and the words for a push that was refused.
func answer(channel string, err error) (int, error) {
	switch {
	case errors.Is(err, ingest.ErrUnknownChannel):
		return http.StatusNotFound, fmt.Errorf("there is no channel %q: check the address, or create the channel", shorten(channel))
	case errors.Is(err, ingest.ErrKey):
		return http.StatusForbidden, fmt.Errorf("wrong or missing key for channel %q: add ?key=KEY, or Authorization: Bearer KEY", shorten(channel))
	case errors.Is(err, ingest.ErrAddress), errors.Is(err, ingest.ErrRefused):
		return http.StatusForbidden, err
	case errors.Is(err, ingest.ErrStandsBy):
		return http.StatusConflict, fmt.Errorf("%w: push its subtitles there, or to all servers that get its feed, of which one takes them", err)
	case errors.Is(err, ingest.ErrChanging):
		return http.StatusServiceUnavailable, fmt.Errorf("%w: try again in a second", err)
	case errors.Is(err, ingest.ErrOffAir), errors.Is(err, packager.ErrNotOnAir):
		return http.StatusConflict, fmt.Errorf("channel %q is not on air: subtitles need a feed that they belong to", shorten(channel))
	case errors.Is(err, packager.ErrSubtitles):
		return http.StatusRequestEntityTooLarge, err
	}
	return http.StatusServiceUnavailable, errors.New("the server cannot take subtitles at the moment: try again later")
}

// instant reads a time of day in ISO 8601 or Unix seconds.
func instant(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, strings.ReplaceAll(s, " ", "+")); err == nil { // a plus sign that was not escaped
		return t, nil
	}
	if v, err := strconv.ParseFloat(s, 64); err == nil && v >= 0 && v < 1<<33 {
		whole, part := math.Modf(v)
		return time.Unix(int64(whole), int64(part*1e9)), nil
	}
	return time.Time{}, fmt.Errorf("start: %q is no time, write it like 2026-11-22T20:15:00Z or as Unix seconds", shorten(s))
}

// shorten bounds what a stranger's words take in a message.
func shorten(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
