package media

import (
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// floorDiv is floor((t*to + bias) / from) in arbitrary precision, saturated to Ticks: what rescaling has to give.
func floorDiv(t Ticks, from, to uint32, bias int64) Ticks {
	n := new(big.Int).Mul(big.NewInt(int64(t)), big.NewInt(int64(to)))
	n.Add(n, big.NewInt(bias))
	q := n.Div(n, big.NewInt(int64(from))) // Euclidean, so the floor for a positive divisor
	if !q.IsInt64() {
		if q.Sign() < 0 {
			return -1<<63 + 1
		}
		return 1<<63 - 1
	}
	return max(Ticks(q.Int64()), -1<<63+1)
}

func TestRescaleIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ticks := Ticks(rapid.Int64Min(-1<<62).Draw(t, "ticks"))
		from := rapid.Uint32Range(1, 1e9).Draw(t, "from")
		to := rapid.Uint32Range(1, 1e9).Draw(t, "to")
		if from == to {
			to++
		}
		assert.Equal(t, floorDiv(ticks, from, to, int64(from)/2), max(Rescale(ticks, from, to), -1<<63+1), "nearest")
		assert.Equal(t, floorDiv(ticks, from, to, 0), max(RescaleDown(ticks, from, to), -1<<63+1), "down")
		assert.Equal(t, floorDiv(ticks, from, to, int64(from)-1), max(RescaleUp(ticks, from, to), -1<<63+1), "up")
	})
}

func TestTimeKeepsEveryTick(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		timescale := rapid.SampledFrom([]uint32{1000, 24000, 44100, 48000, 90000, 96000, 10_000_000}).Draw(t, "timescale")
		ticks := FromTime(time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "epoch"), 0), timescale) +
			Ticks(rapid.Int64Range(0, int64(timescale)).Draw(t, "fraction"))
		assert.Equal(t, ticks, FromTime(ticks.Time(timescale), timescale))
	})
}

func TestDurationInTicks(t *testing.T) {
	t.Parallel()
	assert.Equal(t, Ticks(18000), FromDuration(200*time.Millisecond, 90000))
	assert.Equal(t, 33366667*time.Nanosecond, Ticks(3003).Duration(90000))
	assert.Equal(t, Ticks(-45), RescaleDown(-1, 2, 90))
	assert.InDelta(t, 2.0, Ticks(96000).Seconds(48000), 0)
}
