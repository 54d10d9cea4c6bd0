package checks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/prom"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook/run"
)

// maxAlertBody is how much of an Alertmanager's answer is read; a longer one is an error.
const maxAlertBody = 8 << 20

// managerLook asks an Alertmanager.
type managerLook struct {
	alertsParams
	base      *url.URL
	transport http.RoundTripper
	hide      web.Secrets
}

// managed is an alert as the API of Alertmanager, version 2, gives it.
type managed struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	Status      struct {
		State string `json:"state"` // active, suppressed or unprocessed
	} `json:"status"`
}

func (l managerLook) look(ctx context.Context) seen {
	source := run.Evidence{Source: said("Alertmanager %s", web.ShowURL(l.base)), Query: l.amtool(l.base), Expected: l.expected()}
	all, err := l.ask(ctx)
	if err != nil {
		return couldNotLook(source, errors.New(l.hide.In(err.Error())))
	}
	var now standing
	alive := false
	for _, m := range all {
		a := m.alert()
		alive = alive || m.Labels["alertname"] == l.Heartbeat
		switch {
		case !l.chooses(a.Labels):
		case m.Status.State == "suppressed":
			now.silenced = append(now.silenced, a)
		default: // one that is not processed yet fires as well
			now.firing = append(now.firing, a)
		}
	}
	nothing := ""
	switch {
	case l.Heartbeat != "" && !alive && len(now.firing) == 0:
		return silent(source, "the alert %s, which always fires, is not there; alerts do not arrive", l.Heartbeat)
	case len(all) == 0:
		nothing = "it holds no alert at all: whether any would arrive is not known"
	}
	s := l.judge(now, nothing, l.hide)
	s.alertEvidence(source, slices.Concat(now.firing, now.silenced), l.hide)
	return s
}

// ask asks for all alerts; what counts of them is sorted out here, so that the heartbeat is among them.
func (l managerLook) ask(ctx context.Context) ([]managed, error) {
	address := *l.base
	address.Path, address.RawPath = strings.TrimRight(address.Path, "/")+"/api/v2/alerts", ""
	query := address.Query()
	for _, state := range []string{"active", "silenced", "inhibited", "unprocessed"} {
		query.Set(state, "true")
	}
	address.RawQuery = query.Encode()
	r, err := askAPI(ctx, l.transport, address.String(), map[string]string{"Accept": "application/json"}, maxAlertBody)
	switch {
	case err != nil:
		return nil, err
	case r.status == http.StatusNotFound:
		return nil, refused(r, "there is no Alertmanager with the API v2 at this address")
	case r.status != http.StatusOK:
		return nil, refused(r, "")
	}
	var all *[]managed
	if err := decodeReply(r, &all); err != nil {
		return nil, err
	}
	if all == nil || slices.ContainsFunc(*all, func(m managed) bool { return m.Labels == nil }) {
		return nil, fmt.Errorf("it does not answer as Alertmanager's API v2 does")
	}
	return *all, nil
}

// Bounds of an alert's texts, as package prom has them for its own.
const (
	maxAlertLabel   = 256
	maxAlertSummary = 300
)

func (m managed) alert() prom.Alert {
	labels := prom.Labels{}
	for name, value := range m.Labels {
		labels[string(run.MakeSafe(name, maxAlertLabel))] = run.MakeSafe(value, maxAlertLabel)
	}
	return prom.Alert{Labels: labels, Firing: true, Since: m.StartsAt, Summary: run.MakeSafe(m.Annotations["summary"], maxAlertSummary)}
}
