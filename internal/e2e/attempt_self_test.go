package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// An attempt fails without failing its test, cleans up behind itself in reverse order, and leaves out what has passed.
func TestAttempt(t *testing.T) {
	t.Parallel()
	passed := map[string]bool{}
	var order []string
	body := func(a *attempt) {
		a.Cleanup(func() { order = append(order, "first cleanup") })
		a.Cleanup(func() {
			order = append(order, "last cleanup")
			require.Error(a, a.Context().Err(), "the context ends before the cleanups")
		})
		a.Run("good", func(part *attempt) { order = append(order, "good") })
		a.Run("bad", func(part *attempt) {
			part.Cleanup(func() { order = append(order, "cleanup of bad") })
			require.True(a, part.Failed(), "what is shared, here a, can end a part")
		})
		require.NoError(a, a.Context().Err())
		order = append(order, "end")
	}
	for range 2 {
		a := &attempt{TB: t, passed: passed}
		a.run(body)
		require.True(t, a.Failed())
	}
	require.Equal(t, []string{
		"good", "cleanup of bad", "end", "last cleanup", "first cleanup",
		"cleanup of bad", "end", "last cleanup", "first cleanup",
	}, order)
}

// What fails says nothing where the machine stood, was taken away, or had more to do than it could.
func TestMachineThatHinders(t *testing.T) {
	t.Parallel()
	before := processorTime{all: 1000, idle: 500, stolen: 10}
	require.InDelta(t, 0.75, processorTime{all: 2000, idle: 750, stolen: 10}.usedSince(before), 1e-9)
	require.Zero(t, before.usedSince(before))
	for says, s := range map[bool][]standstill{
		false: {{}, {late: stillFor, stolen: stolenShare, busy: 1 - spareShare}},
		true:  {{late: stillFor + time.Millisecond}, {stolen: stolenShare + 0.01}, {busy: 1}},
	} {
		for _, one := range s {
			require.Equal(t, says, one.hinders(), one)
		}
	}
}
