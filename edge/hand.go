package edge

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"weir/internal/media"
)

// windowsShare is the part of Config.Memory, in eighths, that media of windows may take: the rest is for what is read back, copies of what many ask
// for, and assets.
const windowsShare = 6

const (
	handEvery = time.Second     // between looks at who may have how much
	handRetry = 5 * time.Second // after media could not be read
)

// WindowsMemory is how many bytes media of windows may take of Config.Memory.
func WindowsMemory(memory int64) int64 { return memory / 8 * windowsShare }

// keepAtHand shares the memory out between the windows, and reads media of theirs that is not in it, the newest first, as far as there is room.
func (s *Server) keepAtHand() {
	ticker := time.NewTicker(handEvery)
	defer ticker.Stop()
	for s.ctx.Err() == nil {
		s.share()
		if s.fill(s.ctx, ticker.C) {
			continue
		}
		select {
		case <-ticker.C:
		case <-s.ctx.Done():
		}
	}
}

// share gives each window as much memory as it needs, or, where that is too much, lets none have more than another that could use it. What is live
// stays at hand in any case.
func (s *Server) share() {
	if s.memory <= 0 || s.readback.read == nil {
		return
	}
	all := *s.channels.all.Load()
	needs := make([]int64, 0, len(all))
	for _, c := range all {
		st := c.window.Stats()
		needs = append(needs, st.Bytes+st.Stored)
	}
	level := fairLevel(needs, WindowsMemory(s.memory))
	for _, c := range all {
		s.releaser.while(c.window, func() { c.window.Limit(level) })
	}
}

// fairLevel is what nobody may have more of, so that all together have no more than there is; 0: there is enough for all.
func fairLevel(needs []int64, there int64) int64 {
	slices.Sort(needs)
	for i, need := range needs {
		each := there / int64(len(needs)-i)
		if need > each {
			return max(each, 1)
		}
		there -= need
	}
	return 0
}

// fill reads one row of each channel that has room for older media; false: there is none. It makes way for share when that is due.
func (s *Server) fill(ctx context.Context, due <-chan time.Time) bool {
	if s.readback.read == nil {
		return false
	}
	some := false
	for _, c := range s.channels.sorted() {
		if !c.window.Ready() || s.now().Before(c.retry) {
			continue
		}
		row := c.window.Older()
		if row == nil {
			continue
		}
		begun := time.Now()
		data, err := s.row(c, row)
		if err != nil {
			if ctx.Err() == nil {
				s.log.Warn("older media cannot be read from the bus; it is tried again", "channel", c.id, "segment", row.Number, "in", handRetry, "error", err)
			}
			c.retry = s.now().Add(handRetry)
			continue
		}
		some = true
		c.window.Return(row, data)
		s.pace(ctx, begun, data)
		select {
		case <-due:
			s.share()
		case <-ctx.Done():
			return false
		default:
		}
	}
	return some
}

// row reads the media of a row.
func (s *Server) row(c *channel, row *media.Row) ([][]byte, error) {
	data := make([][]byte, len(row.Segments))
	var group errgroup.Group
	for i, seg := range row.Segments {
		if !seg.Gap() {
			group.Go(func() (err error) {
				data[i], err = s.readback.once(c.id, seg)
				return err
			})
		}
	}
	return data, group.Wait()
}

// pace waits until what was read since begun has taken as long as it has to.
func (s *Server) pace(ctx context.Context, begun time.Time, data [][]byte) {
	if s.backfill <= 0 {
		return
	}
	bytes := 0
	for _, d := range data {
		bytes += len(d)
	}
	timer := time.NewTimer(time.Until(begun.Add(time.Duration(float64(bytes) / float64(s.backfill) * float64(time.Second)))))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
