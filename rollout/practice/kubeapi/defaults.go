package kubeapi

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// The defaults that the real server fills in, as far as anybody looks at them.

// setDefault gives a pointer its value if it has none.
func setDefault[T any](p **T, value T) {
	if *p == nil {
		*p = &value
	}
}

// orElse gives a string its value if it is empty.
func orElse[T ~string](p *T, value T) {
	if *p == "" {
		*p = value
	}
}

func setDefaults(obj object) {
	switch o := obj.(type) {
	case *appsv1.Deployment:
		defaultDeployment(o)
	case *appsv1.ReplicaSet:
		setDefault(&o.Spec.Replicas, 1)
		defaultPodSpec(&o.Spec.Template.Spec)
	case *appsv1.StatefulSet:
		defaultStatefulSet(o)
	case *appsv1.DaemonSet:
		defaultDaemonSet(o)
	case *batchv1.Job:
		defaultJob(&o.Spec)
		nameJob(o)
	case *batchv1.CronJob:
		orElse(&o.Spec.ConcurrencyPolicy, batchv1.AllowConcurrent)
		setDefault(&o.Spec.Suspend, false)
		defaultJob(&o.Spec.JobTemplate.Spec)
	case *corev1.Pod:
		defaultPodSpec(&o.Spec)
		setDefault(&o.Spec.EnableServiceLinks, true)
		orElse(&o.Status.Phase, corev1.PodPending)
		orElse(&o.Status.QOSClass, qosOf(&o.Spec))
	case *corev1.Service:
		defaultService(o)
	case *corev1.Secret:
		defaultSecret(o)
	case *corev1.Namespace:
		orElse(&o.Status.Phase, corev1.NamespaceActive)
	}
}

func defaultDeployment(o *appsv1.Deployment) {
	setDefault(&o.Spec.Replicas, 1)
	strategy := &o.Spec.Strategy
	orElse(&strategy.Type, appsv1.RollingUpdateDeploymentStrategyType)
	if strategy.Type == appsv1.RollingUpdateDeploymentStrategyType {
		setDefault(&strategy.RollingUpdate, appsv1.RollingUpdateDeployment{})
		setDefault(&strategy.RollingUpdate.MaxUnavailable, intstr.FromString("25%"))
		setDefault(&strategy.RollingUpdate.MaxSurge, intstr.FromString("25%"))
	}
	setDefault(&o.Spec.RevisionHistoryLimit, 10)
	setDefault(&o.Spec.ProgressDeadlineSeconds, 600)
	defaultPodSpec(&o.Spec.Template.Spec)
}

func defaultStatefulSet(o *appsv1.StatefulSet) {
	setDefault(&o.Spec.Replicas, 1)
	setDefault(&o.Spec.RevisionHistoryLimit, 10)
	orElse(&o.Spec.PodManagementPolicy, appsv1.OrderedReadyPodManagement)
	orElse(&o.Spec.UpdateStrategy.Type, appsv1.RollingUpdateStatefulSetStrategyType)
	if o.Spec.UpdateStrategy.Type == appsv1.RollingUpdateStatefulSetStrategyType {
		setDefault(&o.Spec.UpdateStrategy.RollingUpdate, appsv1.RollingUpdateStatefulSetStrategy{})
		setDefault(&o.Spec.UpdateStrategy.RollingUpdate.Partition, 0)
	}
	defaultPodSpec(&o.Spec.Template.Spec)
}

func defaultDaemonSet(o *appsv1.DaemonSet) {
	setDefault(&o.Spec.RevisionHistoryLimit, 10)
	orElse(&o.Spec.UpdateStrategy.Type, appsv1.RollingUpdateDaemonSetStrategyType)
	if o.Spec.UpdateStrategy.Type == appsv1.RollingUpdateDaemonSetStrategyType {
		setDefault(&o.Spec.UpdateStrategy.RollingUpdate, appsv1.RollingUpdateDaemonSet{})
		setDefault(&o.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable, intstr.FromInt32(1))
		setDefault(&o.Spec.UpdateStrategy.RollingUpdate.MaxSurge, intstr.FromInt32(0))
	}
	defaultPodSpec(&o.Spec.Template.Spec)
}

func defaultJob(o *batchv1.JobSpec) {
	setDefault(&o.Completions, 1)
	setDefault(&o.Parallelism, 1)
	setDefault(&o.BackoffLimit, 6)
	setDefault(&o.CompletionMode, batchv1.NonIndexedCompletion)
	setDefault(&o.Suspend, false)
	defaultPodSpec(&o.Template.Spec)
}

