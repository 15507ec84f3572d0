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
// stolenShare of its processors over a second. It has too much to do when less than spareShare of its processors is left over spareFor: who
// wakes up runs at once then, and is late all the same with what there is to do. Players and senders in real time stall, whoever serves them.
const (
	stillFor    = 400 * time.Millisecond
	stolenShare = 0.15
	spareShare  = 0.03
	spareFor    = 3 * time.Second
	wakeEvery   = 20 * time.Millisecond
)

// standstill is the worst that a machine did to those who work in real time.
type standstill struct {
	late   time.Duration // the longest wait for a processor
	stolen float64       // the highest share of processor time that the host took, 0 to 1
	busy   float64       // the highest share of processor time that was used, 0 to 1
}

func (s standstill) stood() bool { return s.late > stillFor || s.stolen > stolenShare }

// hinders tells whether what failed meanwhile says anything of Weir.
func (s standstill) hinders() bool { return s.stood() || s.busy > 1-spareShare }

func (s standstill) String() string {
	return fmt.Sprintf("the machine stood still for up to %s, its host took up to %.0f %% of it, and up to %.0f %% of it were used",
		s.late.Round(time.Millisecond), 100*s.stolen, 100*s.busy)
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
	read, long, readLong := woke, before, woke
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
			if now.Sub(readLong) >= spareFor {
				w.worst.busy = max(w.worst.busy, after.usedSince(long))
				long, readLong = after, now
			}
		}
		timer.Reset(wakeEvery)
	}
}

// waitCalm waits until the machine has not stood still for 3 s, at most two minutes. That it has much to do is no reason: other tests run.
func waitCalm(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		w := watchMachine(ctx)
		select {
		case <-time.After(3 * time.Second):
		case <-ctx.Done():
		}
		if stood := w.end(); !stood.stood() {
			return
		}
	}
}

// processorTime is what all processors did since the machine started, in ticks (proc_stat(5)).
type processorTime struct{ all, idle, stolen float64 }

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
		switch i {
		case 4, 5:
			p.idle += ticks
		case 8:
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

func (p processorTime) usedSince(before processorTime) float64 {
	if p.all <= before.all {
		return 0
	}
	return 1 - (p.idle-before.idle)/(p.all-before.all)
}
