package bus

import (
	"fmt"
	"strings"
)

// headerFields are the numbers of a header's value, each in its only form and within its limit, where those of the present version
// stand; what an older one lacks is 0.
func headerFields(value string, end bool) (f [endFields]int64, err error) {
	if len(value) > maxHeader {
		return f, fmt.Errorf("header of %d bytes", len(value))
	}
	version, _, _ := strings.Cut(value, ",")
	fields, common, limits := chunkFields, commonFields, &headerLimits[0]
	if end {
		fields, limits = endFields, &headerLimits[1]
	}
	switch version {
	case "2":
	case "1":
		fields, common = oldChunkFields, oldCommon
		if end {
			fields = oldEndFields
		}
	default:
		return f, fmt.Errorf("header version %.20q", version)
	}
	n := strings.Count(value, ",") + 1
	if end && version == "2" && (n == captionsField || n == keyField) {
		fields = n
	}
	if n != fields {
		return f, fmt.Errorf("header of %d fields, %d are needed", n, fields)
	}
	i := 0
	for s := range strings.SplitSeq(value, ",") {
		at := i
		if i >= common {
			at += commonFields - common
		}
		i++
		digits, negative := s, false
		if at == shiftField {
			if digits, negative = strings.CutPrefix(s, "-"); negative && digits == "0" {
				return f, fmt.Errorf("header field %d: %q is not a plain number", at, s)
			}
		}
		v, err := number(digits, limits[at])
		if err != nil {
			return f, fmt.Errorf("header field %d: %w", at, err)
		}
		if f[at] = int64(v); negative {
			f[at] = -f[at]
		}
	}
	if !end {
		return f, nil
	}
	if n == keyField && f[captionsField] == 0 || n == endFields && f[keyField] == 0 && f[keysField] == 0 {
		return f, fmt.Errorf("header field %d: 0 would have been left out", n-1)
	}
	return f, nil
}
