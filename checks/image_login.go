package checks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/web"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// podsOf is what the pods that are to run an image say about it: where they may run, and with which logins it is
// pulled. err is set when they could not be looked at; a workload that is not there yet says nothing.
type podsOf struct {
	template *corev1.PodSpec
	err      error
}

func (l *imageLook) pods(ctx context.Context, w wantedImage) podsOf {
	if w.workload == nil || l.cluster == nil {
		return podsOf{}
	}
	if err := l.cluster.VerifyUID(ctx); err != nil {
		return podsOf{err: err}
	}
	state, err := readWorkload(ctx, l.cluster, *w.workload)
	switch {
	case apierrors.IsNotFound(err):
		return podsOf{}
	case err != nil:
		return podsOf{err: err}
	case state.template == nil:
		return podsOf{}
	}
	return podsOf{template: &state.template.Spec}
}

// needed are the platforms that an image must run on: the written ones, else those of the nodes that its pods may go to.
func (l *imageLook) needed(ctx context.Context, pods podsOf) ([]v1.Platform, error) {
	if len(l.platforms) > 0 {
		return l.platforms, nil
	}
	if err := l.cluster.VerifyUID(ctx); err != nil {
		return nil, err
	}
	nodes, err := l.cluster.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	var all []v1.Platform
	for _, n := range nodes {
		p := v1.Platform{OS: n.Status.NodeInfo.OperatingSystem, Architecture: n.Status.NodeInfo.Architecture}
		if p.OS == "" || p.Architecture == "" {
			p = v1.Platform{OS: n.Labels[corev1.LabelOSStable], Architecture: n.Labels[corev1.LabelArchStable]}
		}
		if p.OS != "" && p.Architecture != "" && mayRunOn(pods.template, n) && !slices.ContainsFunc(all, p.Equals) {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("none of %s that it may run on tells its architecture", count(len(nodes), "node"))
	}
	return all, nil
}

// mayRunOn tells whether the pods' nodeSelector takes a node.
func mayRunOn(pods *corev1.PodSpec, n *corev1.Node) bool {
	if pods == nil {
		return true
	}
	for key, value := range pods.NodeSelector {
		if n.Labels[key] != value {
			return false
		}
	}
	return true
}

// find asks the registry: first with the login of the docker config, or none, and where that is not enough with those
// of the pull secrets. A registry may say of an image that it does not show that there is none, so that counts, too.
func (l *imageLook) find(ctx context.Context, w wantedImage, pods podsOf) (found, error) {
	own, hide, err := l.ownLogin(ctx, w)
	if err != nil {
		return found{}, err
	}
	f, first := l.client.find(ctx, w.ref, own)
	var no *denied
	var missing *missingImage
	if first == nil || !errors.As(first, &no) && !errors.As(first, &missing) {
		return f, inError(*hide, first)
	}
	var unread error
	if l.cluster != nil && pods.template != nil {
		var logins []kube.PullLogin
		logins, unread = l.cluster.PullLogins(ctx, *pods.template)
		for _, login := range logins {
			var config authn.AuthConfig
			if !loginFits(login.Registry, w.ref.Context()) || login.Decode(&config) != nil {
				continue
			}
			addLogin(hide, config)
			f, err := l.client.find(ctx, w.ref, config)
			if err == nil {
				return f, nil
			}
			if !errors.As(err, &no) {
				first = err // a login that is taken has the last word
			}
		}
	} else {
		unread = pods.err
	}
	if unread != nil { // with the login that could not be read the answer may have been another one
		return found{}, &denied{fmt.Errorf("%s; the pull secrets could not be read: %s", hide.In(first.Error()), why(unread))}
	}
	return found{}, inError(*hide, first)
}

// ownLogin is the login of the docker config.
func (l *imageLook) ownLogin(ctx context.Context, w wantedImage) (authn.AuthConfig, *web.Secrets, error) {
	hide := &web.Secrets{}
	if l.keychain == nil {
		return authn.AuthConfig{}, hide, nil
	}
	auth, err := authn.Resolve(ctx, l.keychain, w.ref.Context())
	var config *authn.AuthConfig
	if err == nil {
		config, err = authn.Authorization(ctx, auth)
	}
	if err != nil { // the words of a credential helper may hold anything
		return authn.AuthConfig{}, hide, fmt.Errorf("the docker config gives no login for %s; try docker login %s", w.ref.Context().RegistryStr(), w.ref.Context().RegistryStr())
	}
	addLogin(hide, *config)
	return *config, hide, nil
}

// addLogin adds all of a login that may be secret.
func addLogin(s *web.Secrets, a authn.AuthConfig) {
	s.Add(a.Password, a.Auth, a.IdentityToken, a.RegistryToken)
	if a.Password != "" {
		s.Add(strings.Join([]string{a.Username, a.Password}, ":"))
	}
}

// inError hides the secrets in what an error says. What kind of an error it is stays.
func inError(s web.Secrets, err error) error {
	var no *denied
	var missing *missingImage
	var wait *limited
	switch {
	case err == nil || errors.As(err, &wait):
		return err
	case errors.As(err, &no):
		return &denied{errors.New(s.In(no.Error()))}
	case errors.As(err, &missing):
		return &missingImage{errors.New(s.In(missing.Error()))}
	}
	return errors.New(s.In(web.Bare(err).Error()))
}
