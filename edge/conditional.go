package edge

import "bytes"

// matchesNone tells whether an If-None-Match field names the entity tag, so that the answer is 304. It compares weakly (RFC
// 9110, 13.1.2). A field that is not well-formed names nothing from where it goes wrong.
func matchesNone(field, etag []byte) bool {
	if len(field) == 0 || len(etag) == 0 {
		return false
	}
	rest := trimSpace(field)
	if string(rest) == "*" {
		return true
	}
	for len(rest) > 0 {
		if rest[0] == ',' || rest[0] == ' ' || rest[0] == '\t' {
			rest = rest[1:]
			continue
		}
		tag, ok := nextTag(rest)
		if !ok {
			return false
		}
		rest = rest[len(tag):]
		if bytes.Equal(bytes.TrimPrefix(tag, []byte("W/")), etag) {
			return true
		}
	}
	return false
}

// nextTag is the entity tag that b begins with (RFC 9110, 8.8.3).
func nextTag(b []byte) ([]byte, bool) {
	open := 0
	if bytes.HasPrefix(b, []byte("W/")) {
		open = 2
	}
	if len(b) <= open || b[open] != '"' {
		return nil, false
	}
	for i := open + 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return b[:i+1], true
		case c < 0x21 || c == 0x7f:
			return nil, false
		}
	}
	return nil, false
}

// rangeStands tells whether an If-Range field lets the range be: there is none, or it is the strong tag of what is there (RFC
// 9110, 13.1.5). Dates never do, for we give none.
func rangeStands(field, etag []byte) bool {
	return len(field) == 0 || bytes.Equal(trimSpace(field), etag)
}

// trimSpace is b without optional whitespace around it (RFC 9110, 5.6.3).
func trimSpace(b []byte) []byte { return bytes.Trim(b, " \t") }
