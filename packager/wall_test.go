package packager

import (
	"testing"
	"time"
)

// Samples that were held back come with arrivals that go back and forth: the least delay of the last seconds counts, whatever the order.
func TestArrivalsGoBackAndForth(t *testing.T) {
	t.Parallel()
	var f delayFilter
	f.reset(0)
	see := func(second float64, delay, want time.Duration) {
		t.Helper()
		f.observe(epoch.Add(time.Duration(second*float64(time.Second))), delay)
		if got := f.least(); got != want {
			t.Errorf("at %g: the least delay is %v, want %v", second, got, want)
		}
	}
	see(100, 300*time.Millisecond, 300*time.Millisecond)
	see(97, 200*time.Millisecond, 200*time.Millisecond) // another track, three seconds before
	see(100.1, 400*time.Millisecond, 200*time.Millisecond)
	see(40, 100*time.Millisecond, 200*time.Millisecond) // too old to count
	see(92.5, 50*time.Millisecond, 200*time.Millisecond)
	see(101, 400*time.Millisecond, 200*time.Millisecond)
	see(106, 400*time.Millisecond, 300*time.Millisecond) // what came at 97 is of no more interest
	if f.steady() {
		t.Error("steady, with the wall clock on its way")
	}
	see(-5000, -5100*time.Second, -5100*time.Second) // our clock was set
	see(-4999, -5100*time.Second, -5100*time.Second)
}
