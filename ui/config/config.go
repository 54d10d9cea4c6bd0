// Package config is what a person prefers, whatever runs: $XDG_CONFIG_HOME/sop/config.yaml.
//
//	cfg, problems := config.Parse("config.yaml", data)   // every mistake at once, with file:line:column
//
// It is as strict as a runbook: a mistake that is passed over in silence would be a key that does something else than
// its owner thinks. Flags win over it, and without a file everything is as Default says. Example is a whole file.
package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/ui/keys"
)

// The values of settings that the terminal may answer for.
const (
	Auto = "auto"
	On   = "on"
	Off  = "off"
)

// Config is what a person prefers.
type Config struct {
	Theme    string    // auto, dark or light
	ASCII    bool      // neither glyphs nor charts use anything but ASCII
	Mouse    bool      // the wheel scrolls and a click chooses
	Notify   bool      // what is loud is told to the desktop too, not by the bell alone
	Sync     string    // auto, on or off: pictures without tearing, by synchronised output
	Progress string    // auto, on or off: the terminal's own progress bar
	Keys     *keys.Map // the key map in effect
}

// Default is what holds without a file.
func Default() Config {
	return Config{Theme: Auto, Mouse: true, Notify: true, Sync: Auto, Progress: Auto, Keys: keys.Standard()}
}

// Path is where the file is, by the environment (getenv is os.Getenv); empty when there is no home either.
func Path(getenv func(string) string) string {
	dir := getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) { // as the XDG specification says of a relative one
		home := getenv("HOME")
		if home == "" {
			return ""
		}
		dir = filepath.Join(home, ".config")
	}
	return filepath.Join(dir, "sop", "config.yaml")
}

// maxSize is how long the file may be; one that is longer is something else.
const maxSize = 256 << 10

// Parse reads the file. With any error among the problems the Config is Default.
func Parse(name string, data []byte) (Config, []runbook.Problem) {
	p := &parser{file: name, cfg: Default()}
	if len(data) > maxSize {
		p.problem(place{}, "", "the file has %d bytes: that is no configuration", len(data))
		return Default(), p.problems
	}
	p.document(data)
	if runbook.HasErrors(p.problems) {
		return Default(), p.problems
	}
	return p.cfg, p.problems
}

// setting is one key of the file.
type setting struct {
	name   string
	doc    string
	values []string
	set    func(*Config, string)
}

var onOff = []string{On, Off}

// settings are all but keys.
var settings = []setting{
	{"theme", "the terminal's background; auto asks it", []string{Auto, "dark", "light"}, func(c *Config, v string) { c.Theme = v }},
	{"ascii", "neither glyphs nor charts use anything but ASCII", onOff, func(c *Config, v string) { c.ASCII = v == On }},
	{"mouse", "the wheel scrolls and a click chooses; it never acts", onOff, func(c *Config, v string) { c.Mouse = v == On }},
	{"notify", "tell the desktop what is loud, where the terminal can", onOff, func(c *Config, v string) { c.Notify = v == On }},
	{"sync", "pictures without tearing; on helps over SSH", []string{Auto, On, Off}, func(c *Config, v string) { c.Sync = v }},
	{"progress", "the terminal's own progress bar; auto where it is known to be one", []string{Auto, On, Off}, func(c *Config, v string) { c.Progress = v }},
}

// Settings are all settings but the keys, as a file that changes nothing.
func Settings() string {
	var b strings.Builder
	defaults := map[string]string{"ascii": Off, "mouse": On, "notify": On}
	for _, s := range settings {
		value := defaults[s.name]
		if value == "" {
			value = Auto
		}
		fmt.Fprintf(&b, "%-16s # %s: %s\n", s.name+": "+value, strings.Join(s.values, ", "), s.doc)
	}
	return b.String()
}

// Example is a whole file that changes nothing.
func Example() string {
	var b strings.Builder
	b.WriteString("# sop's configuration. Every line may be left out; flags win over it.\n" + Settings())
	b.WriteString("keys:            # an action and its keys, wherever it has some; R, esc and ctrl+c keep what they do\n")
	m := keys.Standard()
	var told []keys.ID
	for _, bind := range m.Bindings() {
		if slices.Contains(told, bind.ID) || !slices.Contains(keys.IDs(), bind.ID) {
			continue
		}
		told = append(told, bind.ID)
		fmt.Fprintf(&b, "  %s: [%s]\n", bind.ID, strings.Join(quoted(bind.Keys), ", "))
	}
	return b.String()
}

// quoted puts quotes around keys that mean something else in YAML.
func quoted(list []string) []string {
	out := make([]string, len(list))
	for i, k := range list {
		out[i] = k
		if len(k) == 1 && !(k[0] >= 'a' && k[0] <= 'z' || k[0] >= 'A' && k[0] <= 'Z') || k == "y" || k == "n" || k == "Y" || k == "N" {
			out[i] = "'" + k + "'"
		}
	}
	return out
}
