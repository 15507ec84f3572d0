package ingest

import (
	"sync"
	"time"
)

const meterSeconds = 5 // over which a rate is measured

// meter counts what a feed brings.
type meter struct {
	mu      sync.Mutex
	start   time.Time
	second  int64 // since start, of the newest bucket
	buckets [meterSeconds + 1]int64
	bytes   int64
	samples int64
	last    time.Time // of the newest sample; zero: there was none
}

func newMeter(now time.Time) *meter { return &meter{start: now} }

// count adds a sample. It returns the rate in bits a second over the last five whole seconds, a feed's first ones counted as if
// nothing had come before: a burst at the start is no high rate.
func (m *meter) count(size int, now time.Time) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.roll(now)
	m.buckets[m.second%int64(len(m.buckets))] += int64(size)
	m.bytes += int64(size)
	m.samples++
	m.last = now
	return m.sum() * 8 / meterSeconds
}

// rate is the bitrate of the last five whole seconds, or of as many as there were.
func (m *meter) rate(now time.Time) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.roll(now)
	seconds := min(m.second, meterSeconds)
	if seconds == 0 {
		return 0
	}
	return m.sum() * 8 / seconds
}

// sum is what the whole seconds before the newest bucket hold.
func (m *meter) sum() int64 {
	var sum int64
	for i, b := range m.buckets {
		if int64(i) != m.second%int64(len(m.buckets)) {
			sum += b
		}
	}
	return sum
}

// roll goes on to the bucket of now. A clock that went back changes nothing.
func (m *meter) roll(now time.Time) {
	second := int64(now.Sub(m.start) / time.Second)
	if second-m.second > int64(len(m.buckets)) {
		m.second = second - int64(len(m.buckets))
	}
	for m.second < second {
		m.second++
		m.buckets[m.second%int64(len(m.buckets))] = 0
	}
}

func (m *meter) total() (bytes, samples int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bytes, m.samples
}

func (m *meter) lastSample() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last
}
