package practice

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/practice/artifact"
	"github.com/politicalsphere/sop/rollout/practice/forge"
)

// Trouble is one thing that is wrong with the world. Exactly one of its fields says what; the world lives with it from
// the beginning (world.already) or from a moment of the drill on (faults).
type Trouble struct {
	Metrics     *MetricsFault     `yaml:"metrics,omitempty"`
	Prometheus  *PrometheusFault  `yaml:"prometheus,omitempty"`
	Cluster     *ClusterFault     `yaml:"cluster,omitempty"`
	Pods        *PodsFault        `yaml:"pods,omitempty"`
	Node        *NodeFault        `yaml:"node,omitempty"`
	Quota       *QuotaFault       `yaml:"quota,omitempty"`
	Dependency  *DependencyFault  `yaml:"dependency,omitempty"`
	Certificate *CertificateFault `yaml:"certificate,omitempty"`
	Secret      *SecretFault      `yaml:"secret,omitempty"`
	Config      *ConfigFault      `yaml:"config,omitempty"`
	Flag        *FlagFault        `yaml:"flag,omitempty"`
	Migration   *MigrationFault   `yaml:"migration,omitempty"`
	Code        *CodeFault        `yaml:"code,omitempty"`
	Checkout    *CheckoutFault    `yaml:"checkout,omitempty"`
	Report      *ReportFault      `yaml:"report,omitempty"`
	Alert       *AlertFault       `yaml:"alert,omitempty"`
	Site        *SiteFault        `yaml:"site,omitempty"`
}

// NodeFault is trouble of a node: node-1, node-2 or node-3.
type NodeFault struct {
	Name string        `yaml:"name"`
	For  time.Duration `yaml:"for,omitempty"`
	// Cordoned: no new pod is put on it. NotReady: its kubelet has fallen silent. Pressure: it is short of memory.
	Cordoned bool `yaml:"cordoned,omitempty"`
	NotReady bool `yaml:"notReady,omitempty"`
	Pressure bool `yaml:"pressure,omitempty"`
}

// QuotaFault is a namespace whose ResourceQuota admits no further pod.
type QuotaFault struct {
	Namespace string        `yaml:"namespace"`
	For       time.Duration `yaml:"for,omitempty"`
}

// DependencyFault is a dependency that has no endpoint and does not answer.
type DependencyFault struct {
	Namespace string        `yaml:"namespace"`
	Name      string        `yaml:"name"`
	For       time.Duration `yaml:"for,omitempty"`
}

// CertificateFault replaces the certificate of a namespace's site, live and in its Secret.
type CertificateFault struct {
	Namespace string `yaml:"namespace"`
	// Days is how long the new one is valid; negative: how long it has expired.
	Days int `yaml:"days"`
	// Name is the host that it is for; empty means the right one.
	Name string        `yaml:"name,omitempty"`
	For  time.Duration `yaml:"for,omitempty"`
}

// SecretFault takes keys out of a Secret, or their values.
type SecretFault struct {
	Namespace string        `yaml:"namespace"`
	Name      string        `yaml:"name,omitempty"` // empty means app-secrets
	Remove    []string      `yaml:"remove,omitempty"`
	Empty     []string      `yaml:"empty,omitempty"`
	For       time.Duration `yaml:"for,omitempty"`
}

// ConfigFault changes keys of a ConfigMap.
type ConfigFault struct {
	Namespace string            `yaml:"namespace"`
	Name      string            `yaml:"name,omitempty"` // empty means app-config
	Set       map[string]string `yaml:"set,omitempty"`
	Remove    []string          `yaml:"remove,omitempty"`
	For       time.Duration     `yaml:"for,omitempty"`
}

// FlagFault changes a feature flag.
type FlagFault struct {
	Namespace string `yaml:"namespace"`
	Name      string `yaml:"name"`
	// Variant is what everybody gets: on or off.
	Variant string `yaml:"variant,omitempty"`
	// Missing: nobody has defined it.
	Missing bool          `yaml:"missing,omitempty"`
	For     time.Duration `yaml:"for,omitempty"`
}

