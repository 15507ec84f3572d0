package hls_test

import (
	"bufio"
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// multivariant is a multivariant playlist; attributes have their quotes off.
type multivariant struct {
	version     int
	independent bool
	renditions  []map[string]string
	iframes     []map[string]string
	variants    []map[string]string // with the URI under "URI"
}

func parseMultivariant(doc []byte) (m multivariant, err error) {
	lines := bufio.NewScanner(bytes.NewReader(doc))
	if !lines.Scan() || lines.Text() != "#EXTM3U" {
		return m, fmt.Errorf("does not begin with EXTM3U")
	}
	var pending map[string]string
	for lines.Scan() {
		line := lines.Text()
		tag, value, _ := strings.Cut(line, ":")
		switch {
		case pending != nil:
			pending["URI"] = line
			m.variants = append(m.variants, pending)
			pending = nil
		case tag == "#EXT-X-VERSION":
			m.version, err = strconv.Atoi(value)
		case tag == "#EXT-X-INDEPENDENT-SEGMENTS":
			m.independent = true
		case tag == "#EXT-X-MEDIA":
			var attributes map[string]string
			attributes, err = parseAttributes(value)
			m.renditions = append(m.renditions, attributes)
		case tag == "#EXT-X-I-FRAME-STREAM-INF":
			var attributes map[string]string
			attributes, err = parseAttributes(value)
			m.iframes = append(m.iframes, attributes)
		case tag == "#EXT-X-STREAM-INF":
			pending, err = parseAttributes(value)
		default:
			err = fmt.Errorf("unexpected line")
		}
		if err != nil {
			return m, fmt.Errorf("line %q: %w", line, err)
		}
	}
	return m, nil
}

func parseAttributes(list string) (map[string]string, error) {
	attributes := make(map[string]string)
	for list != "" {
		name, rest, ok := strings.Cut(list, "=")
		if !ok {
			return nil, fmt.Errorf("attribute %q has no value", list)
		}
		if _, twice := attributes[name]; twice {
			return nil, fmt.Errorf("attribute %s twice", name)
		}
		var value string
		if quoted, isQuoted := strings.CutPrefix(rest, `"`); isQuoted {
			if value, rest, ok = strings.Cut(quoted, `"`); !ok {
				return nil, fmt.Errorf("attribute %s: quote is not closed", name)
			}
			if rest != "" && rest[0] != ',' {
				return nil, fmt.Errorf("attribute %s: text after the quote", name)
			}
			rest = strings.TrimPrefix(rest, ",")
		} else {
			value, rest, _ = strings.Cut(rest, ",")
		}
		attributes[name] = value
		list = rest
	}
	return attributes, nil
}
