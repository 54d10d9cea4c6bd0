package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
)

// place is where something stands in the file; the zero value is nowhere.
type place struct{ line, column int }

func at(n *yaml.Node) place { return place{n.Line, n.Column} }

// parser reads one file and goes on past every problem.
type parser struct {
	file     string
	cfg      Config
	problems []runbook.Problem
}

func (p *parser) problem(at place, hint, format string, args ...any) {
	p.problems = append(p.problems, runbook.Problem{
		File: p.file, Line: at.line, Column: at.column, Severity: runbook.SeverityError,
		Message: clean(fmt.Sprintf(format, args...)), Hint: clean(hint),
	})
}

// clean makes what stands in the file fit for a terminal.
func clean(s string) string { return string(run.MakeSafe(s, 300)) }

func (p *parser) document(data []byte) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	err := d.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return // an empty file, or only comments
	}
	if err != nil {
		where, message := placeIn(err)
		p.problem(where, "", "this is no YAML: %s", message)
		return
	}
	if err := d.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		p.problem(place{}, "keep one", "the file has a second document")
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		if len(doc.Content) == 1 && doc.Content[0].Tag == "!!null" {
			return
		}
		p.problem(at(&doc), "write key: value lines, such as mouse: off", "the configuration must be a mapping")
		return
	}
	p.each(doc.Content[0], "the configuration", p.setting)
}

var inYAMLError = regexp.MustCompile(`^(?:yaml: )?(?:line|\(?L)(\d+)(?:[.:]?C?(\d+))?\)?:? ?`)

// placeIn is where the YAML library stopped, as far as it says.
func placeIn(err error) (place, string) {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := inYAMLError.FindStringSubmatch(text); m != nil {
		line, _ := strconv.Atoi(m[1])
		column, _ := strconv.Atoi(m[2])
		return place{line, max(1, column)}, strings.TrimPrefix(text, m[0])
	}
	return place{1, 1}, text
}

// each calls entry for every key of a mapping that stands there once.
func (p *parser) each(n *yaml.Node, what string, entry func(key, value *yaml.Node)) {
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Tag == "!!merge":
			p.problem(at(key), "write the keys out", "merge key << is not allowed")
		case key.Kind != yaml.ScalarNode:
			p.problem(at(key), "write key: value", "a key of %s must be a text", what)
		case seen[key.Value] > 0:
			p.problem(at(key), fmt.Sprintf("the first is on line %d; keep one", seen[key.Value]), "key %q stands twice", key.Value)
		case key.Anchor != "" || value.Anchor != "" || value.Kind == yaml.AliasNode:
			p.problem(at(value), "write the value out", "anchors and aliases are not allowed")
		default:
			entry(key, value)
		}
		if key.Kind == yaml.ScalarNode && seen[key.Value] == 0 {
			seen[key.Value] = key.Line
		}
	}
}

// words are YAML's own for on and off.
var words = map[string]string{"true": On, "yes": On, "false": Off, "no": Off}

func (p *parser) setting(key, value *yaml.Node) {
	if key.Value == "keys" {
		p.keys(value)
		return
	}
	i := slices.IndexFunc(settings, func(s setting) bool { return s.name == key.Value })
	if i < 0 {
		known := []string{"keys"}
		for _, s := range settings {
			known = append(known, s.name)
		}
		p.problem(at(key), runbook.Suggest(key.Value, known), "unknown key %q in the configuration", key.Value)
		return
	}
	s := settings[i]
	text, ok := scalar(value)
	if word, is := words[text]; is && slices.Contains(s.values, Off) {
		text = word
	}
	if !ok || !slices.Contains(s.values, text) {
		p.problem(at(value), "write one of "+strings.Join(s.values, ", "), "%s is not %s", key.Value, describe(value))
		return
	}
	s.set(&p.cfg, text)
}

// scalar is the text of a scalar that stands for something.
func scalar(n *yaml.Node) (string, bool) {
	known := []string{"!!str", "!!bool", "!!int", "!!float", "!!timestamp"}
	return n.Value, n.Kind == yaml.ScalarNode && slices.Contains(known, n.Tag)
}

func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	if n.Tag == "!!null" {
		return "empty"
	}
	return strconv.Quote(n.Value)
}

// keys reads the changes of the key map. Where each stands is kept, for what Remap refuses.
func (p *parser) keys(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	if n.Kind != yaml.MappingNode {
		p.problem(at(n), "write an action and its keys, such as freeze: [f, z]", "keys must be a mapping, not %s", describe(n))
		return
	}
	var changes []keys.Change
	places := map[keys.ID][]place{} // of the action, then of each key
	before := len(p.problems)
	p.each(n, "keys", func(key, value *yaml.Node) {
		c := keys.Change{ID: keys.ID(key.Value)}
		spots := []place{at(key)}
		for _, item := range p.listed(value, key.Value) {
			c.Keys = append(c.Keys, item.Value)
			spots = append(spots, at(item))
		}
		changes, places[c.ID] = append(changes, c), spots
	})
	if len(p.problems) > before {
		return
	}
	m, refused := keys.Remap(changes)
	for _, r := range refused {
		where := place{}
		if spots := places[r.ID]; r.Key+1 < len(spots) {
			where = spots[r.Key+1]
		}
		hint := r.Hint
		if hint == "" {
			var known []string
			for _, id := range keys.IDs() {
				known = append(known, string(id))
			}
			hint = runbook.Suggest(string(r.ID), known)
		}
		p.problem(where, hint, "%s", r.Message)
	}
	if len(refused) == 0 {
		p.cfg.Keys = m
	}
}

// listed are the keys of an action: a list, or a single one.
func (p *parser) listed(n *yaml.Node, action string) (items []*yaml.Node) {
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		list = n.Content
	}
	for _, item := range list {
		text, ok := scalar(item)
		switch {
		case !ok || strings.ContainsFunc(text, unicode.IsControl):
			p.problem(at(item), "write a key, or a list such as [f, z]; a sign such as ? goes in quotes", "a key of %s is not %s", action, describe(item))
		default:
			items = append(items, item)
		}
	}
	return items
}
