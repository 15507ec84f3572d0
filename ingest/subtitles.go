package ingest

import (
	"context"
	"fmt"
	"time"

	"weir/internal/media"
	"weir/packager"
)

// Subtitles places WebVTT cues that p pushes beside the feed of a channel. Errors: those of Open that say why p may not, ErrOffAir,
// ErrStandsBy, ErrChanging, packager.ErrNotOnAir, packager.ErrSubtitles.
func (s *Server) Subtitles(ctx context.Context, p Publish, subtitles media.Subtitles) error {
	ch, err := s.admit(ctx, p)
	if err != nil {
		return err
	}
	err = s.beside(ch.ID, func(pk *packager.Packager, now time.Time) error { return pk.Subtitles(subtitles, now) })
	if err != nil {
		return fmt.Errorf("channel %s: subtitles in %s: %w", ch.ID, subtitles.Language, err)
	}
	return nil
}
