package cli

import (
	"context"
	"net"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/politicalsphere/sop/checks"
	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/rollout/web"
)

// realDoors let checks look at the real world: the network, the directory where the program was started, programs on
// this machine, and the credentials in the environment. Without a directory to read from, what needs it is unknown.
func realDoors() checks.Sources {
	files, _ := checks.Files(".")
	return checks.Sources{
		HTTP: web.Transport(), Dial: web.Dialer(), Resolver: net.DefaultResolver, Files: files,
		Programs: process.Local{}, Variable: os.Getenv, GitHubHosts: gitHubHosts, Keychain: authn.DefaultKeychain,
	}
}

// practiceDoors lead into the practice world and nowhere else.
func practiceDoors(w *practice.World) checks.Sources {
	return checks.Sources{
		HTTP: w.Transport(), Dial: w.Dial, Resolver: w, Roots: w.Roots(), Files: w.Files(),
		Programs: w, Variable: func(string) string { return "" },
	}
}

// noRun is the door to the journal where no run is going on.
func noRun(context.Context) (checks.Chain, error) { return checks.Chain{}, checks.ErrNoRun }

// gitHubHosts reads where GitHub's own command line keeps its hosts and tokens.
func gitHubHosts() ([]byte, error) {
	dir := os.Getenv("GH_CONFIG_DIR")
	if dir == "" {
		config := os.Getenv("XDG_CONFIG_HOME")
		if config == "" {
			config = filepath.Join(os.Getenv("HOME"), ".config") // on every system, unlike os.UserConfigDir
		}
		dir = filepath.Join(config, "gh")
	}
	return os.ReadFile(filepath.Join(dir, "hosts.yml"))
}
