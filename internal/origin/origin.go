package origin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"
)

// Origin is the sites that files are read from. All its methods may be called at any time by anyone.
type Origin struct {
	sites map[string]*site
	order []*site // as configured
	now   func() time.Time
}

// New makes an Origin of sites, whose names are all different. It asks none of them anything: a site that is down when the server starts
// is no reason not to start. now is the clock of health memory; time-outs run on timers. The Origin is to be closed.
func New(cfgs []Config, log *slog.Logger, now func() time.Time) (*Origin, error) {
	return build(cfgs, log, now, network{})
}

// build is New on a network of the caller's.
func build(cfgs []Config, log *slog.Logger, now func() time.Time, net network) (*Origin, error) {
	o := &Origin{sites: map[string]*site{}, now: now}
	for _, cfg := range cfgs {
		kind, u, err := cfg.parse()
		if err != nil {
			return nil, err
		}
		if o.sites[cfg.Name] != nil {
			return nil, fmt.Errorf("two sites are named %s", cfg.Name)
		}
		s := &site{
			name: cfg.Name, kind: kind, address: cfg.address(), timeout: cfg.timeout(), now: now, log: log,
			health: &health{jitter: rand.Float64}, slots: make(chan struct{}, maxActive), failures: map[Reason]uint64{},
		}
		switch kind {
		case kindDirectory:
			s.backend = &directory{path: u.Path}
		case kindS3:
			s.backend, err = newS3(cfg, u, net)
		case kindHTTP:
			s.backend = newHTTP(cfg, u, net)
		}
		if err != nil {
			return nil, fmt.Errorf("site %s: %w", cfg.Name, err)
		}
		o.sites[cfg.Name] = s
		o.order = append(o.order, s)
	}
	return o, nil
}

// Close lets go of connections. Files are closed by who opened them, and before.
func (o *Origin) Close() {
	for _, s := range o.order {
		s.backend.close()
	}
}

// Open finds a file on the first of sites that has it. Sites that are down are passed over, and asked after all where no other gives the
// file. What the file is from then on (its size, its ETag) is what it is now; if that changes, reading it fails with ErrChanged. The path
// is relative to each site, with slashes. The error is a *Failure, or one that wraps ErrUnknownSite, or ErrNotFound for an impossible path.
func (o *Origin) Open(ctx context.Context, sites []string, path string) (*File, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	asked := make([]*site, 0, len(sites))
	for _, name := range sites {
		s := o.sites[name]
		if s == nil {
			return nil, fmt.Errorf("site %q: %w", name, ErrUnknownSite)
		}
		if !slices.Contains(asked, s) {
			asked = append(asked, s)
		}
	}
	failure := &Failure{Path: path}
	var file *File
	err := inTurn(ctx, asked, func(s *site, force bool) error {
		h, err := s.find(ctx, path, force)
		if err != nil {
			failure.note(s.name, err)
			return err
		}
		file = newFile(o, asked, s, path, h)
		return nil
	})
	switch {
	case file != nil:
		return file, nil
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return nil, failure
}

// inTurn asks places in order until one gives what is asked for. Those that were passed over, as they are down, are asked after all when no
// other is left. The error is that of ctx, if it ended.
func inTurn[T any](ctx context.Context, places []T, ask func(place T, force bool) error) error {
	var passed []T
	for _, p := range places {
		err := ask(p, false)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if errors.Is(err, errPassedOver) {
			passed = append(passed, p)
		}
	}
	for _, p := range passed {
		if ask(p, true) == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// Entry is a file that a listing found.
type Entry struct {
	Path     string // relative to the site, as Open takes it
	Size     int64  // bytes
	Modified time.Time
}

// MaxList is the most files that a listing gives.
const MaxList = 100_000

// List finds the regular files below a folder of a site ("": all of the site) whose paths are behind after, sorted by path, byte by byte, at
// most limit (and MaxList) of them. Names that begin with a dot are left out, with what is below them. HTTP sites cannot be listed: ErrUnlisted.
func (o *Origin) List(ctx context.Context, name, folder, after string, limit int) ([]Entry, error) {
	s := o.sites[name]
	if s == nil {
		return nil, fmt.Errorf("site %q: %w", name, ErrUnknownSite)
	}
	if err := checkFolder(folder); err != nil {
		return nil, err
	}
	if limit = min(limit, MaxList); limit <= 0 {
		return nil, nil
	}
	if s.kind == kindHTTP {
		return nil, fmt.Errorf("site %s: an HTTP server: %w", name, ErrUnlisted)
	}
	// There is no other site to list instead: it is asked even if it is down.
	t, err := s.enter(ctx, true)
	if err != nil {
		return nil, fmt.Errorf("site %s: %w", name, err)
	}
	entries, err := s.backend.list(ctx, folder, after, limit)
	s.leave(ctx, t, err)
	if err != nil {
		return nil, fmt.Errorf("site %s: list %q: %w", name, folder, err)
	}
	return entries, nil
}
