package checks

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// Document says where something that a tool wrote is: exactly one of path, url and configmap. It is exported only so
// that the parameters of kinds can hold its keys as their own.
type Document struct {
	Path      string            `yaml:"path,omitempty" doc:"a file below the directory where the program was started; * ? and [a-z] stand for several files"`
	URL       string            `yaml:"url,omitempty" doc:"an http or https address"`
	ConfigMap *ConfigMapKey     `yaml:"configmap,omitempty" doc:"a key of a ConfigMap in the environment's namespace"`
	Headers   map[string]string `yaml:"headers,omitempty" doc:"headers to send to url; $NAME in a value is the environment variable of that name, $$ a dollar; values of those that carry credentials are never shown"`
}

// ConfigMapKey is a text inside a ConfigMap.
type ConfigMapKey struct {
	Name string `yaml:"name" doc:"the ConfigMap"`
	Key  string `yaml:"key" doc:"the key that holds the document"`
}

// Bounds of what is read from one place.
const (
	maxDocument  = 16 << 20 // bytes of one document
	maxDocuments = 64       // files that a pattern may stand for
)

const (
	documentInterval = time.Minute
	documentTimeout  = 15 * time.Second
)

// lintDocument finds what is wrong with a place. at is its key, empty when its keys are the kind's own; many allows a
// pattern that stands for several files.
func lintDocument(at string, d Document, many bool) []runbook.ParamProblem {
	key := func(name string) string { return strings.TrimPrefix(at+"."+name, ".") }
	var out []runbook.ParamProblem
	switch n := d.places(); {
	case n == 0:
		out = append(out, problem(at, "write path, url or configmap", "nothing says where the document is"))
	case n > 1:
		out = append(out, problem(at, "keep one of path, url and configmap", "the document is in more than one place"))
	}
	if d.Path != "" && known(d.Path) {
		if err := checkPath(d.Path, many); err != nil {
			out = append(out, problem(key("path"), "write it relative to where the program is started, such as reports/unit.xml", "%v", err))
		}
	}
	if d.URL != "" && known(d.URL) {
		if _, err := web.ParseURL(d.URL); err != nil {
			out = append(out, problem(key("url"), "write it as https://host/path", "%v", err))
		}
	}
	if c := d.ConfigMap; c != nil && known(c.Name) && !isObjectName(c.Name) {
		out = append(out, problem(key("configmap.name"), "names have lower-case letters, digits, - and .", "%q is not the name of a Kubernetes object", c.Name))
	}
	if len(d.Headers) > 0 && d.URL == "" {
		out = append(out, problem(key("headers"), "leave them out", "headers are sent only to url"))
	}
	for name, value := range d.Headers {
		if known(name) && known(value) && !web.IsHeader(name, value) {
			out = append(out, problem(key("headers."+name), "", "this is not a header that can be sent"))
		}
	}
	return out
}

// lintDocuments is lintDocument for several of them by name.
func lintDocuments[D any](at string, docs map[string]D, place func(D) Document) []runbook.ParamProblem {
	if len(docs) == 0 {
		return []runbook.ParamProblem{problem(at, "write name: {path: …} or name: {url: …}", "no report is named")}
	}
	var out []runbook.ParamProblem
	for _, name := range sortedKeys(docs) {
		out = append(out, lintDocument(at+"."+name, place(docs[name]), true)...)
	}
	return out
}

func (d Document) places() (n int) {
	for _, there := range []bool{d.Path != "", d.URL != "", d.ConfigMap != nil} {
		if there {
			n++
		}
	}
	return n
}

// checkPath refuses paths that lead out of the directory where the program was started, and patterns that cannot be.
func checkPath(text string, many bool) error {
	if strings.HasPrefix(text, "/") || strings.HasPrefix(text, `\`) || strings.Contains(text, ":") && strings.Index(text, ":") == 1 {
		return errors.New("an absolute path is not read")
	}
	clean := path.Clean(text)
	if !fs.ValidPath(clean) || clean == "." {
		return fmt.Errorf("%q is not the path of a file below that directory", text)
	}
	if _, err := path.Match(clean, ""); err != nil || strings.Contains(clean, "**") {
		return fmt.Errorf("%q is not a pattern; * stands for a part of one name", text)
	}
	if isPattern(clean) && !many {
		return errors.New("one document is read here, not several")
	}
	return nil
}

func isPattern(name string) bool { return strings.ContainsAny(name, `*?[\`) }

// show is the place as evidence names it.
func (d Document) show(env runbook.Environment, u *url.URL) run.Safe {
	switch {
	case u != nil:
		return said("%s", web.ShowURL(u))
	case d.ConfigMap != nil:
		return said("ConfigMap %s/%s, key %s", env.Namespace, d.ConfigMap.Name, d.ConfigMap.Key)
	}
	return said("file %s", path.Clean(d.Path))
}

// query is a command that shows the same document. Credentials do not come with it: a header from the environment
// stands there by the name of its variable, another one that may be a secret is left out.
func (d Document) query(env runbook.Environment, u *url.URL) run.Safe {
	switch {
	case u != nil:
		words := []string{"curl -fsSL"}
		for _, name := range sortedKeys(d.Headers) {
			value := d.Headers[name]
			switch {
			case variables.MatchString(value) && !strings.ContainsAny(value, "\"`\\"):
				words = append(words, `-H "`+name+": "+value+`"`)
			case web.IsSecretName(name) || web.LooksSecret(value):
				words = append(words, "-H "+process.ShellWord(name+": "+web.Hidden))
			default:
				words = append(words, "-H "+process.ShellWord(name+": "+value))
			}
		}
		return run.MakeSafe(strings.Join(append(words, process.ShellWord(web.ShowURL(u))), " "), maxQuery)
	case d.ConfigMap != nil:
		return kubectl(env, "get", "configmap", d.ConfigMap.Name, "-o", "jsonpath={.data."+strings.ReplaceAll(d.ConfigMap.Key, ".", `\.`)+"}")
	}
	return run.MakeSafe("cat "+shellPattern(path.Clean(d.Path)), maxQuery)
}

// shellPattern is shellWord that lets a plain pattern be one.
func shellPattern(name string) string {
	if strings.HasPrefix(name, "-") {
		name = "./" + name
	}
	plain := strings.NewReplacer("*", "", "?", "", "[", "", "]", "").Replace(name)
	if process.ShellWord(plain) == plain {
		return name
	}
	return process.ShellWord(name)
}

// sensor is who is asked for the document.
func (d Document) sensor(u *url.URL, c *kube.Cluster) run.Safe {
	switch {
	case u != nil:
		return said("%s", u.Host)
	case d.ConfigMap != nil:
		return clusterSensor(c.Context())
	}
	return "files"
}

// variables are the names of environment variables in a header's value.
var variables = regexp.MustCompile(`\$(\$|[A-Za-z_][A-Za-z0-9_]*)`)

// fill puts the values of environment variables into a header's value. Each of them is a secret.
func fill(text string, lookUp func(string) string, hide *web.Secrets) (string, error) {
	var missing []string
	filled := variables.ReplaceAllStringFunc(text, func(name string) string {
		if name == "$$" {
			return "$"
		}
		var value string
		if lookUp != nil {
			value = lookUp(name[1:])
		}
		if value == "" {
			missing = append(missing, name[1:])
		}
		hide.Add(value)
		return value
	})
	if len(missing) > 0 {
		return "", fmt.Errorf("the environment variable %s is not set; set it and start again", strings.Join(missing, ", "))
	}
	return filled, nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// size writes a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return count(int(n), "byte")
}
