package cli

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
)

// Every Intent of the law can be sent from an attached terminal, and comes out as it went in.
func TestEveryWishTravels(t *testing.T) {
	t.Parallel()
	for _, name := range intentsOfTheLaw(t) {
		if wishes[name] == nil {
			t.Errorf("run.%s is no wish that an attached terminal can send: add it to wishes", name)
		}
	}
	for _, i := range []run.Intent{
		run.Rollback{Because: "errors"}, run.Burn{}, run.Extend{Step: "watch", By: time.Minute}, run.Override{Step: "a", Reason: "ünïcode, \x1b[31m"},
	} {
		w, err := encodeWish(i)
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.decode()
		if err != nil || !reflect.DeepEqual(got, i) {
			t.Errorf("%#v became %#v, %v", i, got, err)
		}
	}
	for _, w := range []wish{{Intent: "Ticked"}, {Intent: "Start", Data: json.RawMessage(`{"Step":3}`)}, {Intent: "\x1b]52;c;x\a", Data: json.RawMessage(`{}`)}} {
		if got, err := w.decode(); err == nil || strings.ContainsRune(err.Error(), '\x1b') {
			t.Errorf("%+v became %#v, %v", w, got, err)
		}
	}
}

// intentsOfTheLaw reads from its source which types are Intents.
func intentsOfTheLaw(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "runbook", "run", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range tree.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "intent" && f.Recv != nil {
				names = append(names, f.Recv.List[0].Type.(*ast.Ident).Name)
			}
		}
	}
	if len(names) < 15 {
		t.Fatalf("found only %v", names)
	}
	return names
}

// The State of a run that saw a deploy, a watch, a trip and a rollback is the same on an attached screen.
func TestAStateTravelsWhole(t *testing.T) {
	t.Parallel()
	dir, err := runDir(thursdayRun(t).Run)
	if err != nil {
		t.Fatal(err)
	}
	records, _, err := journal.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{len(records) / 4, len(records) / 2, len(records) * 3 / 4, len(records)} {
		sent, err := replay(filepath.Base(dir), dir, records[:n])
		if err != nil {
			t.Fatal(err)
		}
		sent.Plan = nil
		data, err := json.Marshal(frame{Now: sent.At, State: sent})
		if err != nil {
			t.Fatal(err)
		}
		var got frame
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(got)
		if err != nil || string(again) != string(data) {
			t.Errorf("after %d records: it is another State, %v", n, err)
		}
	}
}

// No field of the State is one that JSON would leave behind or could not read again.
func TestNoFieldOfTheStateStaysBehind(t *testing.T) {
	t.Parallel()
	seen := map[reflect.Type]bool{}
	var walk func(path string, v reflect.Type)
	walk = func(path string, v reflect.Type) {
		if seen[v] || v == reflect.TypeFor[time.Time]() || path == "State.Plan" {
			return
		}
		seen[v] = true
		switch v.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array:
			walk(path, v.Elem())
		case reflect.Map:
			if v.Key().Kind() != reflect.String {
				t.Errorf("%s: a map by %s", path, v.Key())
			}
			walk(path, v.Elem())
		case reflect.Interface, reflect.Func, reflect.Chan:
			t.Errorf("%s is a %s", path, v.Kind())
		case reflect.Struct:
			for i := range v.NumField() {
				f := v.Field(i)
				if at := path + "." + f.Name; at != "State.actor" { // only meant while an event is applied
					if !f.IsExported() || f.Tag.Get("json") == "-" {
						t.Errorf("%s is not sent", at)
					}
					walk(at, f.Type)
				}
			}
		}
	}
	walk("State", reflect.TypeFor[run.State]())
}

func TestARunTooDeepForASocketHasItElsewhere(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"short", strings.Repeat("long", 40)} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second finds what the first, killed, left behind
			l, remove, err := listenAt(dir)
			if err != nil {
				t.Fatal(err)
			}
			path, err := socketOf(dir)
			if err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", path, info, err)
			}
			conn, err := dialRun(dir)
			if err != nil {
				t.Fatal(err)
			}
			conn.Close()
			if name == "short" {
				l.Close()
				continue
			}
			remove()
			if _, err := os.Stat(filepath.Dir(path)); err == nil && filepath.Dir(path) != dir {
				t.Errorf("%s is still there", filepath.Dir(path))
			}
		}
	}
	open := filepath.Join(t.TempDir(), "open")
	if err := os.Mkdir(open, 0o755); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, elsewhere), []byte(filepath.Join(open, socketName)), 0o600); err != nil {
		t.Fatal(err)
	}
	if path, err := socketOf(dir); err == nil {
		t.Errorf("it would go to %s, where others may enter", path)
	}
}
