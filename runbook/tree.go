package runbook

import (
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxDepth is how deep mappings and lists may nest; a runbook needs about twelve levels.
const maxDepth = 32

// shape is what a node is.
type shape int

const (
	scalarNode shape = iota
	mappingNode
	listNode
)

// node is one value of a file with its address. Decoding works on nodes and not on yaml.Node, since site files are
// laid over a runbook before it is decoded and each value must keep the file that it came from.
type node struct {
	shape  shape
	tag    string     // of a scalar: !!str, !!int, !!float, !!bool, !!null or !!timestamp
	text   string     // of a scalar
	style  yaml.Style // of a scalar
	fields []field    // of a mapping, in the order of the file
	items  []*node    // of a list
	src    *file      // nil when the value came from no file
	line   int
	column int
}

// field is one entry of a mapping.
type field struct {
	key   *node
	value *node
}

// get returns the value under key, or nil.
func (n *node) get(key string) *node {
	for _, f := range n.fields {
		if f.key.text == key {
			return f.value
		}
	}
	return nil
}

// isNull tells whether the node is an empty value or ~.
func (n *node) isNull() bool { return n.shape == scalarNode && n.tag == "!!null" }

// plain tells whether a scalar stands without quotes, so that its tag is what YAML made of it.
func (n *node) plain() bool {
	return n.style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
}

// position is where the node begins.
func (n *node) position() Position {
	if n.src == nil {
		return Position{}
	}
	return Position{File: n.src.name, Line: n.line, Column: n.column}
}

// at is where the character number offset of a scalar's text stands. Where the text was folded or escaped it is
// where the scalar begins.
func (n *node) at(offset int) Position {
	p := n.position()
	if n.src == nil || n.shape != scalarNode || offset <= 0 {
		return p
	}
	if n.style&yaml.LiteralStyle != 0 {
		return n.atLiteral(offset)
	}
	line := []rune(n.src.line(n.line))
	i := n.column - 1
	quote := rune(0)
	if !n.plain() {
		if i >= len(line) || (line[i] != '\'' && line[i] != '"') {
			return p
		}
		quote = line[i]
		i++
	}
	for ; offset > 0 && i < len(line); offset-- {
		if quote == '"' && line[i] == '\\' {
			return p
		}
		if quote == '\'' && line[i] == '\'' {
			i++
		}
		i++
	}
	if offset > 0 || i >= len(line) {
		return p
	}
	p.Column = i + 1
	return p
}

// atLiteral is at for a block scalar after |.
func (n *node) atLiteral(offset int) Position {
	p := n.position()
	down, along := 1, 0
	for _, r := range n.text {
		if offset == 0 {
			break
		}
		offset--
		along++
		if r == '\n' {
			down, along = down+1, 0
		}
	}
	indent := len(n.src.line(n.line+1)) - len(trimIndent(n.src.line(n.line+1)))
	if width := utf8.RuneCountInString(n.src.line(n.line + down)); width < indent+along+1 {
		return p
	}
	p.Line, p.Column = n.line+down, indent+along+1
	return p
}

// treeBuilder turns what the YAML library composed into nodes and refuses what a runbook may not use.
type treeBuilder struct {
	src      *file
	problems []Problem
}

// build converts one value. Refused values come back as null scalars, so that the rest is still looked at.
func (b *treeBuilder) build(y *yaml.Node, depth int) *node {
	n := &node{src: b.src, line: max(y.Line, 1), column: max(y.Column, 1), style: y.Style, tag: "!!null"}
	n.clamp()
	if depth > maxDepth {
		b.problem(n, "nested too deep", "a runbook nests at most 32 levels")
		return n
	}
	b.checkAnchor(y, n)
	switch y.Kind {
	case yaml.MappingNode:
		b.mapping(y, n, depth)
	case yaml.SequenceNode:
		n.shape = listNode
		if b.knownTag(y, n, "!!seq") {
			for _, c := range y.Content {
				n.items = append(n.items, b.build(c, depth+1))
			}
		}
	case yaml.ScalarNode:
		b.scalar(y, n)
	}
	return n
}

func (b *treeBuilder) checkAnchor(y *yaml.Node, n *node) {
	switch {
	case y.Kind == yaml.AliasNode:
		b.problem(n, "alias *"+printable(y.Value)+" is not allowed", "write the value out, so that every line says what it does")
	case y.Anchor != "":
		b.problem(n, "anchor &"+printable(y.Anchor)+" is not allowed", "write the value out where it is needed")
	}
}

// mapping converts the entries and refuses a key that stands twice.
func (b *treeBuilder) mapping(y *yaml.Node, n *node, depth int) {
	n.shape = mappingNode
	if !b.knownTag(y, n, "!!map") {
		return
	}
	seen := map[string]*node{}
	for i := 0; i+1 < len(y.Content); i += 2 {
		key := b.build(y.Content[i], depth+1)
		value := b.build(y.Content[i+1], depth+1)
		switch {
		case y.Content[i].Tag == "!!merge":
			b.problem(key, "merge key << is not allowed", "write the keys out")
			continue
		case key.shape != scalarNode || key.isNull():
			b.problem(key, "a key must be a text", "write key: value")
			continue
		}
		if first := seen[key.text]; first != nil {
			b.problem(key, "key "+quote(key.text)+" stands twice", "the first is on line "+itoa(first.line)+"; keep one")
			continue
		}
		seen[key.text] = key
		n.fields = append(n.fields, field{key: key, value: value})
	}
}

// scalar takes the text over and refuses control characters, which escapes such as "\e" can smuggle in.
func (b *treeBuilder) scalar(y *yaml.Node, n *node) {
	if y.Tag != "!!merge" && !b.knownTag(y, n, "!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp") {
		return
	}
	if r, ok := controlIn(y.Value, true); ok {
		b.problem(n, "the text holds "+runeName(r), "leave it out; only line breaks and tabs may stand in a text")
		return
	}
	n.tag, n.text = y.Tag, y.Value
}

// knownTag refuses every tag that is written out and is none of the known ones.
func (b *treeBuilder) knownTag(y *yaml.Node, n *node, known ...string) bool {
	for _, k := range known {
		if y.Tag == k {
			return true
		}
	}
	b.problem(n, "tag "+printable(y.Tag)+" is not allowed", "leave the tag out")
	return false
}

func (b *treeBuilder) problem(n *node, message, hint string) {
	b.problems = append(b.problems, problemAt(n.position(), message, hint))
}
