package kubeapi

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/rand"
)

// Everything random comes from the seed and the name of what it is for, never from the order of calls: two
// clients that race do not change what the world is made of.

// chance is a number in [0, 1) for the parts.
func (s *Server) chance(parts ...any) float64 {
	sum := s.digest(parts...)
	return float64(binary.BigEndian.Uint64(sum[:8])>>11) / (1 << 53)
}

func (s *Server) digest(parts ...any) [32]byte {
	return sha256.Sum256(fmt.Append(nil, s.opt.Seed, "/", fmt.Sprintln(parts...)))
}

// jitter is d ± 20 %.
func (s *Server) jitter(d time.Duration, parts ...any) time.Duration {
	j := time.Duration(float64(d) * (0.8 + 0.4*s.chance(parts...)))
	return j.Truncate(time.Millisecond)
}

// uid returns the UID of the next object of that resource and name.
func (s *Server) uid(res *resource, k key) types.UID {
	id := res.gvr.String() + "/" + k.namespace + "/" + k.name
	s.born[id]++
	d := s.digest("uid", id, s.born[id])
	d[6], d[8] = d[6]&0x0f|0x40, d[8]&0x3f|0x80
	h := hex.EncodeToString(d[:16])
	return types.UID(strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-"))
}

// suffixed returns prefix and five characters that make it a name not yet taken.
func (s *Server) suffixed(res *resource, namespace, prefix string) string {
	const letters = "bcdfghjklmnpqrstvwxz2456789"
	for {
		id := res.gvr.String() + "/" + namespace + "/" + prefix
		s.born[id+"*"]++
		d := s.digest("name", id, s.born[id+"*"])
		name := []byte(prefix)
		for _, b := range d[:5] {
			name = append(name, letters[int(b)%len(letters)])
		}
		if s.get(res, key{namespace, string(name)}) == nil {
			return string(name)
		}
	}
}

// templateHash is the pod-template-hash of a template: the same for equal templates, another after a collision.
func templateHash(template *corev1.PodTemplateSpec, collisions *int32) string {
	h := fnv.New32a()
	b, err := json.Marshal(template)
	if err != nil {
		panic("kubeapi: cannot encode a pod template: " + err.Error())
	}
	h.Write(b)
	if collisions != nil {
		_ = binary.Write(h, binary.LittleEndian, *collisions)
	}
	return rand.SafeEncodeString(fmt.Sprint(h.Sum32()))
}

// bareTemplate is the template without the label that tells ReplicaSets apart.
func bareTemplate(template *corev1.PodTemplateSpec) *corev1.PodTemplateSpec {
	c := template.DeepCopy()
	delete(c.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	return c
}

// ImageID makes up the digest of an image that no registry was named for: "registry.example/api@sha256:…".
// An image given by its digest keeps it.
func ImageID(image string) string {
	name, digest, pinned := strings.Cut(image, "@")
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name = name[:colon]
	}
	if pinned {
		return name + "@" + digest
	}
	sum := sha256.Sum256([]byte(image))
	return name + "@sha256:" + hex.EncodeToString(sum[:])
}
