package kubeapi

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/apimachinery/pkg/util/validation/field"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
)

// patch answers PATCH.
func (s *Server) patch(c *call) error {
	dry, err := isDryRun(c, nil)
	if err != nil {
		return err
	}
	diff, err := readBody(c)
	if err != nil {
		return err
	}
	s.mu.Lock()
	body, err := s.applyPatch(c, diff, dry)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	s.tellPods()
	writeRaw(c.w, http.StatusOK, body)
	return nil
}

func (s *Server) applyPatch(c *call, diff []byte, dry bool) ([]byte, error) {
	old := s.get(c.res, c.key())
	if old == nil {
		return nil, apierrors.NewNotFound(c.gr, c.name)
	}
	patched, err := patchJSON(c, diff, old.encode(c.res.gvk()), c.res.empty())
	if err != nil {
		return nil, err
	}
	obj := c.res.empty()
	if err := decode(patched, c, obj); err != nil {
		return nil, invalidResult(patched, err)
	}
	if obj.GetName() != c.name {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s) does not match the name on the URL (%s)", obj.GetName(), c.name))
	}
	return s.change(c, old, obj, dry)
}

// invalidResult is the answer when a patch makes something that is not an object of the kind: 422, and not the 400
// of a body that is wrong in itself.
func invalidResult(patched []byte, err error) error {
	return apierrors.NewInvalid(schema.GroupKind{}, "", field.ErrorList{
		field.Invalid(field.NewPath("patch"), string(patched), err.Error()),
	})
}

// patchJSON applies the patch, whose kind the Content-Type tells, to the JSON of an object.
func patchJSON(c *call, diff, current []byte, shape any) ([]byte, error) {
	media, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	switch types.PatchType(media) {
	case types.JSONPatchType:
		ops, err := jsonpatch.DecodePatch(diff)
		if err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		out, err := ops.Apply(current)
		if err != nil {
			return nil, unprocessable(err)
		}
		return out, nil
	case types.MergePatchType:
		if !json.Valid(diff) {
			return nil, apierrors.NewBadRequest("error decoding patch: it is not JSON")
		}
		out, err := jsonpatch.MergePatch(current, diff)
		if err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		return out, nil
	case types.StrategicMergePatchType:
		if c.res.custom {
			return nil, unsupported(c.r, "a custom resource takes no strategic merge patch")
		}
		out, err := strategicpatch.StrategicMergePatch(current, diff, shape)
		if err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		return out, nil
	}
	return nil, unsupported(c.r, "accepted media types include: application/json-patch+json, "+
		"application/merge-patch+json, application/strategic-merge-patch+json")
}

// unprocessable is the answer to a JSON patch that cannot be applied, a failed test above all: 422 and not 409.
func unprocessable(err error) error {
	return apierrors.NewGenericServerResponse(http.StatusUnprocessableEntity, "", schema.GroupResource{}, "", err.Error(), 0, false)
}
