package checks

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

type fileParams struct {
	Document `yaml:",inline" doc:"where the file is"`
	Exists   *bool             `yaml:"exists,omitempty" doc:"false: there must be no such file; true is the default"`
	Contains string            `yaml:"contains,omitempty" doc:"what each file must contain: a text, or /…/ for a regular expression (RE2; write (?m) before ^ and $ of lines)"`
	SHA256   string            `yaml:"sha256,omitempty" doc:"the SHA-256 of the file, 64 hexadecimal digits"`
	Min      *int              `yaml:"min,omitempty" doc:"how many files path must match; 1 when not written, 0 where there may be none"`
	Pairs    map[string]string `yaml:"pairs,omitempty" doc:"ends of names that belong together: {'.up.sql': .down.sql} wants a file NAME.down.sql, not empty, beside each NAME.up.sql"`
}

var fileKind = runbook.Kind{
	Name: "file",
	Doc: `A file is there and holds what it should: the changelog names the version, each migration has its way back.
passes   each file is there, is not empty and contains the text; each has its partner
fails    a file is missing or does not contain the text, its SHA-256 is another, or a partner is missing or empty
unknown  a file cannot be fetched or read, or is empty
Paths are below the directory where the program was started.
self     a map of files (how many), bytes (of all together) and missing (partners)`,
	Example:  "file: {path: CHANGELOG.md, contains: '${inputs.path}'}",
	Params:   fileParams{},
	Interval: documentInterval,
	Timeout:  documentTimeout,
	Lint:     lintFile,
}

func lintFile(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*fileParams)
	out := lintDocument("", p.Document, true)
	if p.Contains != "" && known(p.Contains) {
		if _, err := containing(p.Contains); err != nil {
			out = append(out, problem("contains", "write /…/ around a regular expression of RE2", "%v", err))
		}
	}
	if p.SHA256 != "" && known(p.SHA256) {
		if sum, err := hex.DecodeString(p.SHA256); err != nil || len(sum) != 32 {
			out = append(out, problem("sha256", "write 64 hexadecimal digits", "%q is not a SHA-256", p.SHA256))
		}
		if isPattern(p.Path) {
			out = append(out, problem("sha256", "name one file", "several files have no one SHA-256"))
		}
	}
	if p.Min != nil && (*p.Min < 0 || *p.Min > maxDocuments) {
		out = append(out, problem("min", fmt.Sprintf("write a number from 0 to %d", maxDocuments), "%d is out of range", *p.Min))
	}
	if p.Exists != nil && !*p.Exists && (p.Contains != "" || p.SHA256 != "" || p.Min != nil || len(p.Pairs) > 0) {
		out = append(out, problem("exists", "leave the others out", "what must not be there cannot hold anything"))
	}
	for end, other := range p.Pairs {
		if end == "" || other == "" || end == other || strings.Contains(other, "/") {
			out = append(out, problem("pairs", "write {'.up.sql': .down.sql}", "%q and %q are not ends of two names", end, other))
		}
	}
	if len(p.Pairs) > 0 && p.Path == "" {
		out = append(out, problem("pairs", "write path: 'migrations/*.up.sql'", "partners are looked for beside files of path"))
	}
	return out
}

func readyFile(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[fileParams](fileKind, work.Check)
	if err != nil {
		return check{}, err
	}
	l := fileLook{fileParams: p, files: w.Files, min: 1}
	if p.Min != nil {
		l.min = *p.Min
	}
	holds := func(string) bool { return true }
	if p.Contains != "" {
		if holds, err = containing(p.Contains); err != nil {
			return check{}, fmt.Errorf("contains: %w", err)
		}
	}
	l.reader, err = newReader(w, work.Env, p.Document, func(in *bufio.Reader, _ web.Secrets) (content, error) {
		if err := opening(in); err != nil {
			return content{}, err
		}
		text, err := io.ReadAll(in)
		return content{holds: holds(string(text))}, err
	})
	if err != nil {
		return check{}, err
	}
	c := check{look: l.look}
	c.reads(l.reader.mapOf, l.reader.watches(), l.reader.hide)
	return c, nil
}

// containing tells whether a document contains what the text asks for.
func containing(text string) (func(string) bool, error) {
	pattern, err := slashed(text)
	if pattern != nil {
		return pattern.MatchString, nil
	}
	return func(s string) bool { return strings.Contains(s, text) }, err
}

// content is what is kept of a file.
type content struct{ holds bool }

type fileLook struct {
	fileParams
	reader *reader[content]
	files  fs.FS
	min    int
}

func (l fileLook) look(ctx context.Context) seen {
	s := l.judge(ctx)
	s.Sensor = l.reader.asks()
	return s
}

