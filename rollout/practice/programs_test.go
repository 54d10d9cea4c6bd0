package practice

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/politicalsphere/sop/rollout/process"
)

var _ process.Runner = (*World)(nil)

func TestProgramsAreStandIns(t *testing.T) {
	inWorld(t, find(t, "tuesday"), 1, func(d drill) {
		run := func(argv ...string) (process.Output, error) {
			return d.Run(d.ctx, process.Command{Argv: argv})
		}
		out, err := run("git", "rev-parse", "--verify", "--quiet", "--end-of-options", "v1.4.2^{commit}")
		if err != nil || out.Code != 0 || len(out.Stdout) != 41 {
			t.Errorf("git: %+v, %v", out, err)
		}
		if got := d.says(repoAPI + "/commits/v1.4.2"); !strings.Contains(got, strings.TrimSpace(string(out.Stdout))) {
			t.Errorf("git says %s, the forge %.300s", out.Stdout, got)
		}
		for _, env := range []string{"staging", "production", "https://example"} {
			if out, err := run("smoke", env); err != nil || out.Code != 0 || !strings.HasSuffix(string(out.Stdout), "5 of 5 passed\n") || !strings.Contains(string(out.Stdout), "api v1.4.1") {
				t.Errorf("smoke %s: %d %s, %v", env, out.Code, out.Stdout, err)
			}
		}
		if out, err := run("smoke", "https://elsewhere.example"); err != nil || out.Code != 1 || !strings.Contains(string(out.Stdout), "no such host") {
			t.Errorf("smoke elsewhere: %d %s, %v", out.Code, out.Stdout, err)
		}
		if out, err := run("smoke"); err != nil || out.Code != 2 || !strings.Contains(string(out.Stderr), "usage") {
			t.Errorf("smoke: %+v, %v", out, err)
		}
		if out, err := d.Run(d.ctx, process.Command{Argv: []string{"git", "log"}, MaxOutput: 10}); err != nil || !out.Cut || len(out.Stdout) != 10 {
			t.Errorf("cut: %+v, %v", out, err)
		}
		for _, argv := range [][]string{{"kubectl", "get", "pods"}, {"/bin/sh", "-c", "true"}, {}} {
			if _, err := d.Run(d.ctx, process.Command{Argv: argv}); !errors.Is(err, process.ErrNotFound) {
				t.Errorf("%q: %v", argv, err)
			}
		}
		if _, err := run("helm"); err == nil || !strings.Contains(err.Error(), "only the world's stand-ins, which are: git, smoke") {
			t.Errorf("helm: %v", err)
		}
		gone, cancel := context.WithCancelCause(d.ctx)
		cancel(errors.New("no time left"))
		if _, err := d.Run(gone, process.Command{Argv: []string{"git", "log"}}); err == nil || !strings.Contains(err.Error(), "no time left") {
			t.Errorf("without time: %v", err)
		}
	})
}

func TestSmokeFailsWithTheSite(t *testing.T) {
	inWorld(t, scenarioWith(t, "  already:\n    - site: {host: staging.example, trouble: unavailable}\n", ""), 1, func(d drill) {
		out, err := d.Run(d.ctx, process.Command{Argv: []string{"smoke", "staging"}})
		if err != nil || out.Code != 1 || !strings.HasSuffix(string(out.Stdout), "5 of 5 failed\n") {
			t.Errorf("%d %s, %v", out.Code, out.Stdout, err)
		}
	})
}

