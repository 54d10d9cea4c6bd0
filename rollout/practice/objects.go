package practice

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// objects are everything that is in the cluster before its controllers start.
func (w *World) objects() []runtime.Object {
	var all []runtime.Object
	for i := range nodeNames() {
		all = append(all, node(i+1))
	}
	for _, ns := range namespaces {
		all = append(all, namespace(ns), quota(ns), appConfig(ns), appSecrets(ns), flagConfig(ns), w.tlsSecret(ns), w.restore(ns))
		for i, d := range dependencies {
			all = append(all, dependency(ns, d.name, d.port, i)...)
		}
		for _, c := range components {
			all = append(all, service(ns, c), deployment(ns, c, w.scenario.World))
		}
	}
	return all
}

// The names of the objects that scenarios speak of.
const (
	appConfigName  = "app-config"
	appSecretsName = "app-secrets"
	flagsName      = "feature-flags"
	flagsKey       = "flags.json"
	tlsName        = "web-tls"
	quotaName      = "compute"
)

func nodeNames() []string { return []string{"node-1", "node-2", "node-3"} }

func named(kind, version, namespace, name string, labels map[string]string) (metav1.TypeMeta, metav1.ObjectMeta) {
	return metav1.TypeMeta{Kind: kind, APIVersion: version}, metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels}
}

func namespace(name string) *corev1.Namespace {
	t, m := named("Namespace", "v1", "", name, map[string]string{"env": name, corev1.LabelMetadataName: name})
	return &corev1.Namespace{TypeMeta: t, ObjectMeta: m, Status: corev1.NamespaceStatus{Phase: corev1.NamespaceActive}}
}

func node(i int) *corev1.Node {
	name := nodeNames()[i-1]
	t, m := named("Node", "v1", "", name, map[string]string{
		corev1.LabelHostname: name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
		corev1.LabelTopologyZone: fmt.Sprintf("zone-%c", 'a'+i-1),
	})
	room := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("8"), corev1.ResourceMemory: resource.MustParse("32Gi"),
		corev1.ResourcePods: resource.MustParse("110"), corev1.ResourceEphemeralStorage: resource.MustParse("100Gi"),
	}
	var conditions []corev1.NodeCondition
	for _, kind := range []corev1.NodeConditionType{corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure} {
		conditions = append(conditions, corev1.NodeCondition{Type: kind, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficient"})
	}
	conditions = append(conditions, corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", Message: "kubelet is posting ready status"})
	return &corev1.Node{TypeMeta: t, ObjectMeta: m, Status: corev1.NodeStatus{
		Capacity: room, Allocatable: room, Conditions: conditions,
		Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: fmt.Sprintf("10.0.0.%d", i)}, {Type: corev1.NodeHostName, Address: name}},
		NodeInfo:  corev1.NodeSystemInfo{KubeletVersion: "v1.37.2", Architecture: "amd64", OperatingSystem: "linux", OSImage: "Practice"},
	}}
}

// quota leaves room for a whole second set of pods.
func quota(ns string) *corev1.ResourceQuota {
	t, m := named("ResourceQuota", "v1", ns, quotaName, nil)
	return &corev1.ResourceQuota{TypeMeta: t, ObjectMeta: m, Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{
		corev1.ResourcePods: resource.MustParse("80"), corev1.ResourceRequestsCPU: resource.MustParse("10"), corev1.ResourceRequestsMemory: resource.MustParse("16Gi"),
	}}}
}

// appConfig has the same keys in both environments; they differ in ENVIRONMENT, PUBLIC_URL and POOL_SIZE.
func appConfig(ns string) *corev1.ConfigMap {
	t, m := named("ConfigMap", "v1", ns, appConfigName, nil)
	return &corev1.ConfigMap{TypeMeta: t, ObjectMeta: m, Data: map[string]string{
		"LOG_LEVEL": "info", "REGION": "eu-1", "ENVIRONMENT": ns, "FEATURE_FLAGS": "matchmaking=on,replays=off",
		"PUBLIC_URL": "https://" + frontOf(ns), "POOL_SIZE": map[string]string{Staging: "10", Production: "40"}[ns],
	}}
}

// flagConfig holds the feature flags in flagd's form; that of the release is off.
func flagConfig(ns string) *corev1.ConfigMap {
	t, m := named("ConfigMap", "v1", ns, flagsName, nil)
	return &corev1.ConfigMap{TypeMeta: t, ObjectMeta: m, Data: map[string]string{flagsKey: `{
  "$schema": "https://flagd.dev/schema/v0/flags.json",
  "flags": {
    "new-lobby": {"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "off"},
    "matchmaking": {"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on"}
  }
}
`}}
}

func appSecrets(ns string) *corev1.Secret {
	t, m := named("Secret", "v1", ns, appSecretsName, nil)
	return &corev1.Secret{TypeMeta: t, ObjectMeta: m, Type: corev1.SecretTypeOpaque, Data: map[string][]byte{
		"DATABASE_PASSWORD": []byte("not-a-real-password-" + ns), "API_KEY": []byte("not-a-real-key-" + ns),
	}}
}

