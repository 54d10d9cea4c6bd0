package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes `sop` a command of the scripts: the test binary itself under another name. Nothing that a test starts
// sees the home, the runs or the kubeconfig of whoever runs the tests.
func TestMain(m *testing.M) {
	testscript.Main(own{m}, map[string]func(){
		"sop": program, "kubectl-sop": program, kubectlCompletes: program, "sop-panics": panicking,
	})
}

func program() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// own runs the tests with a home of their own.
type own struct{ m *testing.M }

func (o own) Run() int {
	home, err := os.MkdirTemp("", "sop-cli-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(home) }()
	for name, value := range map[string]string{
		"HOME": home, "XDG_STATE_HOME": filepath.Join(home, "state"), "XDG_CONFIG_HOME": filepath.Join(home, "config"),
		"KUBECONFIG": filepath.Join(home, "no-kubeconfig"),
	} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	return o.m.Run()
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
			e.Setenv("KUBECONFIG", filepath.Join(e.WorkDir, "no-kubeconfig"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": exits},
	})
}

// exits runs sop and asks for its exit code: code 2 lint bad.yaml.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: code N ARG...")
	}
	err := ts.Exec("sop", args[1:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("sop %s: exit code %s, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// said is what a call of the program came to.
type said struct {
	code     int
	out, err string
}

// call runs the program in this process.
func call(args ...string) said {
	var out, errOut bytes.Buffer
	code := Main(args, strings.NewReader(""), &out, &errOut)
	return said{code, out.String(), errOut.String()}
}

// must calls the program and wants that exit code.
func must(t *testing.T, code int, args ...string) said {
	t.Helper()
	s := call(args...)
	if s.code != code {
		t.Fatalf("sop %s: exit code %d, want %d\nstdout: %s\nstderr: %s", strings.Join(args, " "), s.code, code, tail(s.out), tail(s.err))
	}
	return s
}

// into decodes the one JSON document that stdout has to be.
func (s said) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(s.out), v); err != nil {
		t.Fatalf("stdout is not one JSON document: %v\n%s", err, tail(s.out))
	}
}

// tail is the end of a long text.
func tail(s string) string {
	const most = 3000
	if len(s) <= most {
		return s
	}
	return "…" + s[len(s)-most:]
}

// write puts a file into a directory of the test's own and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