func defaultPodSpec(o *corev1.PodSpec) {
	orElse(&o.RestartPolicy, corev1.RestartPolicyAlways)
	orElse(&o.DNSPolicy, corev1.DNSClusterFirst)
	orElse(&o.SchedulerName, corev1.DefaultSchedulerName)
	setDefault(&o.TerminationGracePeriodSeconds, int64(corev1.DefaultTerminationGracePeriodSeconds))
	setDefault(&o.SecurityContext, corev1.PodSecurityContext{})
	orElse(&o.DeprecatedServiceAccount, o.ServiceAccountName)
	for _, list := range [][]corev1.Container{o.InitContainers, o.Containers} {
		for i := range list {
			defaultContainer(&list[i])
		}
	}
	for i := range o.Volumes {
		v := &o.Volumes[i]
		switch {
		case v.Secret != nil:
			setDefault(&v.Secret.DefaultMode, corev1.SecretVolumeSourceDefaultMode)
		case v.ConfigMap != nil:
			setDefault(&v.ConfigMap.DefaultMode, corev1.ConfigMapVolumeSourceDefaultMode)
		case v.Projected != nil:
			setDefault(&v.Projected.DefaultMode, corev1.ProjectedVolumeSourceDefaultMode)
		}
	}
}

func defaultContainer(c *corev1.Container) {
	orElse(&c.TerminationMessagePath, corev1.TerminationMessagePathDefault)
	orElse(&c.TerminationMessagePolicy, corev1.TerminationMessageReadFile)
	orElse(&c.ImagePullPolicy, pullPolicy(c.Image))
	for i := range c.Ports {
		orElse(&c.Ports[i].Protocol, corev1.ProtocolTCP)
	}
	for i := range c.Env {
		if from := c.Env[i].ValueFrom; from != nil && from.FieldRef != nil {
			orElse(&from.FieldRef.APIVersion, "v1")
		}
	}
	for name, limit := range c.Resources.Limits {
		if _, set := c.Resources.Requests[name]; !set {
			if c.Resources.Requests == nil {
				c.Resources.Requests = corev1.ResourceList{}
			}
			c.Resources.Requests[name] = limit.DeepCopy()
		}
	}
	for _, p := range []*corev1.Probe{c.LivenessProbe, c.ReadinessProbe, c.StartupProbe} {
		if p != nil {
			defaultProbe(p)
		}
	}
}

func defaultProbe(p *corev1.Probe) {
	for field, value := range map[*int32]int32{
		&p.TimeoutSeconds: 1, &p.PeriodSeconds: 10, &p.SuccessThreshold: 1, &p.FailureThreshold: 3,
	} {
		if *field == 0 {
			*field = value
		}
	}
	if p.HTTPGet != nil {
		orElse(&p.HTTPGet.Path, "/")
		orElse(&p.HTTPGet.Scheme, corev1.URISchemeHTTP)
	}
}

// pullPolicy is Always for an image without a tag or with the tag latest.
func pullPolicy(image string) corev1.PullPolicy {
	name, _, pinned := strings.Cut(image, "@")
	tag := name[strings.LastIndexByte(name, '/')+1:]
	_, tag, tagged := strings.Cut(tag, ":")
	if !pinned && (!tagged || tag == "latest") {
		return corev1.PullAlways
	}
	return corev1.PullIfNotPresent
}

func defaultService(o *corev1.Service) {
	orElse(&o.Spec.Type, corev1.ServiceTypeClusterIP)
	orElse(&o.Spec.SessionAffinity, corev1.ServiceAffinityNone)
	setDefault(&o.Spec.InternalTrafficPolicy, corev1.ServiceInternalTrafficPolicyCluster)
	setDefault(&o.Spec.IPFamilyPolicy, corev1.IPFamilyPolicySingleStack)
	if o.Spec.IPFamilies == nil {
		o.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol}
	}
	if o.Spec.ClusterIP == "" && o.Spec.Type != corev1.ServiceTypeExternalName {
		o.Spec.ClusterIP = clusterIP(o.Namespace, o.Name)
	}
	if o.Spec.ClusterIP != "" {
		o.Spec.ClusterIPs = []string{o.Spec.ClusterIP}
	}
	for i := range o.Spec.Ports {
		p := &o.Spec.Ports[i]
		orElse(&p.Protocol, corev1.ProtocolTCP)
		if p.TargetPort == (intstr.IntOrString{}) {
			p.TargetPort = intstr.FromInt32(p.Port)
		}
	}
}

func defaultSecret(o *corev1.Secret) {
	orElse(&o.Type, corev1.SecretTypeOpaque)
	for k, v := range o.StringData {
		if o.Data == nil {
			o.Data = map[string][]byte{}
		}
		o.Data[k] = []byte(v)
	}
	o.StringData = nil
}

// qosOf is the quality-of-service class: Guaranteed when every container has equal requests and limits.
func qosOf(o *corev1.PodSpec) corev1.PodQOSClass {
	guaranteed, any := true, false
	for _, c := range o.Containers {
		any = any || len(c.Resources.Requests)+len(c.Resources.Limits) > 0
		for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			limit, ok := c.Resources.Limits[name]
			guaranteed = guaranteed && ok && limit.Equal(c.Resources.Requests[name])
		}
	}
	switch {
	case !any:
		return corev1.PodQOSBestEffort
	case guaranteed:
		return corev1.PodQOSGuaranteed
	}
	return corev1.PodQOSBurstable
}