// MigrationFault is a dry run of the migration that failed. It can only be there from the beginning.
type MigrationFault struct {
	Namespace string `yaml:"namespace"`
	Message   string `yaml:"message"`
}

// CodeFault is trouble of the release's commit and of CI; see forge.State.
type CodeFault struct {
	Checks      map[string]string `yaml:"checks,omitempty"`
	Statuses    map[string]string `yaml:"statuses,omitempty"`
	Unmerged    bool              `yaml:"unmerged,omitempty"`
	Unprotected bool              `yaml:"unprotected,omitempty"`
	RateLimited bool              `yaml:"rateLimited,omitempty"`
	For         time.Duration     `yaml:"for,omitempty"`
}

// CheckoutFault is trouble of the files; see forge.State.
type CheckoutFault struct {
	Without  []string      `yaml:"without,omitempty"`
	Unlisted bool          `yaml:"unlisted,omitempty"`
	Dirty    bool          `yaml:"dirty,omitempty"`
	For      time.Duration `yaml:"for,omitempty"`
}

// ReportFault is a report of CI that is not as it should be; see artifact.State.
type ReportFault struct {
	Name     string        `yaml:"name"`
	Missing  bool          `yaml:"missing,omitempty"`
	Broken   bool          `yaml:"broken,omitempty"`
	Age      time.Duration `yaml:"age,omitempty"`
	Failures int           `yaml:"failures,omitempty"`
	Errors   int           `yaml:"errors,omitempty"`
	Skipped  int           `yaml:"skipped,omitempty"`
	Critical int           `yaml:"critical,omitempty"`
	High     int           `yaml:"high,omitempty"`
	P95      time.Duration `yaml:"p95,omitempty"`
	For      time.Duration `yaml:"for,omitempty"`
}

// AlertFault is an alert that fires, in Prometheus and in the Alertmanager of its namespace.
type AlertFault struct {
	Name      string            `yaml:"name"`
	Namespace string            `yaml:"namespace"`
	Severity  string            `yaml:"severity,omitempty"` // empty means critical
	Summary   string            `yaml:"summary,omitempty"`
	Labels    map[string]string `yaml:"labels,omitempty"`
	For       time.Duration     `yaml:"for,omitempty"`
}

// SiteFault is a host that does not answer as it should.
type SiteFault struct {
	Host string `yaml:"host"`
	// Trouble is one of down (nobody listens), unavailable (503), broken (500), limited (429) and slow.
	Trouble string        `yaml:"trouble"`
	Delay   time.Duration `yaml:"delay,omitempty"` // of a slow answer
	For     time.Duration `yaml:"for,omitempty"`
}

// The words of SiteFault.Trouble.
const (
	siteDown        = "down"
	siteUnavailable = "unavailable"
	siteBroken      = "broken"
	siteLimited     = "limited"
	siteSlow        = "slow"
)

// body is what a Trouble says, and its name in YAML; nil unless there is exactly one.
func (t *Trouble) body() any {
	var found []any
	add := func(there bool, v any) {
		if there {
			found = append(found, v)
		}
	}
	add(t.Metrics != nil, t.Metrics)
	add(t.Prometheus != nil, t.Prometheus)
	add(t.Cluster != nil, t.Cluster)
	add(t.Pods != nil, t.Pods)
	add(t.Node != nil, t.Node)
	add(t.Quota != nil, t.Quota)
	add(t.Dependency != nil, t.Dependency)
	add(t.Certificate != nil, t.Certificate)
	add(t.Secret != nil, t.Secret)
	add(t.Config != nil, t.Config)
	add(t.Flag != nil, t.Flag)
	add(t.Migration != nil, t.Migration)
	add(t.Code != nil, t.Code)
	add(t.Checkout != nil, t.Checkout)
	add(t.Report != nil, t.Report)
	add(t.Alert != nil, t.Alert)
	add(t.Site != nil, t.Site)
	if len(found) != 1 {
		return nil
	}
	return found[0]
}

