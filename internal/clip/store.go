package clip

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Config is what a store needs.
type Config struct {
	Dir string // of all clips; it is made if it is not there
	Log *slog.Logger
	Now func() time.Time
	// Free tells how many bytes can be written to the disk of a directory; nil: the system is asked.
	Free func(dir string) (int64, error)
}

// MaxClips is how many clips a store keeps.
const MaxClips = 10_000

// Store is the clips on a disk. One process has a directory at a time; within it, a Store is safe for concurrent use. Its Close must
// be called.
type Store struct {
	dir  string
	log  *slog.Logger
	now  func() time.Time
	free func(dir string) (int64, error)
	step func(string) // tests are told how far the making of a clip is

	mu       sync.Mutex
	clips    map[string]Info
	reserved int64 // bytes that clips being made still need
	making   int

	opened assets
	lock   *os.File // the directory
}

// Open finds the clips that there are, and removes what was left of others. Errors: ErrLocked, those of the disk.
func Open(cfg Config) (*Store, error) {
	s := &Store{dir: cfg.Dir, log: cfg.Log, now: cfg.Now, free: cfg.Free, step: func(string) {}, clips: make(map[string]Info)}
	if s.free == nil {
		s.free = freeBytes
	}
	s.opened.load = s.load
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, fmt.Errorf("keep clips: %w", err)
	}
	var err error
	if s.lock, err = lockDir(s.dir); err != nil {
		return nil, fmt.Errorf("keep clips: %w", err)
	}
	if err := s.look(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// look finds the clips.
func (s *Store) look() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("look for clips: %w", err)
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case strings.HasPrefix(name, makingPrefix), strings.HasPrefix(name, gonePrefix):
			if err := os.RemoveAll(filepath.Join(s.dir, name)); err != nil {
				return fmt.Errorf("remove what is left of a clip: %w", err)
			}
			s.log.Info("what was left of a clip was removed", "directory", name)
		case e.IsDir() && idPattern.MatchString(name):
			d, err := s.document(name)
			if err != nil {
				s.log.Error("a clip cannot be read: it is left where it is, and not served", "clip", name, "error", err)
				continue
			}
			s.clips[name] = d.Info
		}
	}
	return nil
}

// Close lets go of the directory and closes what is open of clips that nobody reads any more; the rest is closed when it has been read.
func (s *Store) Close() {
	s.opened.close()
	// The lock would go with the file, but a process that is being started may hold a copy of it for a moment.
	_ = syscall.Flock(int(s.lock.Fd()), syscall.LOCK_UN) // fails where it was closed before
	_ = s.lock.Close()
}

// lockDir takes a directory for this process alone.
func lockDir(dir string) (*os.File, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w (%w)", dir, ErrLocked, err), d.Close())
	}
	return d, nil
}

// List is all clips of a channel, or of all channels if it is "", oldest first.
func (s *Store) List(channel string) []Info {
	s.mu.Lock()
	all := slices.Collect(maps.Values(s.clips))
	s.mu.Unlock()
	if channel != "" {
		all = slices.DeleteFunc(all, func(i Info) bool { return i.Channel != channel })
	}
	slices.SortFunc(all, func(a, b Info) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return all
}

// Get is one clip.
func (s *Store) Get(id string) (Info, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	info, ok := s.clips[id]
	return info, ok
}

// Delete removes a clip. Who is reading it can read on. Errors: ErrNotFound, those of the disk.
func (s *Store) Delete(id string) error {
	s.mu.Lock()
	info, ok := s.clips[id]
	delete(s.clips, id)
	s.mu.Unlock()
	if !ok {
		return ErrNotFound
	}
	s.opened.forget(id)
	gone := filepath.Join(s.dir, gonePrefix+id)
	if err := os.Rename(filepath.Join(s.dir, id), gone); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // somebody has removed it by hand
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.clips[id] = info // it is still there
		return fmt.Errorf("delete clip %s: %w", id, err)
	}
	s.step("renamed")
	if err := errors.Join(syncDir(s.dir), os.RemoveAll(gone)); err != nil {
		return fmt.Errorf("delete clip %s: %w", id, err)
	}
	return nil
}

// adopt makes a directory that is complete a clip.
func (s *Store) adopt(dir string, info *Info) error {
	clip := filepath.Join(s.dir, info.ID)
	if err := os.Rename(dir, clip); err != nil {
		return err
	}
	if err := syncDir(s.dir); err != nil {
		return errors.Join(err, os.RemoveAll(clip))
	}
	s.step("renamed")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clips[info.ID] = *info
	return nil
}

// document reads clip.json.
func (s *Store) document(id string) (*document, error) {
	text, err := readFile(filepath.Join(s.dir, id, documentName), maxDocument)
	if err != nil {
		return nil, err
	}
	return parseDocument(id, text)
}
