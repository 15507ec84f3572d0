package dash_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// node is an element of a document, as far as patches look at it: names without namespaces, text without spaces around it.
type node struct {
	name       string
	attributes map[string]string
	children   []*node
	text       string
}

func tree(doc []byte) (*node, error) {
	root := &node{}
	stack := []*node{root}
	for d := xml.NewDecoder(bytes.NewReader(doc)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return root.children[0], nil
		}
		if err != nil {
			return nil, err
		}
		top := stack[len(stack)-1]
		switch t := token.(type) {
		case xml.StartElement:
			n := &node{name: t.Name.Local, attributes: make(map[string]string)}
			for _, a := range t.Attr {
				if a.Name.Local != "xmlns" {
					n.attributes[a.Name.Local] = a.Value
				}
			}
			top.children = append(top.children, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += strings.TrimSpace(string(t))
		}
	}
}

// String is a canonical form.
func (n *node) String() string {
	var b strings.Builder
	n.write(&b, "")
	return b.String()
}

func (n *node) write(b *strings.Builder, indent string) {
	fmt.Fprintf(b, "%s%s", indent, n.name)
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range n.attributes {
			if !yield(name) {
				return
			}
		}
	}) {
		fmt.Fprintf(b, " %s=%q", name, n.attributes[name])
	}
	fmt.Fprintf(b, " %q\n", n.text)
	for _, c := range n.children {
		c.write(b, indent+" ")
	}
}

var stepPattern = regexp.MustCompile(`^(\w+)(?:\[@id='([^']*)'\]|\[(\d+)\])?$`)

// child is what a step of a path leads to: the index among n's children.
func (n *node) child(step string) (int, error) {
	m := stepPattern.FindStringSubmatch(step)
	if m == nil {
		return 0, fmt.Errorf("step %q", step)
	}
	place := 0
	for i, c := range n.children {
		if c.name != m[1] || m[2] != "" && c.attributes["id"] != m[2] {
			continue
		}
		place++
		if m[3] == "" || strconv.Itoa(place) == m[3] {
			return i, nil
		}
	}
	return 0, fmt.Errorf("nothing at %q", step)
}

// apply does what the patch says to the MPD, with the least of XPath that players have.
func apply(mpd, patch *node) error {
	if patch.name != "Patch" || patch.attributes["mpdId"] != mpd.attributes["id"] || patch.attributes["originalPublishTime"] != mpd.attributes["publishTime"] {
		return errors.New("the patch is for another MPD")
	}
	for _, operation := range patch.children {
		steps := strings.Split(operation.attributes["sel"], "/")
		if len(steps) < 3 || steps[0] != "" || steps[1] != "MPD" {
			return fmt.Errorf("selector %q", operation.attributes["sel"])
		}
		parent, last := mpd, steps[len(steps)-1]
		for _, step := range steps[2 : len(steps)-1] {
			i, err := parent.child(step)
			if err != nil {
				return fmt.Errorf("selector %q: %w", operation.attributes["sel"], err)
			}
			parent = parent.children[i]
		}
		if name, ok := strings.CutPrefix(last, "@"); ok {
			if _, there := parent.attributes[name]; !there || operation.name != "replace" {
				return fmt.Errorf("%s %q", operation.name, operation.attributes["sel"])
			}
			parent.attributes[name] = operation.text
			continue
		}
		i, err := parent.child(last)
		if err != nil {
			return fmt.Errorf("selector %q: %w", operation.attributes["sel"], err)
		}
		switch operation.name {
		case "remove":
			parent.children = slices.Delete(parent.children, i, i+1)
		case "replace":
			parent.children = slices.Replace(parent.children, i, i+1, operation.children...)
		case "add":
			parent.children[i].children = append(parent.children[i].children, operation.children...)
		}
	}
	return nil
}
