package kubeapi

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Edit changes a stored object as somebody else with all rights would: change gets a copy of it as it stands and alters
// that; spec and metadata are taken over, and the status of a kind that has no controller here. It returns whether
// there is such an object.
func Edit[T interface {
	runtime.Object
	metav1.Object
}](s *Server, namespace, name string, change func(T)) (bool, error) {
	defer s.tellPods()
	s.mu.Lock()
	defer s.mu.Unlock()
	var kind T
	for _, res := range s.resources {
		if !res.stored() || res.custom {
			continue
		}
		if _, ok := res.empty().(T); !ok {
			continue
		}
		v := s.get(res, key{namespace, name})
		if v == nil {
			return false, nil
		}
		next := v.obj.DeepCopyObject().(T)
		change(next)
		return true, s.apply(next)
	}
	return false, fmt.Errorf("edit %T %s/%s: the practice world does not serve this kind", kind, namespace, name)
}
