package kube

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SecretKeys are the keys of a Secret with the length of each value in bytes.
type SecretKeys struct {
	Type            string
	Lengths         map[string]int // not to be changed
	ResourceVersion string

	certificate []byte // the entry tls.crt, which is no secret
}

// Secret tells which keys a Secret has. Its metadata are followed (Secrets.Named(name)); the Secret itself is read only
// when they say that it has changed, and of that only the lengths are kept: its values never leave this package.
func (c *Cluster) Secret(ctx context.Context, name string) (SecretKeys, error) {
	followed, err := one[*metav1.PartialObjectMetadata](ctx, c, Secrets, name)
	if err != nil {
		return SecretKeys{}, err
	}
	version := number(followed.ResourceVersion)
	if keys, ok := c.secretKnown(name, version); ok {
		return keys, nil
	}
	err = c.asking.do(ctx, c.clock, "secret "+name+" "+followed.ResourceVersion, func(ctx context.Context) error {
		return c.readSecret(ctx, name)
	})
	if err != nil {
		return SecretKeys{}, err
	}
	keys, _ := c.secretKnown(name, 0)
	return keys, nil
}

// secretKnown is what was last read of a Secret, if that is no older than the version.
func (c *Cluster) secretKnown(name string, version uint64) (SecretKeys, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys, ok := c.secrets[name]
	return keys, ok && number(keys.ResourceVersion) >= version
}

func (c *Cluster) readSecret(ctx context.Context, name string) error {
	s := &corev1.Secret{}
	if err := c.get(ctx, c.client.CoreV1().RESTClient(), "secrets", name, s); err != nil {
		return err
	}
	keys := SecretKeys{Type: string(s.Type), Lengths: map[string]int{}, ResourceVersion: s.ResourceVersion, certificate: s.Data[corev1.TLSCertKey]}
	for k, v := range s.Data {
		keys.Lengths[k] = len(v)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.secrets[name]; !ok || number(keys.ResourceVersion) >= number(known.ResourceVersion) {
		c.secrets[name] = keys
	}
	return nil
}

// TLSCertificate tells the certificates (PEM, never the key) of a TLS Secret: its entry tls.crt, nil when it has none. It
// is followed as Secret is.
func (c *Cluster) TLSCertificate(ctx context.Context, name string) (pem []byte, resourceVersion string, err error) {
	keys, err := c.Secret(ctx, name)
	return keys.certificate, keys.ResourceVersion, err
}
