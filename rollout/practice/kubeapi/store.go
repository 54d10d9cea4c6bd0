package kubeapi

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// The store's law: a version is never changed once it is stored; whoever wants another one makes a deep copy and
// puts that. Everything in this file is called with Server.mu held.

// key names an object within its table.
type key struct{ namespace, name string }

func keyOf(obj metav1.Object) key { return key{obj.GetNamespace(), obj.GetName()} }

func (k key) compare(l key) int {
	return cmp.Or(cmp.Compare(k.namespace, l.namespace), cmp.Compare(k.name, l.name))
}

// version is one state of one object, with its JSON once somebody asked for it.
type version struct {
	obj  object
	rv   uint64
	bare []byte // without kind and apiVersion, as it stands in a list
}

// event is one change. A deletion has the last state, with the deletion's own resourceVersion, as its object.
type event struct {
	kind     watch.EventType
	rv       uint64
	old, now *version // old is nil for an addition
}

// table holds the objects of one resource and the history of their changes.
type table struct {
	res      *resource
	items    map[key]*version
	history  []event
	floor    uint64 // a watch from before it gets 410
	latest   map[key]uint64
	watchers map[*watcher]bool
}

// reference names a stored object from elsewhere.
type reference struct {
	res *resource
	key key
}

func newTable(res *resource) *table {
	return &table{
		res: res, items: map[key]*version{}, latest: map[key]uint64{}, watchers: map[*watcher]bool{},
	}
}

// sorted returns the versions of a namespace ("" for all) in the order of their keys.
func (t *table) sorted(namespace string) []*version {
	var all []*version
	for k, v := range t.items {
		if namespace == "" || k.namespace == namespace {
			all = append(all, v)
		}
	}
	slices.SortFunc(all, func(a, b *version) int { return keyOf(a.obj).compare(keyOf(b.obj)) })
	return all
}

// add stores a new object and returns its version.
func (s *Server) add(res *resource, obj object) *version {
	return s.record(res, watch.Added, nil, obj)
}

// replace stores obj in the place of old.
func (s *Server) replace(res *resource, old *version, obj object) *version {
	return s.record(res, watch.Modified, old, obj)
}

// remove takes old out of the store.
func (s *Server) remove(res *resource, old *version) *version {
	return s.record(res, watch.Deleted, old, old.obj.DeepCopyObject().(object))
}

// record gives the change its resourceVersion and tells everybody whom it concerns.
func (s *Server) record(res *resource, kind watch.EventType, old *version, obj object) *version {
	t := s.tables[res.gvr]
	s.rv++
	strip(obj)
	obj.SetResourceVersion(strconv.FormatUint(s.rv, 10))
	v := &version{obj: obj, rv: s.rv}
	k := keyOf(obj)
	if kind == watch.Deleted {
		delete(t.items, k)
	} else {
		t.items[k] = v
	}
	s.reindex(res, k, old, v, kind)
	for _, at := range []key{{}, {namespace: k.namespace}, {name: k.name}, k} {
		t.latest[at] = s.rv
	}
	t.history = append(t.history, event{kind: kind, rv: s.rv, old: old, now: v})
	if len(t.history) >= 2*s.opt.History {
		t.forget(s.opt.History)
	}
	for w := range t.watchers {
		w.poke()
	}
	s.changed(res, kind, old, v)
	return v
}

// forget drops all but the last keep changes.
func (t *table) forget(keep int) {
	drop := len(t.history) - keep
	if drop <= 0 {
		return
	}
	t.floor = t.history[drop-1].rv
	t.history = slices.Clone(t.history[drop:])
}

// since returns the changes after rv, oldest first; ok is false when some of them are forgotten.
func (t *table) since(rv uint64) (events []event, ok bool) {
	if rv < t.floor {
		return nil, false
	}
	i, _ := slices.BinarySearchFunc(t.history, rv, func(e event, rv uint64) int {
		if e.rv <= rv {
			return -1
		}
		return 1
	})
	return t.history[i:], true
}

// reindex keeps track of who is owned by whom.
func (s *Server) reindex(res *resource, k key, old, now *version, kind watch.EventType) {
	ref := reference{res, k}
	if old != nil {
		for _, o := range old.obj.GetOwnerReferences() {
			delete(s.owned[o.UID], ref)
		}
	}
	if kind == watch.Deleted {
		for _, o := range now.obj.GetOwnerReferences() {
			delete(s.owned[o.UID], ref)
		}
		return
	}
	for _, o := range now.obj.GetOwnerReferences() {
		if s.owned[o.UID] == nil {
			s.owned[o.UID] = map[reference]bool{}
		}
		s.owned[o.UID][ref] = true
	}
}

// dependents returns what the object with that UID owns of a resource (nil: of all), in the order of the keys.
func (s *Server) dependents(uid types.UID, res *resource) []reference {
	var refs []reference
	for ref := range s.owned[uid] {
		if res == nil || ref.res == res {
			refs = append(refs, ref)
		}
	}
	slices.SortFunc(refs, func(a, b reference) int {
		return cmp.Or(cmp.Compare(a.res.gvr.String(), b.res.gvr.String()), a.key.compare(b.key))
	})
	return refs
}

// get returns a stored version or nil.
func (s *Server) get(res *resource, k key) *version { return s.tables[res.gvr].items[k] }

// json returns the object as a list shows it, without kind and apiVersion (but for a custom resource).
func (v *version) json() []byte {
	if v.bare == nil {
		b, err := json.Marshal(v.obj)
		if err != nil {
			panic("kubeapi: cannot encode a stored object: " + err.Error())
		}
		v.bare = b
	}
	return v.bare
}

// encode returns the object as it stands alone, with kind and apiVersion.
func (v *version) encode(gvk schema.GroupVersionKind) []byte {
	if _, custom := v.obj.(*unstructured.Unstructured); custom {
		return v.json()
	}
	return withKind(gvk, v.json())
}

// withKind puts kind and apiVersion in front of the members of a JSON object.
func withKind(gvk schema.GroupVersionKind, bare []byte) []byte {
	out := append([]byte(`{"kind":"`+gvk.Kind+`","apiVersion":"`+gvk.GroupVersion().String()+`"`), ',')
	if len(bare) == 2 { // {}
		out = out[:len(out)-1]
	}
	return append(out, bare[1:]...)
}

// strip removes what the store never holds.
func strip(obj object) {
	if _, custom := obj.(*unstructured.Unstructured); !custom {
		obj.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{})
	}
	obj.SetManagedFields(nil)
}
