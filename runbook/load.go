package runbook

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
)

// Document is a loaded runbook: what a run freezes.
type Document struct {
	Runbook   *Runbook
	Data      []byte              // the runbook and its site files as one canonical YAML file; it loads again to the same Runbook
	Digest    string              // SHA-256 of Data, in hex
	Positions map[string]Position // where each value was written, by path such as "phases[0].sections[1].steps[2].id"

	kinds []Kind
	nodes map[string]*node
}

// Load reads a runbook and the site files over it, in order, and lints the result. It returns every problem of all
// files at once. The Document is nil when any of them is an error.
func Load(kinds []Kind, src Source, sites ...Source) (*Document, []Problem) {
	root, problems := parseFile(src)
	for _, s := range sites {
		site, wrong := parseFile(s)
		problems = append(problems, wrong...)
		if root != nil && site != nil && root.shape == mappingNode {
			problems = append(problems, overlay(root, site)...)
		}
	}
	if root == nil {
		return nil, problems
	}
	if kind := root.get("kind"); kind != nil && kind.text == "Site" {
		return nil, append(problems, problemAt(kind.position(), "this is a site file, not a runbook", "give it beside a runbook: --values FILE"))
	}
	doc := &Document{Runbook: &Runbook{}, kinds: kinds, nodes: map[string]*node{}}
	d := &decoder{kinds: kinds, nodes: doc.nodes}
	d.decode(root, reflect.ValueOf(doc.Runbook).Elem(), "")
	if root.isNull() {
		d.errorf(root, "a runbook begins with apiVersion: sop/v1", "the file is empty")
	}
	problems = append(problems, d.problems...)
	problems = append(problems, lint(doc)...)
	problems = sortProblems(problems, src, sites)
	if HasErrors(problems) {
		return nil, problems
	}
	doc.Positions = make(map[string]Position, len(doc.nodes))
	for path, n := range doc.nodes {
		doc.Positions[path] = n.position()
	}
	data, err := Marshal(doc.Runbook)
	if err == nil && len(data) > maxSize {
		err = fmt.Errorf("written out in full the runbook has %d bytes; at most %d can be read again", len(data), maxSize)
	}
	if err != nil {
		return nil, append(problems, problemAt(root.position(), err.Error(), "make it shorter"))
	}
	sum := sha256.Sum256(data)
	doc.Data, doc.Digest = data, hex.EncodeToString(sum[:])
	return doc, problems
}

// sortProblems puts the problems into the order in which a person reads the files, each once.
func sortProblems(problems []Problem, src Source, sites []Source) []Problem {
	order := map[string]int{src.Name: 0}
	for i, s := range sites {
		if _, ok := order[s.Name]; !ok {
			order[s.Name] = i + 1
		}
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(order[a.File], order[b.File]), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(problems)
}

// clone is a deep copy of the document's runbook. The problems are those of a document that Load did not make.
func (doc *Document) clone() (*Runbook, []Problem) {
	rb := &Runbook{}
	root, problems := parseFile(Source{Name: "runbook.yaml", Data: doc.Data})
	if root == nil || len(problems) > 0 {
		return rb, problems
	}
	d := &decoder{anyKind: true}
	d.decode(root, reflect.ValueOf(rb).Elem(), "")
	return rb, d.problems
}
