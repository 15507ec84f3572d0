package packager

import (
	"math"

	"weir/internal/media"
)

// standardRates are what cameras and encoders run at.
var standardRates = [...]media.Fraction{
	{Num: 1, Den: 1},
	{Num: 2, Den: 1},
	{Num: 5, Den: 1},
	{Num: 10, Den: 1},
	{Num: 12000, Den: 1001},
	{Num: 12, Den: 1},
	{Num: 25, Den: 2},
	{Num: 15000, Den: 1001},
	{Num: 15, Den: 1},
	{Num: 20, Den: 1},
	{Num: 24000, Den: 1001},
	{Num: 24, Den: 1},
	{Num: 25, Den: 1},
	{Num: 30000, Den: 1001},
	{Num: 30, Den: 1},
	{Num: 48, Den: 1},
	{Num: 50, Den: 1},
	{Num: 60000, Den: 1001},
	{Num: 60, Den: 1},
	{Num: 90, Den: 1},
	{Num: 100, Den: 1},
	{Num: 120000, Den: 1001},
	{Num: 120, Den: 1},
}

// fraction is num/den in lowest terms, or 0/0 where that is no frame rate: not within 1/60…480 Hz or beyond 32 bits.
func fraction(num, den uint64) media.Fraction {
	if num == 0 || den == 0 || num > 480*den || den > 60*num {
		return media.Fraction{}
	}
	a, b := num, den
	for b != 0 {
		a, b = b, a%b
	}
	num, den = num/a, den/a
	if num > math.MaxUint32 || den > math.MaxUint32 {
		return media.Fraction{}
	}
	return media.Fraction{Num: uint32(num), Den: uint32(den)}
}

// FrameRate decides on the rate of frames that last span ticks of the timescale: what the bitstream claims, where the frames
// agree with it within 3 %; else the standard rate nearest to what they show, within 1.5 %; else what they show, in hundredths.
func FrameRate(claimed media.Fraction, frames int, span media.Ticks, timescale uint32) media.Fraction {
	if frames < 1 || span <= 0 {
		return claimed
	}
	seen := float64(frames) * float64(timescale) / float64(span)
	if c := claimed.Float(); c > 0 && math.Abs(c-seen) <= seen*0.03 {
		return claimed
	}
	best, err := media.Fraction{}, 0.015
	for _, s := range standardRates {
		if e := math.Abs(s.Float()-seen) / seen; e < err {
			best, err = s, e
		}
	}
	if best.Den != 0 {
		return best
	}
	return fraction(uint64(math.Round(seen*100)), 100)
}
