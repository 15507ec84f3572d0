package mpd

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const namespace = "urn:mpeg:dash:schema:mpd:2011"

// frame is an element that is open.
type frame struct {
	name     string
	rule     element
	known    bool
	at       int // place in rule.children of the last child
	children map[string]int
}

// checker is the state between two tokens.
type checker struct {
	grammar  map[string]element
	stack    []frame
	problems []Problem
	line     int
}

// Structure tells where an MPD is not built as the schema wants: elements that are missing, too many or out of order, attributes
// that are missing, unknown or of another type. It knows the part of the schema that live services use.
func Structure(data []byte) []Problem {
	if err := bounded(data); err != nil {
		return []Problem{{1, err.Error()}}
	}
	c := &checker{grammar: grammar()}
	d := xml.NewDecoder(bytes.NewReader(data))
	for {
		token, err := d.Token()
		c.line, _ = d.InputPos()
		if err == io.EOF {
			return c.problems
		}
		if err != nil {
			c.problem("%v", err)
			return c.problems
		}
		switch t := token.(type) {
		case xml.StartElement:
			c.start(t)
		case xml.EndElement:
			c.end()
		case xml.CharData:
			if n := len(c.stack); n > 0 && c.stack[n-1].known && !c.stack[n-1].rule.open && len(bytes.TrimSpace(t)) > 0 {
				c.problem("%s has text in it", c.stack[n-1].name)
			}
		}
	}
}

func (c *checker) problem(format string, args ...any) {
	if len(c.problems) < maxNotes {
		c.problems = append(c.problems, Problem{c.line, fmt.Sprintf(format, args...)})
	}
}

func (c *checker) start(t xml.StartElement) {
	name := t.Name.Local
	f := frame{name: name, at: -1}
	if len(c.stack) == 0 {
		if name != "MPD" || t.Name.Space != namespace {
			c.problem("the root is %.40q in the namespace %.60q", name, t.Name.Space)
		}
	} else {
		c.child(name, t.Name.Space)
	}
	if t.Name.Space == namespace {
		f.rule, f.known = c.grammar[name]
	}
	if f.known {
		f.children = map[string]int{}
		if f.rule.attributes != nil || !f.rule.open {
			c.attributes(name, f.rule, t.Attr)
		}
	}
	c.stack = append(c.stack, f)
}

// child checks that an element may stand where it stands.
func (c *checker) child(name, space string) {
	parent := &c.stack[len(c.stack)-1]
	if !parent.known || parent.rule.open || space != namespace {
		return
	}
	parent.children[name]++
	at := slices.IndexFunc(parent.rule.children, func(s string) bool { return strings.TrimRight(s, "!?") == name })
	switch {
	case at < 0:
		c.problem("%s has a child %.40q", parent.name, name)
		return
	case at < parent.at:
		c.problem("in %s, %s stands behind %s", parent.name, name, strings.TrimRight(parent.rule.children[parent.at], "!?"))
	case parent.children[name] == 2 && strings.HasSuffix(parent.rule.children[at], "?"):
		c.problem("%s has more than one %s", parent.name, name)
	}
	parent.at = max(parent.at, at)
}

func (c *checker) end() {
	if len(c.stack) == 0 {
		return
	}
	f := c.stack[len(c.stack)-1]
	c.stack = c.stack[:len(c.stack)-1]
	for _, name := range f.rule.children {
		if required, ok := strings.CutSuffix(name, "!"); ok && f.children[required] == 0 {
			c.problem("%s has no %s", f.name, required)
		}
	}
}

func (c *checker) attributes(name string, rule element, list []xml.Attr) {
	there := map[string]bool{}
	for _, a := range list {
		if a.Name.Space != "" || a.Name.Local == "xmlns" {
			continue
		}
		kind, ok := rule.attributes[a.Name.Local]
		if !ok {
			kind, ok = rule.attributes[a.Name.Local+"!"]
		}
		there[a.Name.Local] = true
		if !ok {
			c.problem("%s has an attribute %.40q", name, a.Name.Local)
		} else if !valid(kind, a.Value) {
			c.problem("%s@%s is %.60q", name, a.Name.Local, a.Value)
		}
	}
	for key := range rule.attributes {
		if required, ok := strings.CutSuffix(key, "!"); ok && !there[required] {
			c.problem("%s has no @%s", name, required)
		}
	}
}

var forms = map[string]*regexp.Regexp{
	"ratio": regexp.MustCompile(`^[0-9]*:[0-9]*$`), "rate": regexp.MustCompile(`^[0-9]+(/[1-9][0-9]*)?$`),
	"lang": regexp.MustCompile(`^[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*$`), "sap": regexp.MustCompile(`^[0-6]$`),
	"codecs": regexp.MustCompile(`^[^ ,]+( *, *[^ ,]+)*$`), "name": regexp.MustCompile(`^[^\s]+$`),
	"bool": regexp.MustCompile(`^(true|false|0|1)$`), "type": regexp.MustCompile(`^(static|dynamic)$`),
	"duration": regexp.MustCompile(`^-?P(\d+Y)?(\d+M)?(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$`),
	"urns":     regexp.MustCompile(`^[a-zA-Z][^\s,]*( *, *[a-zA-Z][^\s,]*)*$`),
	"uints":    regexp.MustCompile(`^\d+( \d+)?$`),
}

// valid tells that a value is of that type.
func valid(kind, value string) bool {
	if form := forms[kind]; form != nil {
		return form.MatchString(value) && (kind != "duration" || !strings.HasSuffix(value, "T") && !strings.HasSuffix(value, "P"))
	}
	var err error
	switch kind {
	case "uint":
		_, err = strconv.ParseUint(value, 10, 32)
	case "ulong":
		_, err = strconv.ParseUint(value, 10, 64)
	case "int":
		_, err = strconv.ParseInt(value, 10, 32)
	case "double":
		if value != "INF" && value != "-INF" && value != "NaN" {
			_, err = strconv.ParseFloat(value, 64)
		}
	case "time":
		_, ok := Time(value)
		return ok
	}
	return err == nil
}
