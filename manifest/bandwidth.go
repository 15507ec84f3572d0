package manifest

import (
	"math"

	"weir/internal/media"
)

// Peak is the bandwidth to announce for tracks that play together, in bits a second: the sum of their largest segments' rates
// with a tenth of headroom for what is still to come, rounded up to two digits. The rounding keeps a manifest's text steady
// while the measured rate creeps up; together the two are at most 22 % above what was measured.
func Peak(rates ...media.Rate) uint32 {
	sum := 0
	for _, r := range rates {
		sum += r.Peak
	}
	return announce(sum + sum/10)
}

// Average is Peak for average rates, without headroom: an average hardly moves once it has settled.
func Average(rates ...media.Rate) uint32 {
	sum := 0
	for _, r := range rates {
		sum += r.Average
	}
	return announce(sum)
}

// least is announced where nothing was measured yet; neither format allows 0.
const least = 1000

// announce rounds up to two significant digits.
func announce(rate int) uint32 {
	if rate <= least {
		return least
	}
	step := 1
	for rate/step >= 100 {
		step *= 10
	}
	rate = (rate + step - 1) / step * step
	return uint32(min(rate, math.MaxUint32))
}
