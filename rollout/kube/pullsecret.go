package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// PullLogin is what a node would log in to a registry with. It prints as nothing, and is for the request alone.
type PullLogin struct {
	Registry string          // as the Secret has it: a host, a host with a path, or an address
	config   json.RawMessage // its entry in a docker config
}

// String keeps the login out of every text.
func (PullLogin) String() string { return "login" }

// GoString keeps the login out of every text.
func (PullLogin) GoString() string { return "login" }

// Decode reads the login's entry of a docker config into a value of the caller's.
func (l PullLogin) Decode(into any) error { return json.Unmarshal(l.config, into) }

// PullLogins reads what the nodes would log in to registries with for the pods of a template: its own
// imagePullSecrets and those of its ServiceAccount. Nothing of it is kept. Secrets that are not there count for
// nothing, as for a node; one that cannot be read is an error, beside the logins of the others.
func (c *Cluster) PullLogins(ctx context.Context, pods corev1.PodSpec) (logins []PullLogin, err error) {
	references := slices.Clone(pods.ImagePullSecrets)
	account := pods.ServiceAccountName
	if account == "" {
		account = "default"
	}
	sa := &corev1.ServiceAccount{}
	if failed := c.get(ctx, c.client.CoreV1().RESTClient(), "serviceaccounts", account, sa); failed == nil {
		references = append(references, sa.ImagePullSecrets...)
	} else if !apierrors.IsNotFound(failed) {
		err = failed
	}
	for _, r := range references {
		s := &corev1.Secret{}
		if failed := c.get(ctx, c.client.CoreV1().RESTClient(), "secrets", r.Name, s); failed != nil {
			if !apierrors.IsNotFound(failed) {
				err = failed
			}
			continue
		}
		found, failed := loginsOf(s)
		if failed != nil {
			err = fmt.Errorf("read the logins of Secret %s: it is no docker config", r.Name) // the cause would quote it
		}
		logins = append(logins, found...)
	}
	return logins, err
}

// loginsOf reads a Secret of one of the two kinds that nodes take.
func loginsOf(s *corev1.Secret) ([]PullLogin, error) {
	var config struct {
		Auths map[string]json.RawMessage `json:"auths"`
	}
	var err error
	switch s.Type {
	case corev1.SecretTypeDockerConfigJson:
		err = json.Unmarshal(s.Data[corev1.DockerConfigJsonKey], &config)
	case corev1.SecretTypeDockercfg:
		err = json.Unmarshal(s.Data[corev1.DockerConfigKey], &config.Auths)
	}
	var logins []PullLogin
	for registry, entry := range config.Auths {
		logins = append(logins, PullLogin{registry, entry})
	}
	slices.SortFunc(logins, func(a, b PullLogin) int { // the most precise first
		if n := len(b.Registry) - len(a.Registry); n != 0 {
			return n
		}
		return strings.Compare(a.Registry, b.Registry)
	})
	return logins, err
}
