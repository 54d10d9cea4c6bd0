package kubeapi

import (
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/duration"
)

// column is one column between NAME and AGE in what kubectl get prints.
type column struct {
	name, kind string
	cell       func(obj object) any
}

// columns are those of the kinds that an operator looks at; the others have only NAME and AGE.
func columns(kind string) []column {
	switch kind {
	case "Pod":
		return []column{
			{"Ready", "string", func(o object) any { return podReadiness(o.(*corev1.Pod)) }},
			{"Status", "string", func(o object) any { return podState(o.(*corev1.Pod)) }},
			{"Restarts", "string", func(o object) any { return fmt.Sprint(restarts(o.(*corev1.Pod))) }},
		}
	case "Deployment":
		return []column{
			{"Ready", "string", func(o object) any {
				d := o.(*appsv1.Deployment)
				return fmt.Sprintf("%d/%d", d.Status.ReadyReplicas, *d.Spec.Replicas)
			}},
			{"Up-to-date", "integer", func(o object) any { return o.(*appsv1.Deployment).Status.UpdatedReplicas }},
			{"Available", "integer", func(o object) any { return o.(*appsv1.Deployment).Status.AvailableReplicas }},
		}
	case "ReplicaSet":
		return []column{
			{"Desired", "integer", func(o object) any { return *o.(*appsv1.ReplicaSet).Spec.Replicas }},
			{"Current", "integer", func(o object) any { return o.(*appsv1.ReplicaSet).Status.Replicas }},
			{"Ready", "integer", func(o object) any { return o.(*appsv1.ReplicaSet).Status.ReadyReplicas }},
		}
	case "Service":
		return []column{
			{"Type", "string", func(o object) any { return string(o.(*corev1.Service).Spec.Type) }},
			{"Cluster-IP", "string", func(o object) any { return o.(*corev1.Service).Spec.ClusterIP }},
		}
	case "Node":
		return []column{{"Status", "string", func(o object) any { return nodeState(o.(*corev1.Node)) }}}
	case "Namespace":
		return []column{{"Status", "string", func(o object) any { return string(o.(*corev1.Namespace).Status.Phase) }}}
	}
	return nil
}

// table renders objects as rows; head says whether the column definitions go with them.
func (f form) table(s *Server, page []*version, meta metav1.ListMeta, head bool) []byte {
	t := metav1.Table{
		TypeMeta: metav1.TypeMeta{Kind: "Table", APIVersion: metaGV.String()}, ListMeta: meta,
		ColumnDefinitions: []metav1.TableColumnDefinition{}, Rows: []metav1.TableRow{},
	}
	events := f.res.kind == "Event"
	cols := columns(f.res.kind)
	if head {
		t.ColumnDefinitions = definitions(cols, events)
	}
	for _, v := range page {
		row := metav1.TableRow{}
		if e, ok := v.obj.(*corev1.Event); ok {
			row.Cells = []any{
				s.age(e.LastTimestamp), e.Type, e.Reason,
				strings.ToLower(e.InvolvedObject.Kind) + "/" + e.InvolvedObject.Name, e.Message,
			}
		} else {
			row.Cells = append(row.Cells, v.obj.GetName())
			for _, c := range cols {
				row.Cells = append(row.Cells, c.cell(v.obj))
			}
			row.Cells = append(row.Cells, s.age(v.obj.GetCreationTimestamp()))
		}
		switch f.include {
		case metav1.IncludeNone:
		case metav1.IncludeObject:
			row.Object = runtime.RawExtension{Raw: v.encode(f.res.gvk())}
		default:
			row.Object = runtime.RawExtension{Raw: partial(v.obj)}
		}
		t.Rows = append(t.Rows, row)
	}
	return mustJSON(t)
}

func definitions(cols []column, events bool) []metav1.TableColumnDefinition {
	if events {
		var defs []metav1.TableColumnDefinition
		for _, name := range []string{"Last Seen", "Type", "Reason", "Object", "Message"} {
			defs = append(defs, metav1.TableColumnDefinition{Name: name, Type: "string"})
		}
		return defs
	}
	defs := []metav1.TableColumnDefinition{{Name: "Name", Type: "string", Format: "name"}}
	for _, c := range cols {
		defs = append(defs, metav1.TableColumnDefinition{Name: c.name, Type: c.kind})
	}
	return append(defs, metav1.TableColumnDefinition{Name: "Age", Type: "string"})
}

func (s *Server) age(since metav1.Time) string {
	if since.IsZero() {
		return "<unknown>"
	}
	return duration.HumanDuration(s.clock.Now().Sub(since.Time).Truncate(time.Second))
}

func podReadiness(p *corev1.Pod) string {
	ready := 0
	for _, c := range p.Status.ContainerStatuses {
		if c.Ready {
			ready++
		}
	}
	return fmt.Sprintf("%d/%d", ready, len(p.Spec.Containers))
}

// podState is the pod's phase, or what keeps a container of it from running.
func podState(p *corev1.Pod) string {
	if p.DeletionTimestamp != nil {
		return "Terminating"
	}
	for _, c := range p.Status.ContainerStatuses {
		switch {
		case c.State.Waiting != nil:
			return c.State.Waiting.Reason
		case c.State.Terminated != nil:
			return c.State.Terminated.Reason
		}
	}
	return string(p.Status.Phase)
}

func nodeState(n *corev1.Node) string {
	state := "Ready"
	if !nodeReady(n) {
		state = "NotReady"
	}
	if n.Spec.Unschedulable {
		state += ",SchedulingDisabled"
	}
	return state
}