func (l fileLook) judge(ctx context.Context) seen {
	e := l.reader.evidence()
	e.Expected = l.expected()
	parts, err := l.reader.read(ctx)
	var absent absentError
	gone := errors.As(err, &absent)
	switch {
	case gone && l.Exists != nil && !*l.Exists:
		return l.done(e, nil, run.Passed, "as it should be: "+absent.text)
	case gone && isPattern(l.Path) && l.min == 0:
		return l.done(e, nil, run.Passed, absent.text+"; none is needed")
	case err != nil:
		return notRead(e, "", err)
	case l.Exists != nil && !*l.Exists:
		s := l.done(e, parts, run.Failed, "there is "+l.names(parts)+", and must not be")
		s.Badness = float64(len(parts))
		return s
	}
	return l.judgeParts(e, parts)
}

func (l fileLook) judgeParts(e run.Evidence, parts []part[content]) seen {
	var wrong []string
	if len(parts) < l.min {
		wrong = append(wrong, fmt.Sprintf("%s, at least %d needed", count(len(parts), "file"), l.min))
	}
	for _, p := range parts {
		if !p.value.holds {
			wrong = append(wrong, fmt.Sprintf("%s does not contain %s", l.name(p), l.Contains))
		}
		if sum := hex.EncodeToString(p.sum[:]); l.SHA256 != "" && !strings.EqualFold(sum, l.SHA256) {
			wrong = append(wrong, fmt.Sprintf("%s has the SHA-256 %s", l.name(p), sum))
		}
	}
	missing, err := l.partners(parts)
	if err != nil {
		return couldNotLook(e, err)
	}
	wrong = append(wrong, missing...)
	words := l.names(parts) + " is there"
	if len(parts) != 1 {
		words = l.names(parts) + " are there"
	}
	if l.Contains != "" {
		words += " and contains " + l.Contains
	}
	if len(l.Pairs) > 0 {
		words += ", each with its partner"
	}
	status := run.Passed
	if len(wrong) > 0 {
		status, words = run.Failed, strings.Join(wrong, "; ")
	}
	s := l.done(e, parts, status, words)
	s.self.(map[string]any)["missing"] = len(missing)
	if status == run.Failed {
		s.Badness = float64(len(wrong))
	}
	return s
}

// partners finds the files whose partner is missing or empty.
func (l fileLook) partners(parts []part[content]) (missing []string, err error) {
	for _, p := range parts {
		for _, end := range sortedKeys(l.Pairs) {
			stem, fits := strings.CutSuffix(l.name(p), end)
			if !fits {
				continue
			}
			other := stem + l.Pairs[end]
			text, err := l.partner(other)
			var absent absentError
			switch {
			case errors.As(err, &absent):
				missing = append(missing, fmt.Sprintf("%s lacks %s", l.name(p), path.Base(other)))
			case err != nil:
				return nil, err
			case len(bytes.TrimSpace(text)) == 0:
				missing = append(missing, fmt.Sprintf("%s is empty", other))
			}
		}
	}
	return missing, nil
}

// partner reads as much of a file as tells whether it is empty.
func (l fileLook) partner(name string) ([]byte, error) {
	if _, err := regular(l.files, name); err != nil {
		return nil, err
	}
	f, err := l.files.Open(name)
	if err != nil {
		return nil, fileError(name, err)
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 64<<10))
}

// done is a look that saw the files.
func (l fileLook) done(e run.Evidence, parts []part[content], status run.Status, words string) seen {
	var bytes int64
	for _, p := range parts {
		bytes += p.size
		e.ResourceVersion = p.version
	}
	s := seen{self: map[string]any{"files": len(parts), "bytes": bytes, "missing": 0}}
	s.summed(status, "%s", l.reader.hide.In(words))
	e.Observed = s.Summary
	s.Evidence = []run.Evidence{e}
	return s
}

func (l fileLook) name(p part[content]) string {
	switch {
	case p.name != "":
		return p.name
	case l.Path != "":
		return path.Clean(l.Path)
	}
	return string(l.reader.evidence().Source)
}

// names names a single file and counts several.
func (l fileLook) names(parts []part[content]) string {
	if len(parts) == 1 {
		return l.name(parts[0])
	}
	return count(len(parts), "file")
}

func (l fileLook) expected() run.Safe {
	var words []string
	if l.Exists != nil && !*l.Exists {
		words = append(words, "not there")
	}
	if l.Contains != "" {
		words = append(words, "contains "+l.Contains)
	}
	if l.SHA256 != "" {
		words = append(words, "SHA-256 "+l.SHA256)
	}
	for _, end := range sortedKeys(l.Pairs) {
		words = append(words, fmt.Sprintf("each *%s has *%s", end, l.Pairs[end]))
	}
	if len(words) == 0 {
		words = []string{"there"}
	}
	return said("%s", strings.Join(slices.Clip(words), ", "))
}