func (w *World) tlsSecret(ns string) *corev1.Secret {
	t, m := named("Secret", "v1", ns, tlsName, nil)
	p := w.certificateOf(ns)
	return &corev1.Secret{TypeMeta: t, ObjectMeta: m, Type: corev1.SecretTypeTLS, Data: map[string][]byte{
		corev1.TLSCertKey: p.cert, corev1.TLSPrivateKeyKey: p.key, "ca.crt": w.authority.pem(),
	}}
}

func service(ns string, c component) *corev1.Service {
	labels := map[string]string{"app": c.name, "env": ns}
	t, m := named("Service", "v1", ns, c.name, labels)
	return &corev1.Service{TypeMeta: t, ObjectMeta: m, Spec: corev1.ServiceSpec{
		Type: corev1.ServiceTypeClusterIP, Selector: map[string]string{"app": c.name},
		Ports: []corev1.ServicePort{{Name: "http", Protocol: corev1.ProtocolTCP, Port: 80, TargetPort: intstr.FromString("http")}},
	}}
}

// dependency is a service whose endpoints are written by hand: what answers there is outside of the cluster.
func dependency(ns, name string, port int32, i int) []runtime.Object {
	t, m := named("Service", "v1", ns, name, map[string]string{"app": name, "env": ns})
	svc := &corev1.Service{TypeMeta: t, ObjectMeta: m, Spec: corev1.ServiceSpec{
		Type: corev1.ServiceTypeClusterIP, Ports: []corev1.ServicePort{{Name: name, Protocol: corev1.ProtocolTCP, Port: port, TargetPort: intstr.FromInt32(port)}},
	}}
	address := fmt.Sprintf("10.0.1.%d", 10*(i+1)+len(ns)%7)
	t, m = named("EndpointSlice", "discovery.k8s.io/v1", ns, name+"-1", map[string]string{discoveryv1.LabelServiceName: name})
	yes, protocol := true, corev1.ProtocolTCP
	slice := &discoveryv1.EndpointSlice{
		TypeMeta: t, ObjectMeta: m, AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints: []discoveryv1.Endpoint{{Addresses: []string{address}, Conditions: discoveryv1.EndpointConditions{Ready: &yes, Serving: &yes}}},
		Ports:     []discoveryv1.EndpointPort{{Name: &name, Port: &port, Protocol: &protocol}},
	}
	t, m = named("Endpoints", "v1", ns, name, nil)
	//lint:ignore SA1019 clusters still have Endpoints beside the slices, and people look at them
	endpoints := &corev1.Endpoints{TypeMeta: t, ObjectMeta: m, Subsets: []corev1.EndpointSubset{{
		Addresses: []corev1.EndpointAddress{{IP: address}}, Ports: []corev1.EndpointPort{{Name: name, Port: port, Protocol: protocol}},
	}}}
	return []runtime.Object{svc, slice, endpoints}
}

func deployment(ns string, c component, spec WorldSpec) *appsv1.Deployment {
	labels := map[string]string{"app": c.name, "env": ns}
	t, m := named("Deployment", "apps/v1", ns, c.name, labels)
	m.Annotations = map[string]string{"kubernetes.io/change-cause": "release " + spec.Running}
	replicas, deadline, history := spec.replicasOf(ns, c), int32(120), int32(10)
	none, one := intstr.FromInt32(0), intstr.FromInt32(1)
	return &appsv1.Deployment{TypeMeta: t, ObjectMeta: m, Spec: appsv1.DeploymentSpec{
		Replicas: &replicas, ProgressDeadlineSeconds: &deadline, RevisionHistoryLimit: &history,
		Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": c.name}},
		Strategy: appsv1.DeploymentStrategy{
			Type:          appsv1.RollingUpdateDeploymentStrategyType,
			RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &one, MaxUnavailable: &none},
		},
		Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{container(c, spec.Running)}},
		},
	}}
}

func container(c component, version string) corev1.Container {
	probe := func(path string, period int32) *corev1.Probe {
		return &corev1.Probe{PeriodSeconds: period, ProbeHandler: corev1.ProbeHandler{
			HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromString("http")},
		}}
	}
	return corev1.Container{
		Name: c.name, Image: image(c.name, version), ImagePullPolicy: corev1.PullIfNotPresent,
		Ports:          []corev1.ContainerPort{{Name: "http", ContainerPort: c.port, Protocol: corev1.ProtocolTCP}},
		EnvFrom:        []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "app-config"}}}},
		Env:            []corev1.EnvVar{{Name: "DATABASE_PASSWORD", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "app-secrets"}, Key: "DATABASE_PASSWORD"}}}},
		LivenessProbe:  probe("/healthz", 10),
		ReadinessProbe: probe("/ready", 2),
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("128Mi")},
			Limits:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1"), corev1.ResourceMemory: resource.MustParse("1Gi")},
		},
	}
}
