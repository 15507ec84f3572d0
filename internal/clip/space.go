package clip

import (
	"fmt"
	"syscall"
)

// margin is how many bytes must stay free on the disk, which live windows are written to as well.
const margin = 256 << 20

// freeBytes is how many bytes can be written to the disk of dir.
func freeBytes(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("ask how much room there is in %s: %w", dir, err)
	}
	return int64(st.Bavail) * st.Bsize, nil
}

// reserve makes sure that there is room for a clip with so much media, beside those that are being made, and keeps it until release
// is called. What is not media is reckoned at a twentieth.
func (s *Store) reserve(media int64) (release func(), err error) {
	need := media + media/20
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.clips)+s.making >= MaxClips {
		return nil, fmt.Errorf("%w: there are %d, delete some", ErrFull, len(s.clips))
	}
	free, err := s.free(s.dir)
	if err != nil {
		return nil, err
	}
	if free-s.reserved < need+margin {
		return nil, fmt.Errorf("%w: it needs %d MB, and %d MB that must stay free; %d MB are free", ErrFull, need>>20, margin>>20, (free-s.reserved)>>20)
	}
	s.reserved += need
	s.making++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.reserved -= need
		s.making--
	}, nil
}
