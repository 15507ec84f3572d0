package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Error is what is wrong with a configuration file, and where.
type Error struct {
	File         string
	Line, Column int // from 1; the column counts characters
	Message      string
}

// Error is one line, as editors and terminals make links of: FILE:LINE:COL: message.
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// document is a YAML file while it is read: mappings of mappings of single values, which is all that a configuration needs.
type document struct {
	file  string
	body  ast.Node                // nil for an empty file
	at    map[string]*token.Token // where the value of each path is that was given, such as "edge.listen"
	known []string                // all paths that sections of the file may have
}

// maxDepth is how many braces and brackets may be open at one time. The file's shape has three; the parser's work grows with the square.
const maxDepth = 8

// open takes the text apart.
func open(file string, text []byte) (*document, error) {
	d := &document{file: file, at: make(map[string]*token.Token)}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // editors of Windows begin a file with it
	for rest := text; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if r == utf8.RuneError && size == 1 || r == 0 {
			before := text[:len(text)-len(rest)]
			line := before[bytes.LastIndexByte(before, '\n')+1:]
			return nil, &Error{file, bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(line) + 1, "this is no UTF-8 text"}
		}
		rest = rest[size:]
	}
	tokens := lexer.Tokenize(string(text))
	if err := d.plain(tokens); err != nil {
		return nil, err
	}
	f, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, d.syntax(err)
	}
	for _, doc := range f.Docs {
		switch {
		case doc.Body == nil:
		case d.body == nil:
			d.body = doc.Body
		default:
			return nil, d.failAt(doc.Start, "a second document begins here: a configuration is one")
		}
	}
	return d, nil
}

// plain refuses what YAML has and a configuration does not need, before it costs anything.
func (d *document) plain(tokens token.Tokens) error {
	depth := 0
	for _, tk := range tokens {
		switch tk.Type {
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType, token.MappingKeyType, token.DirectiveType:
			return d.failAt(tk, "anchors, aliases, tags and the like are not known here")
		case token.SequenceEntryType:
			return d.failAt(tk, "a list is written in brackets, like [a, b]")
		case token.MappingStartType, token.SequenceStartType:
			if depth++; depth > maxDepth {
				return d.failAt(tk, "this is nested too deeply")
			}
		case token.MappingEndType, token.SequenceEndType:
			depth--
		}
	}
	return nil
}

// syntax is the parser's error as one of ours.
func (d *document) syntax(err error) error {
	var at yaml.Error
	if errors.As(err, &at) {
		return d.failAt(at.GetToken(), "%s", at.GetMessage())
	}
	return d.failAt(nil, "%s", err)
}

// fail is an error about the value of the path, where that was given.
func (d *document) fail(path, message string, args ...any) error {
	return d.failAt(d.at[path], "%s: %s", path, fmt.Sprintf(message, args...))
}

func (d *document) failAt(tk *token.Token, message string, args ...any) error {
	e := &Error{File: d.file, Line: 1, Column: 1, Message: fmt.Sprintf(message, args...)}
	e.Message = strings.Join(strings.Fields(e.Message), " ") // one line
	if tk != nil && tk.Position != nil {
		e.Line, e.Column = max(tk.Position.Line, 1), max(tk.Position.Column, 1)
	}
	return e
}

// reader reads the value of a key that stands at path.
type reader func(d *document, path string, n ast.Node) error

// key is one that a section knows.
type key struct {
	name string
	read reader
}

// section is the reader of a section that knows those keys.
func section(keys ...key) reader {
	return func(d *document, path string, n ast.Node) error { return d.section(path, n, keys) }
}

func (d *document) section(path string, n ast.Node, keys []key) error {
	entries, err := d.entries(path, n)
	if err != nil {
		return err
	}
	readers := make(map[string]reader, len(keys))
	names := make([]string, len(keys))
	for i, k := range keys {
		readers[k.name], names[i] = k.read, k.name
		d.known = append(d.known, join(path, k.name))
	}
	for _, e := range entries {
		read, ok := readers[e.name]
		if !ok {
			in := ""
			if path != "" {
				in = " in " + path
			}
			return d.failAt(e.at, "unknown key %.50q%s, known: %s", e.name, in, strings.Join(names, ", "))
		}
		if err := read(d, join(path, e.name), e.value); err != nil {
			return err
		}
	}
	return nil
}

