package checks

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// reportsDir is a directory with a changelog and migrations, of which one has no way back and one an empty one.
func reportsDir() fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text), ModTime: monday} }
	return fstest.MapFS{
		"CHANGELOG.md":       file("# Changes\n## v1.4.20\nlater\n## v1.4.1 - 2026-02-20\n- \x1b]52;c;aGk=\x07a hostile line\n"),
		"good/1_a.up.sql":    file("create table a ();"),
		"good/1_a.down.sql":  file("drop table a;"),
		"good/2_b.up.sql":    file("create table b ();"),
		"good/2_b.down.sql":  file("drop table b;"),
		"bad/1_a.up.sql":     file("create table a ();"),
		"bad/2_b.up.sql":     file("create table b ();"),
		"bad/2_b.down.sql":   file(" \n"),
		"empty/file":         file(""),
		"none/readme":        file("no migration here"),
		"utf16.txt":          file("\xff\xfev\x001\x00"),
		"strange/a.txt/deep": file("x"),
	}
}

func TestFile(t *testing.T) {
	const sum = "c2bb8e7ac7b6e1b3f0b26b2fcf1ac5ea4ef8b7a8e4a3eabd4b4f0a8ec3ff2d3f"
	pairs := params(".up.sql", ".down.sql")
	for _, c := range []struct {
		name   string
		params map[string]any
		expect string
		status run.Status
		bad    float64
		words  []string
	}{
		{"there", params("path", "CHANGELOG.md"), "", run.Passed, 0, []string{"CHANGELOG.md is there", "file CHANGELOG.md"}},
		{"contains", params("path", "CHANGELOG.md", "contains", "v1.4.1"), "", run.Passed, 0, []string{"CHANGELOG.md is there and contains v1.4.1"}},
		{"contains not", params("path", "CHANGELOG.md", "contains", "v9"), "", run.Failed, 1, []string{"CHANGELOG.md does not contain v9"}},
		{"a pattern", params("path", "CHANGELOG.md", "contains", `/(?m)^## v1\.4\.1\b/`), "", run.Passed, 0, nil},
		{"a longer version is another", params("path", "CHANGELOG.md", "contains", `/\b\Qv1.4.2\E\b/`), "", run.Failed, 1, []string{"does not contain"}},
		{"missing", params("path", "NEWS.md"), "", run.Failed, 1, []string{"missing: there is no file NEWS.md"}},
		{"missing as it should", params("path", "NEWS.md", "exists", false), "", run.Passed, 0, []string{"as it should be: there is no file NEWS.md", "not there"}},
		{"there as it should not", params("path", "good/*.up.sql", "exists", false), "", run.Failed, 2, []string{"there is 2 files, and must not be"}},
		{"another sum", params("path", "CHANGELOG.md", "sha256", sum), "", run.Failed, 1, []string{"has the SHA-256 "}},
		{"pairs", params("path", "good/*.up.sql", "pairs", pairs), "", run.Passed, 0, []string{"2 files are there, each with its partner", "each *.up.sql has *.down.sql"}},
		{"no way back", params("path", "bad/*.up.sql", "pairs", pairs), "", run.Failed, 2, []string{"bad/1_a.up.sql lacks 1_a.down.sql", "bad/2_b.down.sql is empty"}},
		{"none", params("path", "none/*.up.sql", "pairs", pairs), "", run.Failed, 1, []string{"no file matches none/*.up.sql"}},
		{"none is needed", params("path", "none/*.up.sql", "pairs", pairs, "min", 0), "", run.Passed, 0, []string{"none is needed"}},
		{"too few", params("path", "good/*.up.sql", "min", 3), "", run.Failed, 1, []string{"2 files, at least 3 needed"}},
		{"expect", params("path", "good/*.sql"), "self.files == 4 && self.bytes > 10", run.Passed, 0, []string{"files = 4"}},
		{"expect is false", params("path", "good/*.sql"), "self.files > 4", run.Failed, 0, []string{"files = 4"}},
		{"empty says nothing", params("path", "empty/file"), "", run.Unknown, 0, []string{"empty"}},
		{"another encoding", params("path", "utf16.txt", "contains", "v1"), "", run.Unknown, 0, []string{"UTF-16"}},
		{"a directory", params("path", "strange/a.txt"), "", run.Unknown, 0, []string{"is a directory"}},
		{"by address", params("url", "https://artifacts.example/notes.txt", "contains", "ready"), "", run.Passed, 0, []string{"https://artifacts.example/notes.txt is there"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.files = reportsDir()
			b.http = says(200, "ready to go")
			r := b.look(runbook.Check{Kind: "file", Params: c.params, Expect: c.expect})
			want(t, r, c.status, c.words...)
			if c.expect == "" && r.Badness != c.bad {
				t.Errorf("badness %v, want %v", r.Badness, c.bad)
			}
			if c.params["url"] == nil && r.Sensor != "files" {
				t.Errorf("sensor %q", r.Sensor)
			}
		})
	}
}

// faulty opens nothing.
type faulty struct{ err error }

func (f faulty) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: f.err}
}

func TestAFileThatCannotBeReadIsUnknown(t *testing.T) {
	for name, c := range map[string]struct {
		files fs.FS
		words string
	}{
		"no directory": {nil, "no directory to read files from"},
		"forbidden":    {faulty{fs.ErrPermission}, "permission denied"},
		"a dying disk": {faulty{errors.New("input/output error")}, "input/output error"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.files = c.files
			r := b.look(runbook.Check{Kind: "file", Params: params("path", "CHANGELOG.md")})
			want(t, r, run.Unknown, c.words)
		})
	}
}

func TestAFileInAConfigMapIsFollowed(t *testing.T) {
	c := newCluster(t)
	if err := c.server.CreateFromYAML([]byte("{apiVersion: v1, kind: ConfigMap, metadata: {name: notes, namespace: production}, data: {text: ready to go}}")); err != nil {
		t.Fatal(err)
	}
	r := c.look(runbook.Check{Kind: "file", Params: params("configmap", params("name", "notes", "key", "text"), "contains", "ready")})
	want(t, r, run.Passed, "ConfigMap production/notes, key text is there and contains ready")
	if len(r.Evidence) != 1 || r.Evidence[0].ResourceVersion == "" || !strings.HasPrefix(string(r.Sensor), "cluster ") {
		t.Errorf("got %+v", r)
	}
}
