package runbook

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// Map is a mapping that keeps the order of the file. Its zero value is empty.
type Map[T any] struct {
	keys   []string
	values map[string]T
}

// Get returns the value under name.
func (m Map[T]) Get(name string) (T, bool) {
	v, ok := m.values[name]
	return v, ok
}

// Set puts v under name: in place when name is there, else at the end.
func (m *Map[T]) Set(name string, v T) {
	if m.values == nil {
		m.values = map[string]T{}
	}
	if _, ok := m.values[name]; !ok {
		m.keys = append(m.keys, name)
	}
	m.values[name] = v
}

// Len is the number of entries.
func (m Map[T]) Len() int { return len(m.keys) }

// Keys returns the names in the order of the file.
func (m Map[T]) Keys() []string { return slices.Clone(m.keys) }

// All yields the entries in the order of the file.
func (m Map[T]) All() iter.Seq2[string, T] {
	return func(yield func(string, T) bool) {
		for _, k := range m.keys {
			if !yield(k, m.values[k]) {
				return
			}
		}
	}
}

// Clone returns a copy whose entries can be replaced without touching m.
func (m Map[T]) Clone() Map[T] {
	var c Map[T]
	for k, v := range m.All() {
		c.Set(k, v)
	}
	return c
}

// Duration is a length of time, such as 90s or 5m. While it still holds an expression (${inputs.hold}) Expr is set
// and D is not known; Resolve fills D in.
type Duration struct {
	Expr string
	D    time.Duration
}

// Or returns the duration, or otherwise when it is zero.
func (v Duration) Or(otherwise time.Duration) time.Duration { return cmp.Or(v.D, otherwise) }

// Percent is a share of the whole: 25 is a quarter.
type Percent float64

// Quantity is an absolute number in a metric's unit, such as 10ms or 0.5pp. Seconds, bytes and percentage points are
// its base units; Text is how the file wrote it.
type Quantity struct {
	Text  string
	Value float64
}

// Names is a list of names, or all of them.
type Names struct {
	All  bool
	List []string
}

// Kind is what a check kind tells about itself, so that lint and `sop kinds` know it without importing it.
type Kind struct {
	Name    string
	Doc     string // what it verifies and when it passes, warns, fails and is unknown
	Example string // one YAML item of a `verify` list that lint accepts
	// Params is a zero value of its parameter struct. yaml tags name the keys; one without omitempty must be in the
	// file. A doc tag explains each. A list of texts may be written as one text with commas, so that one ${…} can
	// fill it. Nil: the kind has no parameters.
	Params any
	// Interval, Timeout: what a check of this kind uses when the file says nothing.
	Interval, Timeout time.Duration
	// Lint finds what the types cannot: params is a pointer to a decoded Params. It runs when the file is loaded, where
	// texts may still hold ${…} (see HasExpr), numbers and truth values written as ${…} are zero, and again when all is
	// filled in. It may be nil.
	Lint func(params any, check Check) []ParamProblem
}

// ParamProblem is something wrong with one parameter; Path is its key, such as "url" or "ports[1]".
type ParamProblem struct {
	Path, Message, Hint string
	Warning             bool
}
