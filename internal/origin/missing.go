package origin

import (
	"sync"
	"time"
)

// What is remembered of files that a site does not have.
const (
	missingFor = 5 * time.Second // an operator who copies a missing file there waits as long
	maxMissing = 4096            // files a site; beyond that the memory begins anew
)

// missing remembers which files a site has said it does not have, so that an asset whose files lie on the second site asks the first
// one once in a while only.
type missing struct {
	mu    sync.Mutex
	until map[string]time.Time
}

func (m *missing) has(now time.Time, path string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return now.Before(m.until[path])
}

func (m *missing) add(now time.Time, path string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.until == nil || len(m.until) >= maxMissing {
		m.until = map[string]time.Time{}
	}
	m.until[path] = now.Add(missingFor)
}
