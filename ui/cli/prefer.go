package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/politicalsphere/sop/ui"
	"github.com/politicalsphere/sop/ui/config"
	"github.com/politicalsphere/sop/ui/theme"
)

// screenFlags say how the screens look, for this call; they win over the configuration.
type screenFlags struct {
	ascii              bool
	theme, mouse, sync string
}

func (f *screenFlags) add(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.BoolVar(&f.ascii, "ascii", f.ascii, "full-screen with ASCII characters only")
	flags.StringVar(&f.theme, "theme", f.theme, "full-screen for a terminal that is dark, light, or says it itself (auto)")
	flags.StringVar(&f.mouse, "mouse", f.mouse, "full-screen with the mouse on or off; off leaves it to the terminal's own selecting")
	flags.StringVar(&f.sync, "sync", f.sync, "full-screen without tearing, by synchronised output: auto, on or off")
}

// prefer reads the person's configuration and lays the flags over it. All mistakes are told at once.
func (a *app) prefer() error {
	a.config = config.Default()
	path := config.Path(os.Getenv)
	data, err := os.ReadFile(path)
	switch {
	case path == "" || errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return usage("read the configuration: %w: mend it, or set XDG_CONFIG_HOME to a directory without one", err)
	default:
		cfg, problems := config.Parse(path, data)
		if err := a.complain(problems); err != nil {
			return err
		}
		a.config = cfg
	}
	for _, f := range []struct {
		name, value string
		allowed     []string
		set         func(string)
	}{
		{"theme", a.flags.theme, []string{config.Auto, "dark", "light"}, func(v string) { a.config.Theme = v }},
		{"mouse", a.flags.mouse, []string{config.On, config.Off}, func(v string) { a.config.Mouse = v == config.On }},
		{"sync", a.flags.sync, []string{config.Auto, config.On, config.Off}, func(v string) { a.config.Sync = v }},
	} {
		switch {
		case f.value == "":
		case !slices.Contains(f.allowed, f.value):
			return usage("--%s is one of %s, not %q", f.name, strings.Join(f.allowed, ", "), f.value)
		default:
			f.set(f.value)
		}
	}
	return nil
}

// liked are options with what the person prefers.
func (a *app) liked(o ui.Options) ui.Options {
	t := theme.Detect(os.Getenv)
	c := a.config
	o.Terminal, o.Keys, o.Mouse, o.Quiet, o.Sync, o.Progress = &t, c.Keys, c.Mouse, !c.Notify, c.Sync, c.Progress
	o.ASCII = o.ASCII || c.ASCII || a.flags.ascii
	if c.Theme != config.Auto {
		o.Theme = c.Theme
	}
	o.Repose = repose
	if t.Tmux {
		o.Outer = outerTerminal
	}
	return o
}

// outerTerminal asks tmux whether it hands sequences on, and to what; empty when it does not.
func outerTerminal() string {
	const patience = 2 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "tmux", "display-message", "-p", "#{allow-passthrough} #{client_termtype} ").Output()
	if err != nil {
		return ""
	}
	allowed, name, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if allowed != "on" && allowed != "all" && allowed != "1" {
		return ""
	}
	return fmt.Sprint(strings.TrimSpace(name), " ")
}