// entry is a key of a mapping with its value.
type entry struct {
	name  string
	at    *token.Token // of the key
	value ast.Node
}

// entries are those of the mapping n; nil where nothing is written behind the key.
func (d *document) entries(path string, n ast.Node) ([]entry, error) {
	if n == nil || n.Type() == ast.NullType {
		return nil, nil
	}
	m, ok := n.(*ast.MappingNode)
	if !ok && n.Type() == ast.SequenceType {
		return nil, d.failAt(n.GetToken(), notAList)
	}
	if !ok {
		if path == "" {
			return nil, d.failAt(n.GetToken(), "this must be keys with values")
		}
		return nil, d.failAt(n.GetToken(), "%s: must be keys with values, not a single value", path)
	}
	d.at[path] = m.GetToken()
	entries := make([]entry, 0, len(m.Values))
	first := make(map[string]int, len(m.Values))
	for _, v := range m.Values {
		tk := v.Key.GetToken()
		e := entry{name: tk.Value, at: tk, value: v.Value}
		if line, twice := first[e.name]; twice {
			return nil, d.failAt(tk, "%.80s: is there twice, first in line %d", join(path, e.name), line)
		}
		first[e.name] = tk.Position.Line
		entries = append(entries, e)
	}
	return entries, nil
}

// value is the reader of a single value, which parse makes a T of.
func value[T any](to *T, parse func(string) (T, error)) reader {
	return func(d *document, path string, n ast.Node) error {
		s, err := d.scalar(path, n)
		if err != nil {
			return err
		}
		v, err := parse(s)
		if err != nil {
			return d.fail(path, "%s", err)
		}
		*to = v
		return nil
	}
}

// list is the reader of a list of single values, which parse makes a T of, all at once.
func list[T any](to *T, parse func([]string) (T, error)) reader {
	return func(d *document, path string, n ast.Node) error {
		d.at[path] = n.GetToken()
		seq, ok := n.(*ast.SequenceNode)
		if !ok {
			return d.fail(path, "must be a list in brackets, like [a, b]")
		}
		all := make([]string, len(seq.Values))
		for i, v := range seq.Values {
			var err error
			if all[i], err = d.scalar(path, v); err != nil {
				return err
			}
		}
		d.at[path] = n.GetToken()
		v, err := parse(all)
		if err != nil {
			return d.fail(path, "%s", err)
		}
		*to = v
		return nil
	}
}

// sections is the reader of a list of at most so many mappings, which keys tells of each and take gets all of. example is such a list.
func sections[T any](most int, example string, keys func(*T) []key, take func([]T)) reader {
	return func(d *document, path string, n ast.Node) error {
		d.at[path] = n.GetToken()
		seq, ok := n.(*ast.SequenceNode)
		if !ok {
			return d.fail(path, "must be a list in brackets, like %s", example)
		}
		if len(seq.Values) > most {
			return d.fail(path, "%d are too many, at most %d", len(seq.Values), most)
		}
		all := make([]T, len(seq.Values))
		for i, v := range seq.Values {
			if err := d.section(path, v, keys(&all[i])); err != nil {
				return err
			}
		}
		d.at[path] = n.GetToken()
		take(all)
		return nil
	}
}

// notAList is what is wrong with a list where none belongs.
const notAList = "this key has no list as its value"

// scalar is a single value as it is written.
func (d *document) scalar(path string, n ast.Node) (string, error) {
	tk := n.GetToken()
	d.at[path] = tk
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return tk.Value, nil
	case *ast.NullNode:
		return "", d.fail(path, `has no value; write "" for an empty one, or leave the key out`)
	case *ast.LiteralNode:
		return "", d.fail(path, "must stand on one line")
	case *ast.SequenceNode:
		return "", d.failAt(tk, notAList)
	}
	return "", d.fail(path, "must be a single value")
}

// join is a path from the document's root.
func join(names ...string) string {
	if names[0] == "" {
		names = names[1:]
	}
	return strings.Join(names, ".")
}
