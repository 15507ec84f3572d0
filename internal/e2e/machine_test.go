package e2e

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A machine stands still when a process that wants to wake up has to wait longer than stillFor, or when its host takes more than
// stolenShare of its processors over a second. Players and senders in real time stall then, whoever serves them.
const (
	stillFor    = 400 * time.Millisecond
	stolenShare = 0.15
	wakeEvery   = 20 * time.Millisecond
)

// standstill is the worst that a machine did.
type standstill struct {
	late   time.Duration // the longest wait for a processor
	stolen float64       // the highest share of processor time that the host took, 0 to 1
}

func (s standstill) still() bool { return s.late > stillFor || s.stolen > stolenShare }

func (s standstill) String() string {
	return fmt.Sprintf("the machine stood still for up to %s, its host took up to %.0f %% of it", s.late.Round(time.Millisecond), 100*s.stolen)
}

// machineWatch measures standstill until its end.
type machineWatch struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
	worst  standstill
}

func watchMachine(ctx context.Context) *machineWatch {
	ctx, cancel := context.WithCancel(ctx)
	w := &machineWatch{cancel: cancel}
	w.done.Go(func() { w.measure(ctx) })
	return w
}

func (w *machineWatch) end() standstill {
	w.cancel()
	w.done.Wait()
	return w.worst
}

func (w *machineWatch) measure(ctx context.Context) {
	before, woke := readProcessors(), time.Now()
	read := woke
	timer := time.NewTimer(wakeEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		now := time.Now()
		w.worst.late = max(w.worst.late, now.Sub(woke)-wakeEvery)
		woke = now
		if now.Sub(read) >= time.Second {
			after := readProcessors()
			w.worst.stolen = max(w.worst.stolen, after.stolenSince(before))
			before, read = after, now
		}
		timer.Reset(wakeEvery)
	}
}

// waitCalm waits until the machine has worked for 3 s, at most two minutes.
func waitCalm(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		w := watchMachine(ctx)
		select {
		case <-time.After(3 * time.Second):
		case <-ctx.Done():
		}
		if !w.end().still() {
			return
		}
	}
}

// processorTime is what all processors did since the machine started, in ticks (proc_stat(5)).
type processorTime struct{ all, stolen float64 }

// readProcessors is zero where the system does not tell.
func readProcessors() (p processorTime) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return p
	}
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line) { // "cpu", user, nice, system, idle, iowait, irq, softirq, steal, then shares of user
		ticks, _ := strconv.ParseFloat(field, 64)
		if i >= 1 && i <= 8 {
			p.all += ticks
		}
		if i == 8 {
			p.stolen = ticks
		}
	}
	return p
}

func (p processorTime) stolenSince(before processorTime) float64 {
	if p.all <= before.all {
		return 0
	}
	return (p.stolen - before.stolen) / (p.all - before.all)
}