func (t *Trouble) validate() error {
	switch b := t.body().(type) {
	case nil:
		return errors.New("it needs exactly one of metrics, prometheus, cluster, pods, node, quota, dependency, certificate, secret, config, flag, migration, code, checkout, report, alert and site")
	case *PrometheusFault:
		if _, ok := troubles[b.Trouble]; !ok {
			return fmt.Errorf("prometheus.trouble is %q, want down, unavailable, empty, nan or slow", b.Trouble)
		}
	case *NodeFault:
		return errors.Join(oneOf("node.name", b.Name, nodeNames()), need(b.Cordoned || b.NotReady || b.Pressure, "node: it needs cordoned, notReady or pressure"))
	case *QuotaFault:
		return inNamespace("quota", b.Namespace)
	case *DependencyFault:
		return errors.Join(inNamespace("dependency", b.Namespace), oneOf("dependency.name", b.Name, dependencyNames()))
	case *CertificateFault:
		return inNamespace("certificate", b.Namespace)
	case *SecretFault:
		return errors.Join(inNamespace("secret", b.Namespace), need(len(b.Remove)+len(b.Empty) > 0, "secret: it needs remove or empty"))
	case *ConfigFault:
		return errors.Join(inNamespace("config", b.Namespace), need(len(b.Set)+len(b.Remove) > 0, "config: it needs set or remove"))
	case *FlagFault:
		return errors.Join(inNamespace("flag", b.Namespace), need(b.Name != "", "flag.name is missing"),
			need(b.Missing || b.Variant == "on" || b.Variant == "off", "flag.variant is %q, want on or off, or missing: true", b.Variant))
	case *MigrationFault:
		return errors.Join(inNamespace("migration", b.Namespace), need(b.Message != "", "migration.message is missing"))
	case *CodeFault:
		return b.validate()
	case *CheckoutFault:
		return b.validate()
	case *ReportFault:
		return oneOf("report.name", b.Name, artifact.Names())
	case *AlertFault:
		return errors.Join(inNamespace("alert", b.Namespace), need(b.Name != "", "alert.name is missing"))
	case *SiteFault:
		return errors.Join(oneOf("site.host", b.Host, sortedHosts()), oneOf("site.trouble", b.Trouble, []string{siteDown, siteUnavailable, siteBroken, siteLimited, siteSlow}))
	}
	return nil
}

func (b *CodeFault) validate() error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(b.Checks)) {
		problems = append(problems, oneOf("code.checks", name, forge.Checks()), oneOf("code.checks."+name, b.Checks[name], forge.Conclusions()))
	}
	for _, name := range slices.Sorted(maps.Keys(b.Statuses)) {
		problems = append(problems, oneOf("code.statuses", name, forge.Contexts()), oneOf("code.statuses."+name, b.Statuses[name], forge.StatusStates()))
	}
	return errors.Join(problems...)
}

func (b *CheckoutFault) validate() error {
	var problems []error
	for _, name := range b.Without {
		problems = append(problems, oneOf("checkout.without", name, forge.Paths()))
	}
	return errors.Join(problems...)
}

func need(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

func oneOf(what, word string, words []string) error {
	return need(slices.Contains(words, word), "%s: %q is none of %s", what, word, strings.Join(words, ", "))
}

func inNamespace(what, namespace string) error {
	return oneOf(what+".namespace", namespace, namespaces)
}

// lasts is how long a trouble lasts; 0 means for ever. Those of the metrics and of Prometheus end by themselves.
func (t *Trouble) lasts() time.Duration {
	switch b := t.body().(type) {
	case *ClusterFault:
		return b.For
	case *PodsFault:
		return b.For
	case *NodeFault:
		return b.For
	case *QuotaFault:
		return b.For
	case *DependencyFault:
		return b.For
	case *CertificateFault:
		return b.For
	case *SecretFault:
		return b.For
	case *ConfigFault:
		return b.For
	case *FlagFault:
		return b.For
	case *CodeFault:
		return b.For
	case *CheckoutFault:
		return b.For
	case *ReportFault:
		return b.For
	case *AlertFault:
		return b.For
	case *SiteFault:
		return b.For
	}
	return 0
}
