package checks

import (
	"context"
	"crypto/x509"
	"io/fs"
	"net"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/rollout/prom"
	"github.com/politicalsphere/sop/runbook/run"
)

// Sources are the doors through which checks look at the world, and the only ones. The program opens them to the real
// one, practice to its own. A door that is nil makes the kinds behind it unknown.
type Sources struct {
	Clusters *kube.Clusters
	Prom     *prom.Clients
	HTTP     http.RoundTripper // http, github, image, alerts, and documents from a URL
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
	Resolver Resolver
	Keychain authn.Keychain // logins to registries; nil: none but the clusters' own pull secrets
	Roots    *x509.CertPool // authorities that are trusted; nil: the machine's
	Files    fs.FS          // documents from a path: names are relative to where the program was started
	Programs process.Runner
	Variable func(name string) string // an environment variable, for credentials; empty when not set
	// GitHubHosts is what stands in the hosts.yml of GitHub's own command line; nil: it is not asked.
	GitHubHosts func() ([]byte, error)
	Journal     func(context.Context) (Chain, error) // answers ErrNoRun where no run is going on
	Clock       run.Clock
}

// Resolver is the part of net.Resolver that checks ask.
type Resolver interface {
	LookupHost(ctx context.Context, host string) ([]string, error)
	LookupCNAME(ctx context.Context, host string) (string, error)
	LookupTXT(ctx context.Context, host string) ([]string, error)
}

// Chain is what the run's own journal says about itself.
type Chain struct {
	Whole    bool
	Flaw     run.Safe // what is broken when it is not whole
	Records  int
	Head     string
	Repairs  int
	Anchored bool     // the head stamped in the cluster is one of the chain's
	Anchor   run.Safe // where the stamp was found, or why there is none; empty when nothing was written yet
	// AnchorUnseen says that the stamp could not be looked for.
	AnchorUnseen bool
	At           time.Time // of the newest record
}
