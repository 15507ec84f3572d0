package ingest

import (
	"fmt"

	"weir/internal/media"
)

const maxEventBytes = 64 << 10 // of an event: sections have 4 KB at most, tags with a picture more

func (f *feed) Event(e media.Event) error {
	return f.guard("event", func() error { return f.event(e) })
}

func (f *feed) event(e media.Event) error {
	if n := len(e.Data); n > maxEventBytes {
		f.Dropped(fmt.Sprintf("event of %d bytes, %d are taken", n, maxEventBytes))
		return nil
	}
	now := f.server.cfg.Now()
	if rate := f.meter.count(len(e.Data), now); rate > f.server.cfg.Bitrate {
		return fmt.Errorf("%w: %d Mbit/s, %d are taken", ErrLimit, rate/1e6, f.server.cfg.Bitrate/1e6)
	}
	if e.Scheme == media.SchemeSCTE35 {
		if says, err := interpret(&e); err != nil || !says {
			if err != nil {
				f.Dropped(err.Error())
			}
			return nil
		}
	}
	if f.formats == nil {
		f.Dropped("event before the tracks are known")
		return nil
	}
	return f.session.take(f, item{event: &e, at: now, came: now})
}
