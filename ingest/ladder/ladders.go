package ladder

import (
	"context"
	"fmt"
	"log/slog"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"weir/ingest"
	"weir/internal/catalog"
)

// Catalog is what Ladders needs of the catalog.
type Catalog interface {
	Channel(id string) (catalog.Channel, bool)
	Channels() []catalog.Channel
}

// Config is what Ladders needs. Zero values stand for the defaults.
type Config struct {
	Ingest  ingest.Opener
	Catalog Catalog
	Log     *slog.Logger
	Now     func() time.Time

	Children int           // at one time; 4
	Nice     int           // CPU priority of the children, 0 to 19
	Speed    string        // preset of the encoders; veryfast
	FFmpeg   string        // name or path of the program; ffmpeg
	Stall    time.Duration // a child that gives nothing for so long, while pictures go in, is replaced; 10 s
	Drain    time.Duration // how long a child has to give what is left in it, when its feed ends; 2 s
}

// Ladders is an Opener that makes the ladders of channels that have one. Others' feeds pass through.
type Ladders struct {
	cfg Config

	mu    sync.Mutex
	feeds []*feed // that have a ladder
	taken int     // places of children
}

// New makes it, and says so where channels have ladders and there is no program to make them with. There is nothing to be closed but the feeds.
func New(cfg Config) *Ladders {
	if cfg.Children == 0 {
		cfg.Children = 4
	}
	if cfg.Speed == "" {
		cfg.Speed = "veryfast"
	}
	if cfg.FFmpeg == "" {
		cfg.FFmpeg = "ffmpeg"
	}
	if cfg.Stall == 0 {
		cfg.Stall = 10 * time.Second
	}
	if cfg.Drain == 0 {
		cfg.Drain = 2 * time.Second
	}
	l := &Ladders{cfg: cfg}
	var ids []string
	for _, ch := range cfg.Catalog.Channels() {
		if ch.Ladder != "" {
			ids = append(ids, ch.ID)
		}
	}
	if err := l.missing(); err != nil && len(ids) > 0 {
		cfg.Log.Error("the ladders of channels cannot be made", "channels", strings.Join(ids, ", "), "err", err)
	}
	return l
}

// missing says why there is no program; nil: there is.
func (l *Ladders) missing() error {
	if _, err := exec.LookPath(l.cfg.FFmpeg); err != nil {
		return fmt.Errorf("ffmpeg is not there, install it or set ingest.ladder.ffmpeg: %w", err)
	}
	return nil
}

// Open is that of the server. Where nothing would be seen of the feed without its rungs, it is refused if these cannot be made: the error
// is ingest.ErrLadder then.
func (l *Ladders) Open(ctx context.Context, p ingest.Publish) (ingest.Feed, error) {
	ch, ok := l.cfg.Catalog.Channel(p.Channel)
	if !ok || ch.Ladder == "" || p.Rendition != "" {
		return l.cfg.Ingest.Open(ctx, p)
	}
	f := &feed{
		ladders: l, publish: p, channel: ch, video: -1, since: l.cfg.Now(),
		log: l.cfg.Log.With("channel", ch.ID),
	}
	if p.Input != "" {
		f.log = f.log.With("input", p.Input)
	}
	inner, err := l.cfg.Ingest.Open(ctx, p) // first: it tells whether the feed may come at all
	if err != nil {
		return nil, err
	}
	f.Feed = inner
	if err := f.claim(); err != nil && !ch.Ladder.KeepsSource() {
		err = fmt.Errorf("%w: %w", ingest.ErrLadder, err)
		inner.Close(err)
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.feeds = append(l.feeds, f)
	return f, nil
}

// take takes a place for a child.
func (l *Ladders) take() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.taken >= l.cfg.Children {
		return fmt.Errorf("all %d children that ingest.ladder.children allows are busy with other feeds", l.cfg.Children)
	}
	l.taken++
	return nil
}

func (l *Ladders) giveBack() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken--
}

func (l *Ladders) forget(f *feed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.feeds = slices.DeleteFunc(l.feeds, func(other *feed) bool { return other == f })
}
