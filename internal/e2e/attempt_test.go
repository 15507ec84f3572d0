package e2e

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"
)

// maxAttempts bounds how often a test in real time is begun, and lastBegin how short before the deadline of all tests.
const (
	maxAttempts = 4
	lastBegin   = 8 * time.Minute
)

// attempt is one go at a test in real time: a testing.TB whose failure is not yet that of the test, with cleanups of its own.
type attempt struct {
	testing.TB
	ctx    context.Context
	passed map[string]bool // names of the parts that need not be run again

	mu       sync.Mutex
	failed   bool
	cleanups []func()
}

// realtime runs a test that senders and players in real time have a part in. A machine that stood still meanwhile proves
// nothing about Weir, and nor does one that had too much to do: what fails then is begun again from the start, with a new server and without other
// tests beside it, once the machine is calm. What fails on a machine that did its work fails.
func realtime(t *testing.T, body func(*attempt)) {
	t.Helper()
	passed := map[string]bool{}
	for n := 1; ; n++ {
		a := &attempt{TB: t, passed: passed}
		stood := a.take(body, n > 1)
		deadline, hasDeadline := t.Deadline()
		switch {
		case !a.Failed():
			return
		case !stood.hinders():
			t.Fatalf("failed, on a machine that worked all the time (%s)", stood)
		case n == maxAttempts || hasDeadline && time.Until(deadline) < lastBegin:
			t.Fatalf("failed, and there is no time or no point in another attempt after %d (%s)", n, stood)
		}
		t.Logf("attempt %d says nothing: %s. Once more.", n, stood)
	}
}

// company is held by attempts that others may run beside, and locked by one that is to be alone.
var company sync.RWMutex

// take runs the body, and gives back what the machine did meanwhile.
func (a *attempt) take(body func(*attempt), alone bool) standstill {
	if alone {
		company.Lock()
		defer company.Unlock()
		waitCalm(a.TB.Context())
	} else {
		company.RLock()
		defer company.RUnlock()
	}
	watch := watchMachine(a.TB.Context())
	a.run(body)
	return watch.end()
}

// run runs the body and then the cleanups, last first.
func (a *attempt) run(body func(*attempt)) {
	ctx, cancel := context.WithCancel(a.TB.Context())
	a.ctx = ctx
	if !returns(func() { body(a) }) && !a.Skipped() {
		a.Fail() // left by the FailNow of whatever it shares with others, such as a server
	}
	cancel()
	for {
		a.mu.Lock()
		last := len(a.cleanups) - 1
		if last < 0 {
			a.mu.Unlock()
			return
		}
		cleanup := a.cleanups[last]
		a.cleanups = a.cleanups[:last]
		a.mu.Unlock()
		returns(cleanup)
	}
}

// returns runs f in a goroutine of its own and waits for its end: whether f returned, or left by FailNow or SkipNow.
func returns(f func()) (returned bool) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
		returned = true
	}()
	<-done
	return returned
}

// Run is a part of the attempt: what it shares with other parts, such as a server, goes on when it fails. A part that has
// passed is left out of the next attempt.
func (a *attempt) Run(name string, body func(*attempt)) bool {
	a.Helper()
	a.mu.Lock()
	before := a.passed[name]
	a.mu.Unlock()
	if before {
		return true
	}
	part := &attempt{TB: a.TB, passed: map[string]bool{}}
	part.run(body)
	if part.Failed() {
		a.Errorf("part %q failed", name)
		return false
	}
	a.Logf("part %q passed", name)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.passed[name] = true
	return true
}

// RunAll runs parts side by side, as many as there are processors, and waits for all.
func (a *attempt) RunAll(parts map[string]func(*attempt)) {
	a.Helper()
	a.runAll(runtime.GOMAXPROCS(0), parts)
}

// feedsAtOnce is how many feeds in real time, of little to do, share a processor: each waits for most of its time.
const feedsAtOnce = 3

// RunFeeds is RunAll for parts that mostly wait for a feed in real time.
func (a *attempt) RunFeeds(parts map[string]func(*attempt)) {
	a.Helper()
	a.runAll(feedsAtOnce*runtime.GOMAXPROCS(0), parts)
}

func (a *attempt) runAll(atOnce int, parts map[string]func(*attempt)) {
	a.Helper()
	var running sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for name, body := range parts {
		running.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			a.Run(name, body)
		})
	}
	running.Wait()
}

func (a *attempt) Context() context.Context { return a.ctx }

func (a *attempt) Cleanup(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cleanups = append(a.cleanups, f)
}

func (a *attempt) Fail() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failed = true
}

func (a *attempt) Failed() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.failed
}

func (a *attempt) FailNow() {
	a.Fail()
	runtime.Goexit()
}

func (a *attempt) Error(args ...any) {
	a.Helper()
	a.Log(args...)
	a.Fail()
}

func (a *attempt) Errorf(format string, args ...any) {
	a.Helper()
	a.Logf(format, args...)
	a.Fail()
}

func (a *attempt) Fatal(args ...any) {
	a.Helper()
	a.Log(args...)
	a.FailNow()
}

func (a *attempt) Fatalf(format string, args ...any) {
	a.Helper()
	a.Logf(format, args...)
	a.FailNow()
}
