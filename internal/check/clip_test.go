package check

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What an edit list puts before the beginning counts neither for where a segment begins nor for how long it is.
func TestPrimingIsNotPresented(t *testing.T) {
	t.Parallel()
	segment := func(shift, at int64) facts {
		return facts{timescale: 1000, decode: uint64(at + shift), end: uint64(at+shift) + 4000, earliest: at, shift: shift}
	}
	for name, c := range map[string]struct {
		f             facts
		zero          int64
		begins, lasts float64
	}{
		"the first of a title":        {segment(500, -500), 0, 0, 3.5},
		"no edit list":                {segment(0, -500), 0, -0.5, 4},
		"a later one":                 {segment(500, 3500), 0, 3.5, 4},
		"the first of a Period":       {segment(500, 9600), 10_000, 10, 3.6},
		"nothing of it is presented":  {segment(9000, -9000), 0, -9, 4},
		"it ends where the zero lies": {segment(4000, -4000), 0, -4, 4},
	} {
		f := c.f
		f.clip(c.zero)
		f.clip(c.zero)
		require.InDelta(t, c.begins, f.start(), 1e-9, name)
		require.InDelta(t, c.lasts, f.length(), 1e-9, name)
	}
}
