package edge

import "bytes"

// wantsGzip tells whether an Accept-Encoding field prefers gzip to no coding (RFC 9110, 12.5.3): gzip, x-gzip or * is there with a
// weight that is not zero and not below that of identity.
func wantsGzip(field []byte) bool {
	const unset = -1
	gzip, identity, other := unset, unset, unset
	for len(field) > 0 {
		var item []byte
		item, field, _ = bytes.Cut(field, []byte(","))
		coding, params, _ := bytes.Cut(item, []byte(";"))
		weight, ok := weight(params)
		if !ok {
			continue
		}
		coding = trimSpace(coding)
		switch {
		case bytes.EqualFold(coding, []byte("gzip")), bytes.EqualFold(coding, []byte("x-gzip")):
			gzip = max(gzip, weight)
		case bytes.EqualFold(coding, []byte("identity")):
			identity = weight
		case string(coding) == "*":
			other = weight
		}
	}
	if gzip == unset {
		gzip = other
	}
	return gzip > 0 && gzip >= identity
}

// weight reads the parameters of a coding: its quality in thousandths, 1000 where none is given.
func weight(params []byte) (int, bool) {
	params = trimSpace(params)
	if len(params) == 0 {
		return 1000, true
	}
	name, value, ok := bytes.Cut(params, []byte("="))
	if !ok || !bytes.EqualFold(trimSpace(name), []byte("q")) {
		return 0, false
	}
	value = trimSpace(value)
	if len(value) == 0 || len(value) > 5 || value[0] != '0' && value[0] != '1' || len(value) > 1 && value[1] != '.' {
		return 0, false
	}
	q, unit := int(value[0]-'0')*1000, 100
	for _, c := range value[min(2, len(value)):] {
		if c < '0' || c > '9' {
			return 0, false
		}
		q += int(c-'0') * unit
		unit /= 10
	}
	return q, q <= 1000
}
