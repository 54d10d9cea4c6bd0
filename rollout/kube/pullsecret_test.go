package kube_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestPullLogins(t *testing.T) {
	inWorld(t, func(w *world) {
		for name, s := range map[string]*corev1.Secret{
			"new": {Type: corev1.SecretTypeDockerConfigJson, StringData: map[string]string{corev1.DockerConfigJsonKey: `{"auths":{"a.example":{"auth":"Ym9iOmh1bnRlcjI="},"a.example/deep":{"auth":"eDp5"}}}`}},
			"old": {Type: corev1.SecretTypeDockercfg, StringData: map[string]string{corev1.DockerConfigKey: `{"b.example":{"password":"hunter2"}}`}},
			"odd": {Type: corev1.SecretTypeDockerConfigJson, StringData: map[string]string{corev1.DockerConfigJsonKey: `hunter2`}},
		} {
			s.ObjectMeta = metav1.ObjectMeta{Name: name}
			if _, err := w.client.CoreV1().Secrets("shop").Create(w.ctx, s, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "puller"}, ImagePullSecrets: []corev1.LocalObjectReference{{Name: "old"}}}
		if _, err := w.client.CoreV1().ServiceAccounts("shop").Create(w.ctx, account, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		pods := func(account string, secrets ...string) (spec corev1.PodSpec) {
			spec.ServiceAccountName = account
			for _, name := range secrets {
				spec.ImagePullSecrets = append(spec.ImagePullSecrets, corev1.LocalObjectReference{Name: name})
			}
			return spec
		}
		got, err := w.cluster.PullLogins(w.ctx, pods("puller", "new", "nobody", "db"))
		if err != nil || len(got) != 3 || got[0].Registry != "a.example/deep" || got[1].Registry != "a.example" || got[2].Registry != "b.example" {
			t.Fatalf("got %v, %v", got, err)
		}
		var login struct{ Password string }
		if err := got[2].Decode(&login); err != nil || login.Password != "hunter2" {
			t.Errorf("the login is %+v, %v", login, err)
		}
		if text := fmt.Sprintf("%v %+v %#v %s", got, got, got, got[2]); strings.Contains(text, "hunter2") || strings.Contains(text, "Ym9i") {
			t.Errorf("a login prints as %s", text)
		}
		if got, err := w.cluster.PullLogins(w.ctx, pods("", "odd")); err == nil || len(got) != 0 || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("a Secret that is no docker config gave %v, %v", got, err)
		}
		w.server.Forbid(kubeapi.Rule{Resources: []string{"secrets"}, Names: []string{"new"}})
		if got, err := w.cluster.PullLogins(w.ctx, pods("puller", "new")); !apierrors.IsForbidden(err) || len(got) != 1 {
			t.Errorf("one that is forbidden gave %v, %v", got, err)
		}
	})
}