// TestNothingOfTheUserIsRead poisons what a program usually finds its way by: whoever followed it would fail, or leave a
// trace.
func TestNothingOfTheUserIsRead(t *testing.T) {
	home, trace := t.TempDir(), filepath.Join(t.TempDir(), "trace")
	for _, program := range []string{"git", "smoke", "gh", "kubectl"} {
		script := "#!/bin/sh\necho $0 >> " + trace + "\n"
		if err := os.WriteFile(filepath.Join(home, program), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{
		"HOME": home, "PATH": home, "XDG_CONFIG_HOME": home, "DOCKER_CONFIG": home, "KUBECONFIG": filepath.Join(home, "nosuch"),
		"GH_TOKEN": "of-the-user", "GITHUB_TOKEN": "of-the-user", "GH_ENTERPRISE_TOKEN": "of-the-user", "GH_HOST": "github.example",
		"HTTPS_PROXY": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1", "SSL_CERT_FILE": filepath.Join(home, "nosuch"),
	} {
		t.Setenv(name, value)
	}
	t.Chdir(home)
	inWorld(t, find(t, "tuesday"), 1, func(d drill) {
		for _, argv := range [][]string{{"git", "status"}, {"smoke", "production"}} {
			if out, err := d.Run(d.ctx, process.Command{Argv: argv, Env: os.Environ()}); err != nil || out.Code != 0 {
				t.Errorf("%v: %+v, %v", argv, out, err)
			}
		}
		for _, url := range []string{repoAPI, "https://registry.example/v2/api/manifests/v1.4.2", "https://artifacts.example/v1.4.2/unit.xml"} {
			if got := d.says(url); !strings.HasPrefix(got, "200") {
				t.Errorf("%s: %.200s", url, got)
			}
		}
		if got := d.file("CHANGELOG.md"); !strings.HasPrefix(got, "# Changelog") {
			t.Errorf("CHANGELOG.md is %s", got)
		}
		for _, name := range []string{"git", "../" + filepath.Base(home), filepath.Join(home, "git")} {
			if f, err := d.Files().Open(name); err == nil {
				t.Errorf("%s can be opened", name)
				_ = f.Close()
			}
		}
	})
	if text, err := os.ReadFile(trace); err == nil {
		t.Errorf("real programs were started: %s", text)
	}
}

func TestResolver(t *testing.T) {
	inWorld(t, find(t, "tuesday"), 1, func(d drill) {
		for _, host := range sortedHosts() {
			if list, err := d.LookupHost(d.ctx, strings.ToUpper(host)+"."); err != nil || len(list) != 1 || net.ParseIP(list[0]) == nil {
				t.Errorf("%s: %v, %v", host, list, err)
			}
			if name, err := d.LookupCNAME(d.ctx, host); err != nil || name != host+"." {
				t.Errorf("the canonical name of %s is %s, %v", host, name, err)
			}
		}
		if text, err := d.LookupTXT(d.ctx, "example"); err != nil || !slices.Equal(text, []string{"v=spf1 -all"}) {
			t.Errorf("TXT: %v, %v", text, err)
		}
		var missing *net.DNSError
		for what, look := range map[string]func() error{
			"host":     func() error { _, err := d.LookupHost(d.ctx, "elsewhere.com"); return err },
			"cname":    func() error { _, err := d.LookupCNAME(d.ctx, "elsewhere.com"); return err },
			"txt":      func() error { _, err := d.LookupTXT(d.ctx, "elsewhere.com"); return err },
			"txt of a": func() error { _, err := d.LookupTXT(d.ctx, "github.example"); return err },
		} {
			if err := look(); !errors.As(err, &missing) || !missing.IsNotFound {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// TestPodsRunWhatTheRegistryServes holds the digests that nodes report against those of the registry.
func TestPodsRunWhatTheRegistryServes(t *testing.T) {
	inWorld(t, find(t, "tuesday"), 1, func(d drill) {
		pods, err := d.client.CoreV1().Pods("").List(d.ctx, metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pods.Items {
			c := p.Status.ContainerStatuses[0]
			name, digest, _ := strings.Cut(strings.TrimPrefix(c.ImageID, registry+"/"), "@")
			r, err := d.http.Head("https://registry.example/v2/" + name + "/manifests/" + tag(c.Image))
			if err != nil || r.Header.Get("Docker-Content-Digest") != digest || !strings.HasPrefix(digest, "sha256:") {
				t.Errorf("%s runs %s, the registry serves %v, %v", p.Name, c.ImageID, r, err)
			}
			if got := d.says("https://registry.example/v2/" + name + "/manifests/" + digest); !strings.HasPrefix(got, "200") {
				t.Errorf("by its digest: %s", got)
			}
		}
	})
}
